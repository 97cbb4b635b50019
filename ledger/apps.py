from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from ledger.guards import BOOKS
from wallet.db import guards


class LedgerConfig(AppConfig):
    name = "ledger"
    verbose_name = _("Ledger")

    def ready(self) -> None:
        # A rail has a model, and models load only when all apps are ready.
        from ledger import rails

        guards.INSTALLED.append(BOOKS)
        # Fail at start if RAIL or one of its settings is wrong, not at the first deposit.
        rails.current().check()
        post_migrate.connect(open_floats, sender=self)


def open_floats(using: str, **_facts: Any) -> None:
    """Create each rail's float account after a migration."""
    # Models can't be imported before all apps are loaded.
    from wallet.operations import open_house_accounts

    if "wallet_account" in connections[using].introspection.table_names():
        open_house_accounts()
