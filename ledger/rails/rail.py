"""What every rail declares, and the contract of its four calls.

A call talks to the outer world, so it is never made inside a database transaction: the order is
committed first, then the call is made, and `operations.settle` or `operations.fail` writes down
what became of it. A rail reads and writes no row of ours.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from wallet.house import HouseAccount


class Outcome(StrEnum):
    """What a rail says about one payment. Only the last three end a question.

    After ACCEPTED, PENDING and UNKNOWN the money may still move, so the transaction stays
    PENDING: it is neither sent again under another reference nor given back.
    """

    ACCEPTED = "accepted"  # the rail has taken the order, and will say later what became of it
    PENDING = "pending"  # asked again, the rail is still at work
    UNKNOWN = "unknown"  # no answer, or one that can't be read: it may have been carried out
    REJECTED = "rejected"  # the rail refused the order: nothing was started
    SUCCEEDED = "succeeded"  # the money has moved
    FAILED = "failed"  # it was tried, and the money has not moved

    @property
    def is_final(self) -> bool:
        return self in (Outcome.REJECTED, Outcome.SUCCEEDED, Outcome.FAILED)


class Instruction(NamedTuple):
    """One payment to ask a rail for.

    `reference` is ours: unique, and committed before the call, so that the same payment can be
    asked about afterwards whatever happens. `phone` is the member's, in E.164.
    """

    reference: str
    amount_cents: int
    phone: str = ""
    description: str = ""


class Answer(NamedTuple):
    """What a rail said. `receipt` is its own number of a payment that succeeded, and `rail_id`
    its name for our order. `code` and `words` are its reason when it did not succeed."""

    outcome: Outcome
    receipt: str = ""
    rail_id: str = ""
    code: str = ""
    words: str = ""


class Callback(NamedTuple):
    """A message that a rail sent by itself. One of `reference` and `rail_id` names the payment."""

    answer: Answer
    reference: str = ""
    amount_cents: int | None = None


class Rail:
    """One rail. Subclass it in a file of its own, and register one instance.

    `collect` asks for money to come in, `disburse` for money to go out. Both may be answered by
    any Outcome but PENDING. A call never raises for what the rail or the network does: what can't
    be understood is UNKNOWN.
    """

    code: ClassVar[str]
    label: ClassVar[str | Promise]
    # What the house holds at this rail.
    float_account: ClassVar[HouseAccount]

    # The least and the most of one payment. None: what the house itself allows.
    lowest_cents: ClassVar[int] = 1
    highest_cents: ClassVar[int | None] = None
    takes_cents: ClassVar[bool] = True

    # No real money moves. Pages then say so, in these words.
    is_simulated: ClassVar[bool] = False
    site_note: ClassVar[str | Promise] = ""
    ribbon: ClassVar[str | Promise] = ""
    receipt_note: ClassVar[str | Promise] = ""
    payout_note: ClassVar[str | Promise] = ""
    no_phone_note: ClassVar[str | Promise] = ""

    def answers_instantly(self, amount_cents: int) -> bool:
        """Is a payment of this amount carried out in the moment it is ordered?

        Then nothing is called: the order and its settlement are one commit.
        """
        return False

    def takes(self, amount_cents: int) -> bool:
        """Can a payment of this amount go over the rail at all?"""
        is_whole = self.takes_cents or amount_cents % 100 == 0
        highest_cents = amount_cents if self.highest_cents is None else self.highest_cents
        return is_whole and self.lowest_cents <= amount_cents <= highest_cents

    def collect(self, instruction: Instruction) -> Answer:
        """Ask the payer's side for the money."""
        raise NotImplementedError

    def disburse(self, instruction: Instruction) -> Answer:
        """Pay the money out."""
        raise NotImplementedError

    def query(self, reference: str) -> Answer:
        """Ask what became of the payment that has this reference of ours."""
        raise NotImplementedError

    def parse_callback(self, kind: str, body: bytes) -> Callback | None:
        """Read a message of this kind; None when it is about no payment of ours.

        Raises ValueError when it can't be read.
        """
        raise NotImplementedError


INSIDE = _("Nissmart")


def name_of_outside(rail: Rail | None) -> str:
    """Who is on the side of a transaction that names no account: its rail, or the house."""
    return str(rail.label if rail else INSIDE)
