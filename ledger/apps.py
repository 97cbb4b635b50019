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
        # Rails have a model, and models are there only once all apps are.
        from ledger import rails

        guards.INSTALLED.append(BOOKS)
        # A wrong RAIL, or a wrong setting of it, ends the start and not the first deposit.
        rails.current().check()
        post_migrate.connect(open_floats, sender=self)


def open_floats(using: str, **_facts: Any) -> None:
    """Each rail's float gets its account when the database is migrated."""
    # Models are there only once all apps are.
    from wallet.operations import open_house_accounts

    if "wallet_account" in connections[using].introspection.table_names():
        open_house_accounts()
