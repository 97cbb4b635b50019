"""Member pages that show or move money."""

from ledger.views.activity import activity, receipt
from ledger.views.home import home
from ledger.views.moves import deposit, transfer, withdraw

__all__ = ["activity", "deposit", "home", "receipt", "transfer", "withdraw"]
