"""The admin site's titles."""

from django.contrib.admin import site
from django.utils.translation import gettext_lazy as _

__all__ = ["site"]

site.site_header = _("Nissmart operations")
site.site_title = _("Nissmart operations")
site.index_title = _("People, accounts and the ledger")
