from django.apps import AppConfig
from django.urls import register_converter
from django.utils.translation import gettext_lazy as _

from wallet.web.converters import IdConverter


class WalletConfig(AppConfig):
    name = "wallet"
    verbose_name = _("People and accounts")

    def ready(self) -> None:
        register_converter(IdConverter, "id")
