"""Member pages that show or move money."""

from ledger.views.activity import activity, receipt
from ledger.views.home import home
from ledger.views.moves import page_of

__all__ = ["activity", "home", "page_of", "receipt"]
