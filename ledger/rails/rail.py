"""The base class of rails, and the contract of its four calls.

Never call a rail inside a database transaction: commit the order, call the rail, then record the
result with `operations.settle` or `operations.fail`. A rail doesn't touch the ledger's rows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from wallet.house import HouseAccount


class Outcome(StrEnum):
    """The state of one payment at a rail. Only the last three are final.

    After ACCEPTED, PENDING or UNKNOWN the money may still move, so our transaction stays PENDING.
    Never send it again under another reference, and never return the money. After NOT_TAKEN it
    stays PENDING too, until it's sent.
    """

    NOT_TAKEN = "not_taken"  # the rail started nothing, and we may send the same order again
    ACCEPTED = "accepted"  # the rail took the order and will report the result later
    PENDING = "pending"  # the answer to a query: the rail is still working on it
    UNKNOWN = "unknown"  # no answer or an unreadable one: the payment may have gone through
    REJECTED = "rejected"  # the rail refused the order and started nothing
    SUCCEEDED = "succeeded"  # the money has moved
    FAILED = "failed"  # the rail tried, and the money hasn't moved

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
    order. `code` and `words` are its reason for a failure, for staff; `Rail.explain` has a sentence
    for members. `lookup_id` is its id for a question that it answers later, by a callback with
    the same `lookup_id`. `charge_cents` is what it took from Nissmart for a payout, if it says so;
    not part of a member's payment."""

    outcome: Outcome
    receipt: str = ""
    rail_id: str = ""
    code: str = ""
    words: str = ""
    alarm: Alarm = Alarm.NONE
    lookup_id: str = ""
    charge_cents: int | None = None


class Lookup(NamedTuple):
    """A payment to ask a rail about: our reference, and what the rail has said about it so far."""

    reference: str
    is_payout: bool
    rail_id: str = ""
    receipt: str = ""


class Callback(NamedTuple):
    """A message that a rail sent us.

    `reference` (ours), `answer.rail_id` or `answer.lookup_id` identifies the payment, as far as
    the message says. `is_arrival`: it is about money into our account as such, by its receipt. That
    is all a payment has that its payer started, with the `account_number` they typed. `paybill` is
    the account at the rail that got the money, ours or another, as far as the message says.
    `amount_cents` is None if the message doesn't say it. `balances` are in cents, by the rail's
    names for our accounts; such a message isn't about a payment.

    A rail may also put our reference into the callback's URL (`?reference=`). It identifies the
    payment if we lost the answer with the `rail_id`.
    """

    answer: Answer
    reference: str = ""
    amount_cents: int | None = None
    account_number: str = ""
    payer: str = ""
    paid_at: datetime | None = None
    balances: Mapping[str, int] = MappingProxyType({})
    is_arrival: bool = False
    paybill: str = ""


class Setting(NamedTuple):
    """A setting of a rail, for operators. `value` is empty for a secret, which no page shows."""

    name: str
    is_set: bool
    is_secret: bool = False
    value: str = ""


class Rail(ABC):
    """One rail. Subclass it in a new file, and register one instance.

    `collect` requests money in, `disburse` sends money out. Both may return any Outcome except
    PENDING. A call never raises for an error of the rail or the network: it returns UNKNOWN.
    It passes each request and each answer to `recording.record`.
    """

    code: ClassVar[str]
    label: ClassVar[str | Promise]
    # The house account for the money at this rail.
    float_account: ClassVar[HouseAccount]

    # Its names for that account, among those whose balances it tells (`ask_balance`).
    float_names: ClassVar[Sequence[str]] = ()

    # The limits of one payment. None: only our own limit applies.
    lowest_cents: ClassVar[int] = 1
    highest_cents: ClassVar[int | None] = None
    takes_cents: ClassVar[bool] = True
    # Payments go to the phone of the member, or come from it.
    needs_phone: ClassVar[bool] = True
    # What it charges Nissmart for a payout, as (from, charge) in cents: data for
    # `manage.py load_tariff`, since a charge counts from the day of its tariff.
    published_charges: ClassVar[Sequence[tuple[int, int]]] = ()
    # The same payout sent twice under one reference is one payment, with one end.
    pays_a_reference_once: ClassVar[bool] = False

    # We can ask it for a payment by its receipt. Large deposits wait for that answer.
    confirms_receipts: ClassVar[bool] = False

    # True: no real money moves, and pages show these notes.
    is_simulated: ClassVar[bool] = False
    site_note: ClassVar[str | Promise] = ""
    ribbon: ClassVar[str | Promise] = ""
    receipt_note: ClassVar[str | Promise] = ""
    payout_note: ClassVar[str | Promise] = ""
    no_phone_note: ClassVar[str | Promise] = ""

    @property
    def name(self) -> str | Promise:
        """Its name on members' pages."""
        return self.label

    @property
    def paybill(self) -> str:
        """The number that members may pay to by themselves. Empty if the rail has none."""
        return ""

    def answers_instantly(self, amount_cents: int) -> bool:
        """True if a payment of this amount settles in the order's commit, without a call."""
        return False

    def takes(self, amount_cents: int) -> bool:
        """True if the rail can carry a payment of this amount."""
        is_whole = self.takes_cents or amount_cents % 100 == 0
        highest_cents = amount_cents if self.highest_cents is None else self.highest_cents
        return is_whole and self.lowest_cents <= amount_cents <= highest_cents

    @abstractmethod
    def collect(self, instruction: Instruction) -> Answer:
        """Ask the payer for the money."""

    @abstractmethod
    def disburse(self, instruction: Instruction) -> Answer:
        """Pay the money out."""

    @abstractmethod
    def query(self, lookup: Lookup) -> Answer:
        """Ask for the state of a payment. NOT_TAKEN: the rail never saw it.

        PENDING with a `lookup_id`: the answer comes by callback.
        """

    def ask_balance(self) -> Answer:
        """Ask what we hold at the rail. PENDING: the answer comes by callback."""
        return Answer(Outcome.REJECTED)

    def register_urls(self) -> Answer:
        """Have payments that members start themselves reported to us. SUCCEEDED also if they are
        already."""
        return Answer(Outcome.REJECTED)

    @abstractmethod
    def parse_callback(self, kind: str, body: bytes) -> Callback | None:
        """Parse a message of this kind. None if it isn't about one of our payments.

        Raises ValueError if it can't be parsed, and nothing else. It parses what `redact` made of
        a body like the body itself.
        """

    def acknowledge(self, kind: str, refusal: str = "") -> Mapping[str, object]:
        """What to answer to a message of this kind.

        `refusal` is why a payment must not be made that the message asks about: `account` if its
        account number is no member's, `other` for all besides.
        """
        return {"ResultCode": 0, "ResultDesc": "Accepted"}

    def redact(self, body: bytes) -> str:
        """A body of this rail as text to keep: without secrets and phone numbers."""
        return body.decode(errors="replace").replace("\0", "\ufffd")

    def explain(self, code: str, *, is_payout: bool) -> str | Promise:
        """Why a payment failed, in a sentence for its member; empty when there is none."""
        return ""

    def check(self) -> None:  # noqa: B027 (a rail without settings has nothing to check)
        """Are the settings complete? Raises ImproperlyConfigured, which ends the start."""

    def settings(self) -> Sequence[Setting]:
        """Its settings, as they are now."""
        return ()

    def password_expires_on(self) -> date | None:
        """The day on which its password stops working, if a setting says so."""
        return None

    def look_after_s(self) -> Sequence[int]:
        """How many seconds after sending a payment without a final answer is asked about."""
        return (30, 60, 120, 300, 600, 1800)

    def is_from_rail(self, secret: str, ip_address: str) -> bool:
        """Does the address that a callback came to, and the one it came from, fit this rail?"""
        return False


INSIDE = _("Nissmart")


def name_of_outside(rail: Rail | None) -> str:
    """The name of a side that has no account: the rail, or Nissmart itself."""
    return str(rail.label if rail else INSIDE)
