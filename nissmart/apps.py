"""`nissmart` as a Django app, for its commands; and our Django admin site."""

from django.apps import AppConfig, apps
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _

from nissmart import telemetry


class Nissmart(AppConfig):
    name = "nissmart"

    def ready(self) -> None:
        telemetry.start()


class OperatorsAdmin(AdminConfig):
    default_site = "nissmart.operators.OperatorsSite"

    def ready(self) -> None:
        super().ready()
        apps.get_app_config("auth").verbose_name = _("Staff groups")
