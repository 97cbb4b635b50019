"""Django admin for the ledger: the books are read-only, and a tariff or a rate is written as a
new one."""

from ledger.admin.books import EntryAdmin, TransactionAdmin
from ledger.admin.payments import AttemptAdmin, PauseAdmin, RailEventAdmin
from ledger.admin.rates import InterestRateAdmin
from ledger.admin.tariffs import TariffAdmin

__all__ = [
    "AttemptAdmin",
    "EntryAdmin",
    "InterestRateAdmin",
    "PauseAdmin",
    "RailEventAdmin",
    "TariffAdmin",
    "TransactionAdmin",
]
