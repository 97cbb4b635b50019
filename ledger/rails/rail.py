"""The base class of rails, and the contract of its four calls.

Never call a rail inside a database transaction: commit the order, call the rail, then record the
result with `operations.settle` or `operations.fail`. A rail doesn't touch our database.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from wallet.house import HouseAccount


class Outcome(StrEnum):
    """The state of one payment at a rail. Only the last three are final.

    After ACCEPTED, PENDING or UNKNOWN the money may still move, so our transaction stays PENDING.
    Never send it again under another reference, and never return the money.
    """

    ACCEPTED = "accepted"  # the rail took the order and will report the result later
    PENDING = "pending"  # the answer to a query: the rail is still working on it
    UNKNOWN = "unknown"  # no answer or an unreadable one: the payment may have gone through
    REJECTED = "rejected"  # the rail refused the order and started nothing
    SUCCEEDED = "succeeded"  # the money has moved
    FAILED = "failed"  # the rail tried, and the money hasn't moved

    @property
    def is_final(self) -> bool:
        return self in (Outcome.REJECTED, Outcome.SUCCEEDED, Outcome.FAILED)


class Instruction(NamedTuple):
    """One payment for a rail to make.

    `reference` is ours. It's unique and committed before the call, so we can query the payment
    later whatever happens. `phone` is the member's number in E.164.
    """

    reference: str
    amount_cents: int
    phone: str = ""
    description: str = ""


class Answer(NamedTuple):
    """A rail's answer. `receipt` is its number for a successful payment, `rail_id` its id for our
    order. `code` and `words` are its reason for a failure."""

    outcome: Outcome
    receipt: str = ""
    rail_id: str = ""
    code: str = ""
    words: str = ""


class Callback(NamedTuple):
    """A message that a rail sent us. `reference` or `answer.rail_id` identifies the payment."""

    answer: Answer
    reference: str = ""
    amount_cents: int | None = None


class Rail:
    """One rail. Subclass it in a new file, and register one instance.

    `collect` requests money in, `disburse` sends money out. Both may return any Outcome except
    PENDING. A call never raises for an error of the rail or the network: it returns UNKNOWN.
    """

    code: ClassVar[str]
    label: ClassVar[str | Promise]
    # The house account for the money at this rail.
    float_account: ClassVar[HouseAccount]

    # The limits of one payment. None: only our own limit applies.
    lowest_cents: ClassVar[int] = 1
    highest_cents: ClassVar[int | None] = None
    takes_cents: ClassVar[bool] = True

    # True: no real money moves, and pages show these notes.
    is_simulated: ClassVar[bool] = False
    site_note: ClassVar[str | Promise] = ""
    ribbon: ClassVar[str | Promise] = ""
    receipt_note: ClassVar[str | Promise] = ""
    payout_note: ClassVar[str | Promise] = ""
    no_phone_note: ClassVar[str | Promise] = ""

    def answers_instantly(self, amount_cents: int) -> bool:
        """True if a payment of this amount settles in the order's commit, without a call."""
        return False

    def takes(self, amount_cents: int) -> bool:
        """True if the rail can carry a payment of this amount."""
        is_whole = self.takes_cents or amount_cents % 100 == 0
        highest_cents = amount_cents if self.highest_cents is None else self.highest_cents
        return is_whole and self.lowest_cents <= amount_cents <= highest_cents

    def collect(self, instruction: Instruction) -> Answer:
        """Ask the payer for the money."""
        raise NotImplementedError

    def disburse(self, instruction: Instruction) -> Answer:
        """Pay the money out."""
        raise NotImplementedError

    def query(self, reference: str) -> Answer:
        """Ask for the state of the payment with our `reference`."""
        raise NotImplementedError

    def parse_callback(self, kind: str, body: bytes) -> Callback | None:
        """Parse a message of this kind. None if it isn't about one of our payments.

        Raises ValueError if it can't be parsed.
        """
        raise NotImplementedError


INSIDE = _("Nissmart")


def name_of_outside(rail: Rail | None) -> str:
    """The name of a side that has no account: the rail, or Nissmart itself."""
    return str(rail.label if rail else INSIDE)
