"""Django admin for operators: people, their accounts and tokens."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from wallet.admin.accounts import AccountAdmin
from wallet.admin.people import StaffGroupAdmin, UserAdmin
from wallet.admin.tokens import ApiTokenAdmin

__all__ = ["AccountAdmin", "ApiTokenAdmin", "StaffGroupAdmin", "UserAdmin"]

admin.site.site_header = _("Nissmart operations")
admin.site.site_title = _("Nissmart operations")
admin.site.index_title = _("People, accounts and the ledger")
