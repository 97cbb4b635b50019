"""What every rail declares, and the contract of its four calls.

A call talks to the outer world, so it is never made inside a database transaction: the order is
committed first, then the call is made, and `operations.settle` or `operations.fail` writes down
what became of it. A rail reads and writes no row of the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from wallet.house import HouseAccount


class Outcome(StrEnum):
    """What a rail says about one payment. Only the last three end a question.

    After ACCEPTED, PENDING and UNKNOWN the money may still move, so the transaction stays
    PENDING: it is neither sent again under another reference nor given back. After NOT_TAKEN
    it stays PENDING too, until it has been sent.
    """

    NOT_TAKEN = "not_taken"  # nothing was started, and the same order may be sent again
    ACCEPTED = "accepted"  # the rail has taken the order, and will say later what became of it
    PENDING = "pending"  # asked again, the rail is still at work
    UNKNOWN = "unknown"  # no answer, or one that can't be read: it may have been carried out
    REJECTED = "rejected"  # the rail refused the order: nothing was started
    SUCCEEDED = "succeeded"  # the money has moved
    FAILED = "failed"  # it was tried, and the money has not moved

    @property
    def is_final(self) -> bool:
        return self in (Outcome.REJECTED, Outcome.SUCCEEDED, Outcome.FAILED)


class Alarm(StrEnum):
    """What the finance team must look at, whatever became of the payment itself."""

    NONE = ""
    LOOK = "look"  # the rail said something that we don't expect
    FLOAT = "float"  # the float is too low for payouts
    STOP = "stop"  # something is wrong on our side: send nothing until a person has looked


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
    its name for our order. `code` and `words` are its reason when it did not succeed: for staff,
    while `Rail.explain` has words for members. `lookup_id` is its name for a question that it
    answers later, by a callback with the same `lookup_id`."""

    outcome: Outcome
    receipt: str = ""
    rail_id: str = ""
    code: str = ""
    words: str = ""
    alarm: Alarm = Alarm.NONE
    lookup_id: str = ""


class Lookup(NamedTuple):
    """A payment to ask a rail about: our reference, and what the rail has said about it so far."""

    reference: str
    is_payout: bool
    rail_id: str = ""
    receipt: str = ""


class Callback(NamedTuple):
    """A message that a rail sent by itself.

    `reference` (ours), `answer.rail_id` or `answer.lookup_id` names the payment, as far as the
    message says. A payment that the payer started has none of them, but the `account_number`
    that they typed. `amount_cents` is None when the message doesn't say it. `balances` are in
    cents, by the rail's names of our accounts; such a message is about no payment.

    A rail may also put our reference into the address that a callback goes to (`?reference=`): it
    finds the payment when the answer that named the `rail_id` was lost.
    """

    answer: Answer
    reference: str = ""
    amount_cents: int | None = None
    account_number: str = ""
    payer: str = ""
    paid_at: datetime | None = None
    balances: Mapping[str, int] = MappingProxyType({})


class Rail:
    """One rail. Subclass it in its own file, and register one instance.

    `collect` asks for money to come in, `disburse` for money to go out. Both may be answered by
    any Outcome but PENDING. A call never raises for what the rail or the network does: what can't
    be understood is UNKNOWN. Each request and each answer goes to `recording.record`.
    """

    code: ClassVar[str]
    label: ClassVar[str | Promise]
    # What the house holds at this rail.
    float_account: ClassVar[HouseAccount]

    # The least and the most of one payment. None: what the house itself allows.
    lowest_cents: ClassVar[int] = 1
    highest_cents: ClassVar[int | None] = None
    takes_cents: ClassVar[bool] = True
    # Payments go to the phone of the member, or come from it.
    needs_phone: ClassVar[bool] = True
    # The same payout sent twice under one reference is paid once.
    pays_a_reference_once: ClassVar[bool] = False

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

    def query(self, lookup: Lookup) -> Answer:
        """Ask what became of a payment. NOT_TAKEN: the rail never saw it.

        PENDING with a `lookup_id`: the answer comes by callback.
        """
        raise NotImplementedError

    def ask_balance(self) -> Answer:
        """Ask what we hold at the rail; ACCEPTED when the answer comes by callback."""
        return Answer(Outcome.REJECTED)

    def parse_callback(self, kind: str, body: bytes) -> Callback | None:
        """Read a message of this kind; None when it is about no payment of ours.

        Raises ValueError when it can't be read, and nothing besides. What `redact` made of a body
        reads the same as the body.
        """
        raise NotImplementedError

    def redact(self, body: bytes) -> str:
        """A body of this rail as text to keep: without secrets and phone numbers."""
        return body.decode(errors="replace").replace("\0", "\ufffd")

    def explain(self, code: str, *, is_payout: bool) -> str | Promise:
        """Why a payment failed, in a sentence for its member; empty when there is none."""
        return ""

    def check(self) -> None:
        """Are the settings complete? Raises ImproperlyConfigured, which ends the start."""

    def look_after_s(self) -> Sequence[int]:
        """How many seconds after sending a payment without a final answer is asked about."""
        return (30, 60, 120, 300, 600, 1800)

    def is_from_rail(self, secret: str, ip_address: str) -> bool:
        """Does the address that a callback came to, and the one it came from, fit this rail?"""
        return False


INSIDE = _("Nissmart")


def name_of_outside(rail: Rail | None) -> str:
    """Who is on the side of a transaction that names no account: its rail, or the house."""
    return str(rail.label if rail else INSIDE)
