"""Ask rails for the receipts of payments that are too large to believe a message about.

A question changes nothing at the rail, so two workers may ask the same one. The answer comes as a
separate message.
"""

from __future__ import annotations

import time
from datetime import timedelta

from django.utils import timezone

from ledger import rails
from ledger.models import Arrival, RailEvent
from ledger.models.rail_events import Finding
from ledger.payouts import alarms, when_to_look
from ledger.payouts.callbacks import ASKED
from ledger.rails import Answer, Lookup, recording
from wallet.db.retries import committed
from wallet.failures import Failures
from wallet.stopping import IsStopping, never

ASKED_AT_MOST = 50
# Payments are sent by the same thread, so a rail that doesn't answer must not keep it.
TURN_S = 5
# By then the rail has been asked a few times, so people should know.
REPORTED_AFTER = timedelta(minutes=10)
# The payer's money may have come, so one that the schedule gives up is still asked about daily.
DAILY = timedelta(days=1)
GIVE_UP_AFTER = timedelta(days=30)


def ask_due(is_stopping: IsStopping = never) -> int:
    """Ask about each arrival that is due; says how many. Asks nothing new once `is_stopping`, or
    after TURN_S seconds: the rest is asked about in the next turn."""
    began = time.monotonic()
    asked, failures = 0, Failures("payments could not be asked about")
    for arrival in Arrival.objects.due(timezone.now())[:ASKED_AT_MOST]:
        if is_stopping() or time.monotonic() - began >= TURN_S:
            break
        with failures.of(f"receipt {arrival.receipt}"):
            asked += ask(arrival)
    failures.raise_all()
    return asked


def ask(arrival: Arrival) -> bool:
    """False if another worker was faster."""
    if not claim(arrival):
        return False
    kept: list[RailEvent] = []
    reference = arrival.attempt.reference if arrival.attempt else ""
    lookup = Lookup(reference, is_payout=False, receipt=arrival.receipt)
    with recording.to(lambda event: kept.append(to_row(arrival, event))):
        answer = rails.of(arrival.rail).query(lookup)
    if answer.lookup_id:
        row = event_of(arrival, ASKED, arrival.receipt, rail_id=answer.lookup_id[:64])
        kept.append(row)
    write(kept)
    report(arrival, answer)
    return True


@committed
def claim(arrival: Arrival) -> bool:
    """Take the turn to ask, by setting the next one. After GIVE_UP_AFTER there is none."""
    mine = Arrival.objects.waiting().filter(pk=arrival.pk, next_look_at=arrival.next_look_at)
    now = timezone.now()
    look_at = when_to_look.next_after(arrival.at, rails.of(arrival.rail), now)
    if look_at is None and now - arrival.at < GIVE_UP_AFTER:
        look_at = now + DAILY
    return bool(mine.update(next_look_at=look_at, looks=arrival.looks + 1))


def report(arrival: Arrival, answer: Answer) -> None:
    """Tell finance once of a payment that its rail hasn't confirmed for a while."""
    alarms.raise_alarm(arrival.rail, arrival.attempt, answer)
    reported = RailEvent.objects.filter(
        rail=arrival.rail, finding=Finding.NOT_CONFIRMED, rail_id=arrival.receipt
    )
    if timezone.now() - arrival.at >= REPORTED_AFTER and not reported.exists():
        row = event_of(arrival, "unconfirmed", str(arrival), rail_id=arrival.receipt)
        row.finding, row.handled_at = Finding.NOT_CONFIRMED, timezone.now()
        write([row])


def to_row(arrival: Arrival, event: recording.Event) -> RailEvent:
    return event_of(arrival, event.kind[:40], event.body, status_code=event.status_code)


def event_of(
    arrival: Arrival, kind: str, body: str, *, rail_id: str = "", status_code: int | None = None
) -> RailEvent:
    return RailEvent(
        rail=arrival.rail,
        attempt=arrival.attempt,
        reference=arrival.attempt.reference if arrival.attempt else "",
        kind=kind,
        body=body,
        rail_id=rail_id,
        status_code=status_code,
    )


@committed
def write(events: list[RailEvent]) -> None:
    RailEvent.objects.bulk_create(events)
