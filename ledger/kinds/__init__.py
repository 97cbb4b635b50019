"""Kinds of transaction: what each is, writes, allows and is called. One file each.

Nothing about a kind stands anywhere else: pages, the API, the checks and the statements ask it.
"""

from ledger.kinds.deposit import DEPOSIT
from ledger.kinds.kind import Kind, News, Page, Seen
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
    "News",
    "Page",
    "Place",
    "Seen",
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
