"""The demo's payments that take a while: one in each state that a payment can be in.

They are on the simulated rail whatever the rail of new payments, so that they stay as they are: a
worker that asks about them hears nothing new. What exists already is left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Max

from adminpanel.incidents import findings
from ledger import operations
from ledger.kinds import DEPOSIT, WITHDRAWAL, Kind
from ledger.models import Attempt, Entry, Transaction
from ledger.payouts import alarms, keeping, leases, outcomes
from ledger.payouts import operations as payouts
from ledger.payouts.outcomes import Heard
from ledger.rails import Answer, Outcome
from ledger.rails.simulated import FAILS, FAILURE_CODE, SIMULATED, STAYS_UNKNOWN, rail_id
from nissmart.demo import members as demo
from wallet.context import Context
from wallet.errors import Refusal
from wallet.models import Account, User

People = dict[demo.Person, User]
WAMBUI, JOSEPH = demo.STAFF[:2]

REFUSAL = "You called us and asked not to pay this one out."


class Slow(operations.Order):
    """An order whose rail doesn't answer instantly, whatever the amount."""

    __slots__ = ()

    @property
    def is_instant(self) -> bool:
        return False


# --- What becomes of an order


def leave(attempt: Attempt, people: People) -> None:
    """It waits for the finance team."""


def wait(attempt: Attempt, people: People) -> None:
    """The rail took it, and won't say how it ended."""
    hear(attempt, Answer(Outcome.ACCEPTED))


def lose_sight(attempt: Attempt, people: People) -> None:
    hear(attempt, Answer(Outcome.UNKNOWN))


def pay(attempt: Attempt, people: People) -> None:
    hear(attempt, Answer(Outcome.SUCCEEDED, receipt=f"SIM-{attempt.reference}"))


def fail(attempt: Attempt, people: People) -> None:
    words = "This amount always fails."
    hear(attempt, Answer(Outcome.FAILED, code=FAILURE_CODE, words=words))


def fail_and_pay(attempt: Attempt, people: People) -> None:
    """The rail said that it failed, and later that it was paid: the money goes to suspense."""
    fail(attempt, people)
    attempt.refresh_from_db()
    late = Answer(Outcome.SUCCEEDED, receipt=f"SIM-{attempt.reference}")
    found = outcomes.take_in(attempt, Heard(late, amount_cents=attempt.transaction.amount_cents))
    alarms.write_finding(attempt, "late-answer", found, f"{late.outcome} {late.receipt}")


def cancel(attempt: Attempt, people: People) -> None:
    """Its member takes it back."""
    member_id = attempt.transaction.created_by_id
    payouts.cancel(Context(member_id), transaction_id=attempt.transaction_id)


def approve_once(attempt: Attempt, people: People) -> None:
    payouts.approve(
        Context(people[JOSEPH].pk), attempt_id=attempt.pk, fingerprint=attempt.fingerprint
    )


def refuse(attempt: Attempt, people: People) -> None:
    person = Context(people[WAMBUI].pk, reason=REFUSAL)
    payouts.refuse(person, attempt_id=attempt.pk, fingerprint=attempt.fingerprint)


def hear(attempt: Attempt, answer: Answer) -> None:
    """Send it as a worker does, and take in this answer of the rail.

    Settings may hold it for approval, or payouts may be paused: then it waits for that.
    """
    claimed = leases.claim(attempt.pk)
    if claimed is None:
        return
    sent, cents = claimed.attempt, attempt.transaction.amount_cents
    assert sent.sent_at
    keeping.write_events(
        [
            keeping.event_of(sent, kind="payment-request", body=f"{cents} cents"),
            keeping.event_of(
                sent, kind="payment-answer", body=str(answer.outcome), status_code=200
            ),
        ]
    )
    named = answer._replace(rail_id=rail_id(STAYS_UNKNOWN, sent.sent_at.timestamp()))
    outcomes.take_in(sent, Heard(named, claimed.fence, is_send=True))


# --- The payments


class Payment(NamedTuple):
    """An order this many minutes ago, and what becomes of it."""

    minutes_ago: int
    kind: Kind
    person: demo.Person
    amount_cents: int
    note: str
    end: Callable[[Attempt, People], None]


# Oldest first. One that ends gives money back now, so its member orders nothing after it.
PAYMENTS = (
    Payment(10, WITHDRAWAL, demo.AMINA, 1_800_00, "Groceries", pay),
    Payment(9, WITHDRAWAL, demo.CHEBET, STAYS_UNKNOWN, "Mum in Kisumu", lose_sight),
    Payment(8, WITHDRAWAL, demo.BRIAN, 3_200_00, "Market", wait),
    Payment(7, DEPOSIT, demo.BRIAN, FAILS, "Shop sales", fail),
    Payment(6, WITHDRAWAL, demo.BRIAN, 2_600_00, "School fees", cancel),
    Payment(6, WITHDRAWAL, demo.DANIEL, FAILS, "Fuel", fail),
    Payment(5, WITHDRAWAL, demo.HALIMA, 160_000_00, "Builder", approve_once),
    Payment(4, WITHDRAWAL, demo.HALIMA, 70_000_00, "Roof", refuse),
    Payment(3, WITHDRAWAL, demo.AMINA, 60_000_00, "Down payment", leave),
    Payment(2, DEPOSIT, demo.AMINA, 2_500_00, "Top-up", wait),
    Payment(1, DEPOSIT, demo.CHEBET, FAILS, "Boda takings", fail_and_pay),
)


def play(people: People, now: datetime) -> int:
    """Order each payment that isn't there yet. Returns how many transactions are new.

    Those that the site's limits or policy refuse are left out.
    """
    # As in the story: nothing before the entries that exist.
    floor = Entry.objects.aggregate(at=Max("created_at"))["at"] or now
    added = 0
    for number, payment in enumerate(PAYMENTS, start=1):
        user, key = people[payment.person], f"demo-payment-{number:02}"
        if not Transaction.objects.filter(created_by=user, idempotency_key=key).exists():
            at = min(max(now - timedelta(minutes=payment.minutes_ago), floor), now)
            with suppress(Refusal):
                make(payment, Context(user.pk, key=key), people, at)
                added += 1
    findings.open_for_findings()
    return added


def make(payment: Payment, context: Context, people: People, at: datetime) -> None:
    wallet_id = Account.objects.wallet_id(people[payment.person].pk)
    is_deposit = payment.kind is DEPOSIT
    order = Slow(
        payment.kind,
        payment.amount_cents,
        None if is_deposit else wallet_id,
        wallet_id if is_deposit else None,
        payment.note,
        rail_code=SIMULATED.code,
    )
    record = operations.perform(context, order, at=at)
    payment.end(Attempt.objects.select_related("transaction").get(transaction=record), people)
