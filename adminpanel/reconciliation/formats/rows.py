"""What every format makes of a file: facts about it, its lines, and the lines it can't read."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from wallet.money import format_money

# KES 1 billion: far above any payment, and sums of 90 million such lines still fit.
AMOUNT_AT_MOST_CENTS = 10**11


class Unreadable(Exception):
    """The file as a whole can't be read. The message says why, in a sentence for staff."""


class Rejected(Exception):
    """One line can't be read. The message says why, in a sentence for staff."""


@dataclass(slots=True)
class Row:
    """One line of a statement. `amount_cents` is above zero when money came in.

    `same` is what makes it the same fact in another file of the account, apart from its amount.
    Raises Rejected for an amount that no payment has, so that sums of lines always fit.
    """

    number: int
    at: datetime
    amount_cents: int
    same: tuple[str, ...]
    counts: bool = True
    receipt: str = ""
    kind: str = ""
    details: str = ""
    party: str = ""
    account_number: str = ""
    linked_receipt: str = ""
    balance_cents: int | None = None
    status: str = ""
    raw: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if abs(self.amount_cents) > AMOUNT_AT_MOST_CENTS:
            raise Rejected(
                _("The amount {amount} is too large. A line has at most {most}.").format(
                    amount=format_money(self.amount_cents), most=format_money(AMOUNT_AT_MOST_CENTS)
                )
            )


@dataclass(slots=True)
class RejectedLine:
    """A line that can't be imported, and why."""

    number: int
    why: str


@dataclass(slots=True)
class Column:
    """A column of the file, and what we take it for. Empty: we keep its text and don't use it."""

    name: str
    meaning: str = ""


@dataclass(slots=True)
class Facts:
    """What the file says about itself. A format fills it in while it reads the lines.

    `breaks` are balances of a bank's messages that don't follow from each other.
    """

    about: dict[str, str] = field(default_factory=dict)
    columns: list[Column] = field(default_factory=list)
    opening_cents: int | None = None
    closing_cents: int | None = None
    skipped: int = 0
    breaks: list[tuple[int, int, int]] = field(default_factory=list)


type Lines = Generator[Row | RejectedLine]


class Format(Protocol):
    """A way to write statements: one file of this package."""

    @property
    def code(self) -> str: ...

    @property
    def label(self) -> str | Promise: ...

    def fits(self, head: bytes) -> bool:
        """Could a file that begins with these bytes have this format?"""

    def read(self, file: BinaryIO, facts: Facts, options: Mapping[str, Any]) -> Lines:
        """The lines of the file, in its order. Fills in `facts`. Raises Unreadable."""
