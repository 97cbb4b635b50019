"""Keep each request of a worker before it goes out, and each answer: many in one commit."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import DatabaseError
from django.utils import timezone

from ledger.models import Attempt, RailEvent
from ledger.payouts import leases, when_to_look
from ledger.payouts.leases import Lease, Permission
from ledger.payouts.outcomes import Heard
from ledger.payouts.together import Together
from ledger.rails import Outcome, recording
from wallet.db import pipeline
from wallet.db.pipeline import Statement
from wallet.db.retries import committed

logger = logging.getLogger(__name__)

LOOKS_AT_MOST = 3
SENT = """
    UPDATE ledger_attempt
    SET state = 'SENT', next_look_at = %s, lease_until = NULL,
        rail_id = CASE rail_id WHEN '' THEN %s ELSE rail_id END
    WHERE id = %s AND fence = %s AND state IN ('SENDING', 'SENT', 'UNKNOWN')"""


class Withheld(Exception):
    """The request must not go out now: payouts are paused, or another worker has taken over."""


class Request(NamedTuple):
    claimed: Lease
    row: RailEvent


class Report(NamedTuple):
    """The answers of a call as they came, and what was heard in them."""

    rows: Sequence[RailEvent]
    attempt: Attempt
    heard: Heard


class Keeper:
    """Keeps each request and answer of a lease, and lets no payment request out that mustn't go."""

    def __init__(self, claimed: Lease) -> None:
        self.claimed = claimed
        self.has_sent = False
        self.answers: list[RailEvent] = []

    def keep(self, event: recording.Event) -> None:
        """Raises Withheld for a request that must not be sent, or that can't be kept now."""
        columns = {"status_code": event.status_code, "body": event.body}
        row = event_of(self.claimed.attempt, kind=event.kind[:40], **columns)
        if not event.kind.endswith("-request"):
            # Written together, once the call is over.
            self.answers.append(row)
            return
        try:
            permission = keep_request(Request(self.claimed, row))
        except Exception as error:
            raise Withheld from error
        if self.claimed.is_send:
            self.check(permission)
            self.has_sent = True

    def check(self, permission: Permission) -> None:
        """This process may have been stopped since the look, so one that is old is made again."""
        for _look in range(LOOKS_AT_MOST - 1):
            if permission.is_given and not permission.is_fresh:
                [permission] = look([self.claimed])
        if not permission.is_given or not permission.is_fresh:
            raise Withheld

    def write_answers(self, heard: Heard) -> bool:
        """True if all that there is to do about what was heard is done. An answer counts even when
        it can't be kept."""
        try:
            return write_report(Report(self.answers, self.claimed.attempt, heard))
        except Exception:
            logger.exception("answers of a rail weren't kept")
            return False


def keep_requests(requests: Sequence[Request]) -> list[Permission]:
    """Commit these requests, and only then look which of them may go out."""
    write_events([request.row for request in requests])
    return look([request.claimed for request in requests])


def look(held: Sequence[Lease]) -> list[Permission]:
    try:
        return leases.look(held)
    except DatabaseError:
        logger.exception("can't look whether requests may go out")
        return [leases.REFUSED] * len(held)


@committed
def write_reports(reports: Sequence[Report]) -> list[bool]:
    """Keep all answers, and take in those that only say that a payment was taken."""
    RailEvent.objects.bulk_create([row for report in reports for row in report.rows])
    notes = [to_statement(report) for report in reports]
    pipeline.send(*filter(None, notes))
    return [note is not None for note in notes]


def to_statement(report: Report) -> Statement | None:
    """Of an order that its rail took and will report on, what `outcomes.note` writes. None of all
    that says more."""
    attempt, heard = report.attempt, report.heard
    is_taken = heard.answer.outcome == Outcome.ACCEPTED and not heard.answer.alarm
    look_at = when_to_look.next_look_at(attempt, timezone.now())
    if not heard.is_send or not is_taken or look_at is None:
        return None
    return Statement(SENT, (look_at, heard.answer.rail_id[:64], attempt.pk, heard.fence))


# Of all threads of this process.
keep_request = Together(keep_requests)
write_report = Together(write_reports)


def event_of(attempt: Attempt, *, kind: str, **columns: Any) -> RailEvent:
    return RailEvent(
        rail=attempt.rail, attempt=attempt, reference=attempt.reference, kind=kind, **columns
    )


@committed
def write_events(events: Sequence[RailEvent]) -> None:
    RailEvent.objects.bulk_create(events)
