"""Close days and months, reopen them, and compute the hashes that prove them. `docs/closing.md`."""

from ledger.closing.links import Signature
from ledger.closing.operations import close_day, close_month, reopen

__all__ = ["Signature", "close_day", "close_month", "reopen"]
