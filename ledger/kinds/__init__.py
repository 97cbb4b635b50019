"""Kinds of transaction, one file each: the entries, flags and words of each kind.

Pages, the API, the checks and the SQL ask the kind. The rules are in `ledger/operations/rules.py`
and read its flags. A kind that members order also has a URL in `ledger/urls.py` and an endpoint in
`ledger/api/endpoints.py`.
"""

from ledger.kinds.adjustment import ADJUSTMENT
from ledger.kinds.assignment import ASSIGNMENT
from ledger.kinds.charge import CHARGE
from ledger.kinds.deposit import DEPOSIT
from ledger.kinds.interest import INTEREST, TAX
from ledger.kinds.kind import Kind, MemberView, News, Page, Resolves
from ledger.kinds.partial import PARTIAL
from ledger.kinds.registry import choices, codes, every, of, register, registered
from ledger.kinds.returning import RETURN
from ledger.kinds.reversal import REVERSAL
from ledger.kinds.saving import MOVE, SAVE, TAKE
from ledger.kinds.shapes import Measure, Place, Shape, Side, into, out_of
from ledger.kinds.suspense import STRAY_IN, STRAY_OUT
from ledger.kinds.transfer import TRANSFER
from ledger.kinds.withdrawal import WITHDRAWAL

__all__ = [
    "ADJUSTMENT",
    "ASSIGNMENT",
    "CHARGE",
    "DEPOSIT",
    "INTEREST",
    "MOVE",
    "PARTIAL",
    "RETURN",
    "REVERSAL",
    "SAVE",
    "STRAY_IN",
    "STRAY_OUT",
    "TAKE",
    "TAX",
    "TRANSFER",
    "WITHDRAWAL",
    "Kind",
    "Measure",
    "MemberView",
    "News",
    "Page",
    "Place",
    "Resolves",
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
