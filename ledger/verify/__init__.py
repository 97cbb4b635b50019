"""Are the books right? Recomputed from the rows; shares no code with the operations."""

from ledger.verify.check import Check, Violation, size
from ledger.verify.checks import CHECKS, named

__all__ = ["CHECKS", "Check", "Violation", "named", "size"]
