"""Check the books by recomputing them from the rows. Shares no code with the operations."""

from ledger.verify.check import Check, Violation, size
from ledger.verify.checks import CHECKS, by_name

__all__ = ["CHECKS", "Check", "Violation", "by_name", "size"]
