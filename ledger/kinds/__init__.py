"""Kinds of transaction, one file each: the entries, rules and words of each kind.

No other code knows a particular kind. Pages, the API, the checks and the SQL all ask the kind.
"""

from ledger.kinds.deposit import DEPOSIT
from ledger.kinds.kind import Kind, MemberView, News, Page
from ledger.kinds.registry import choices, codes, every, of, register, registered
from ledger.kinds.reversal import REVERSAL
from ledger.kinds.shapes import Place, Shape, Side, into, out_of
from ledger.kinds.suspense import STRAY_IN, STRAY_OUT
from ledger.kinds.transfer import TRANSFER
from ledger.kinds.withdrawal import WITHDRAWAL

__all__ = [
    "DEPOSIT",
    "REVERSAL",
    "STRAY_IN",
    "STRAY_OUT",
    "TRANSFER",
    "WITHDRAWAL",
    "Kind",
    "MemberView",
    "News",
    "Page",
    "Place",
    "Shape",
    "Side",
    "choices",
    "codes",
    "every",
    "into",
    "of",
    "out_of",
    "register",
    "registered",
]
