from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from ledger.guards import BOOKS
from wallet.db import guards


class LedgerConfig(AppConfig):
    name = "ledger"
    verbose_name = _("Ledger")

    def ready(self) -> None:
        guards.INSTALLED.append(BOOKS)
