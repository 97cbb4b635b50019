"""Django admin for the ledger: the books are read-only, and a tariff is written as a new one."""

from ledger.admin.books import EntryAdmin, TransactionAdmin
from ledger.admin.payments import AttemptAdmin, PauseAdmin, RailEventAdmin
from ledger.admin.tariffs import TariffAdmin

__all__ = [
    "AttemptAdmin",
    "EntryAdmin",
    "PauseAdmin",
    "RailEventAdmin",
    "TariffAdmin",
    "TransactionAdmin",
]
