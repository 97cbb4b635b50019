"""Rails, one file each: how money comes into Nissmart and leaves it.

A rail's file holds its name, float account, limits and words; no other code knows a particular
rail. `Transaction.rail` stores the code of the rail that a transaction used.
"""

from ledger.rails.rail import Alarm, Answer, Callback, Instruction, Lookup, Outcome, Rail, Setting
from ledger.rails.registry import current, every, of, register, registered

__all__ = [
    "Alarm",
    "Answer",
    "Callback",
    "Instruction",
    "Lookup",
    "Outcome",
    "Rail",
    "Setting",
    "current",
    "every",
    "of",
    "register",
    "registered",
]
