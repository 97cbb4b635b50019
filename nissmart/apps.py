"""Django's own apps as operators meet them: what they are called and where they stand."""

from django.apps import apps
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class OperatorsAdmin(AdminConfig):
    default_site = "nissmart.operators.OperatorsSite"

    def ready(self) -> None:
        super().ready()
        apps.get_app_config("auth").verbose_name = _("Groups of staff")
