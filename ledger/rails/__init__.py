"""Rails: how money comes into Nissmart and leaves it. One file each.

Nothing about a rail stands anywhere else: not its name, its float, its limits or its words.
`Transaction.rail` keeps the code of the rail that a transaction took.
"""

from ledger.rails.rail import Alarm, Answer, Callback, Instruction, Lookup, Outcome, Rail
from ledger.rails.registry import current, every, of, register, registered

__all__ = [
    "Alarm",
    "Answer",
    "Callback",
    "Instruction",
    "Lookup",
    "Outcome",
    "Rail",
    "current",
    "every",
    "of",
    "register",
    "registered",
]
