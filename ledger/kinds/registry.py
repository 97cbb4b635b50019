"""The list of kinds. Import and register a new kind here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ledger.kinds.adjustment import ADJUSTMENT
from ledger.kinds.assignment import ASSIGNMENT
from ledger.kinds.charge import CHARGE
from ledger.kinds.deposit import DEPOSIT
from ledger.kinds.interest import INTEREST, TAX
from ledger.kinds.kind import Kind, Words
from ledger.kinds.partial import PARTIAL
from ledger.kinds.returning import RETURN
from ledger.kinds.reversal import REVERSAL
from ledger.kinds.saving import MOVE, SAVE, TAKE
from ledger.kinds.suspense import STRAY_IN, STRAY_OUT
from ledger.kinds.transfer import TRANSFER
from ledger.kinds.withdrawal import WITHDRAWAL

# By code, in the order that lists show them.
KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    assert kind.code not in KINDS
    KINDS[kind.code] = kind


@contextmanager
def registered(kind: Kind) -> Iterator[Kind]:
    """Register the kind for the length of the block."""
    register(kind)
    try:
        yield kind
    finally:
        del KINDS[kind.code]


def every() -> list[Kind]:
    return list(KINDS.values())


def of(code: str) -> Kind:
    """The kind with this code, as stored in `Transaction.type`. Raises KeyError."""
    return KINDS[code]


def codes() -> list[str]:
    return list(KINDS)


def choices() -> list[tuple[str, Words]]:
    """(code, label) of each kind. Fields get the function, so migrations don't list kinds."""
    return [(kind.code, kind.label) for kind in KINDS.values()]


for each in (
    *(DEPOSIT, TRANSFER, WITHDRAWAL, REVERSAL, PARTIAL, SAVE, TAKE, MOVE),
    *(STRAY_IN, STRAY_OUT, CHARGE, ASSIGNMENT, RETURN, ADJUSTMENT),
    *(INTEREST, TAX),
):
    register(each)
