"""What a rail says by itself: keep it, find its payment, apply it.

A message is stored before anything is made of it. It is applied then, or by a worker later, as
often as it takes: what it does is done once.
"""

from __future__ import annotations

import logging
import re
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from ledger import rails
from ledger.models import Arrival, Attempt, RailEvent
from ledger.models.rail_events import Finding
from ledger.payouts import arrivals, outcomes
from ledger.payouts.arrivals import MATCHED_WITHIN, Booked
from ledger.payouts.outcomes import Heard
from ledger.rails import Answer, Callback, Outcome, Rail
from wallet.db.retries import committed
from wallet.errors import Busy
from wallet.failures import Failures

logger = logging.getLogger(__name__)

# A worker leaves fresh ones to the request that brought them.
LEFT_ALONE = timedelta(seconds=5)
# The kinds of the events that keep a question of ours: about a payment, and about a receipt.
LOOKUP, ASKED = "lookup", "receipt-lookup"
GIVE_UP_AFTER = timedelta(hours=24)
APPLIED_AT_MOST = 200
# Of a body that is too large.
KEPT_OF_TOO_MUCH = 2000
REFERENCE = re.compile(r"NSP-[0-9A-Z]{1,16}")


@committed
def store(
    rail: Rail,
    kind: str,
    body: bytes,
    *,
    ip_address: str = "",
    reference: str = "",
    finding: Finding | None = None,
) -> RailEvent:
    """Keep a message as it came, but for secrets and phone numbers.

    `reference` is what the address says that it came to. One with a `finding` is not applied.
    """
    if finding is not None:
        body = body[:KEPT_OF_TOO_MUCH]
    return RailEvent.objects.create(
        rail=rail.code,
        kind=kind[:40],
        reference=reference if REFERENCE.fullmatch(reference) else "",
        is_callback=True,
        body=rail.redact(body),
        ip_address=ip_address[:60],
        finding=finding,
        handled_at=timezone.now() if finding else None,
    )


def apply(event: RailEvent) -> Finding | None:
    """Do what a message says, once. None while it may still find its payment. Raises Busy."""
    rail = rails.of(event.rail)
    try:
        callback = rail.parse_callback(event.kind, event.body.encode())
    except ValueError:
        return finish(event, Finding.UNREADABLE)
    if callback is None or callback.balances:
        return finish(event, Finding.NOT_OURS)
    if callback.is_arrival:
        return finish_booked(event, arrivals.take_in(event, callback))
    if arrival := asked_about(event, callback):
        return finish_booked(event, arrivals.hear(arrival, callback, event.at))
    attempt = payment_of(event, callback)
    if attempt is None:
        return no_payment(event)
    if not is_vouched_for(attempt, callback.answer):
        return doubted(event, attempt, callback.answer)
    heard = Heard(
        callback.answer,
        amount_cents=callback.amount_cents,
        may_be_forged=not is_answer(attempt, callback.answer),
        asked_under=asked_under(attempt, callback.answer),
    )
    return finish(event, outcomes.take_in(attempt, heard), attempt)


def finish_booked(event: RailEvent, booked: Booked) -> Finding | None:
    return None if booked.finding is None else finish(event, booked.finding, booked.attempt)


def asked_about(event: RailEvent, callback: Callback) -> Arrival | None:
    """The arrival that we asked the rail to confirm, of its answer to that question."""
    if not callback.answer.lookup_id:
        return None
    asked = RailEvent.objects.filter(rail=event.rail, rail_id=callback.answer.lookup_id)
    receipt = asked.filter(kind=ASKED).values_list("body", flat=True).first()
    if receipt is None:
        return None
    found = Arrival.objects.filter(rail=event.rail, receipt=receipt)
    return found.select_related("attempt__transaction", "transaction").first()


def answered_arrival(event: RailEvent) -> Arrival | None:
    """The arrival that a stored message is the answer about, if it's one."""
    if not event.is_callback:
        return None
    try:
        callback = rails.of(event.rail).parse_callback(event.kind, event.body.encode())
    except ValueError:
        return None
    return asked_about(event, callback) if callback else None


def is_answer(attempt: Attempt, answer: Answer) -> bool:
    """Does this answer a question of ours? Its id is known to the rail and us only."""
    asked = attempt.events.filter(kind=LOOKUP, rail_id=answer.lookup_id, is_callback=False)
    return bool(answer.lookup_id) and asked.exists()


def named(fence: int) -> str:
    """What is kept of a question besides its id: the claim under which it was asked."""
    return f"claim {fence}"


def asked_under(attempt: Attempt, answer: Answer) -> int | None:
    """The attempt's fence, if this answers a question that was asked under it."""
    if not answer.lookup_id:
        return None
    asked = attempt.events.filter(kind=LOOKUP, rail_id=answer.lookup_id, is_callback=False)
    return attempt.fence if asked.filter(body=named(attempt.fence)).exists() else None


def payment_of(event: RailEvent, callback: Callback) -> Attempt | None:
    """The attempt that a message is about. None also when what it says is about two of them."""
    answer = callback.answer
    attempts = Attempt.objects.filter(rail=event.rail).select_related("transaction")
    names = {event.reference, callback.reference} - {""}
    if names:
        return attempts.filter(reference=names.pop()).first() if len(names) == 1 else None
    if answer.lookup_id:
        asked = RailEvent.objects.filter(
            kind=LOOKUP, rail=event.rail, rail_id=answer.lookup_id, is_callback=False
        )
        return attempts.filter(pk__in=asked.values("attempt")).first()
    return attempts.filter(rail_id=answer.rail_id).first() if answer.rail_id else None


def is_vouched_for(attempt: Attempt, answer: Answer) -> bool:
    """Does a message about an open payment have an id that only the rail and we know?

    The callback URL may leak, and our reference with it. If the rail's answer with its id was lost,
    a payout's failure has to be vouched for all the same, since it gives money back, and a payout
    can be asked about by our reference. A collection can't: its message is believed.
    """
    if attempt.has_ended:
        return True
    if answer.lookup_id:
        return is_answer(attempt, answer)
    if attempt.rail_id:
        return answer.rail_id == attempt.rail_id
    return answer.outcome != Outcome.FAILED if attempt.is_payout else bool(answer.rail_id)


def doubted(event: RailEvent, attempt: Attempt, answer: Answer) -> Finding | None:
    """Have the rail asked instead. None while a worker waits for an answer: the id may be in it."""
    if attempt.is_held_by_a_worker and timezone.now() - event.at < MATCHED_WITHIN:
        return None
    return finish(event, outcomes.doubt(attempt, answer), attempt)


def no_payment(event: RailEvent) -> Finding | None:
    """It may have come before the answer with the id by which it names its payment."""
    if timezone.now() - event.at < MATCHED_WITHIN:
        return None
    return finish(event, Finding.UNMATCHED)


@committed
def finish(event: RailEvent, finding: Finding, attempt: Attempt | None = None) -> Finding:
    """Write down what it turned out to mean. The first to do so is right: a later one found
    what the first had done."""
    waiting = RailEvent.objects.filter(pk=event.pk, handled_at__isnull=True)
    about = {} if attempt is None else {"attempt": attempt}
    waiting.update(finding=finding, handled_at=timezone.now(), **about)
    return finding


def apply_waiting() -> int:
    """Apply what was stored and not applied: after a crash, while the database was busy, or when
    it came before its payment was known. For the background worker; says how many."""
    now = timezone.now()
    waiting = RailEvent.objects.filter(is_callback=True, handled_at__isnull=True)
    # A machine whose clock was ahead stored the last of these.
    due = Q(at__lte=now - LEFT_ALONE) | Q(at__gt=now + LEFT_ALONE)
    applied, failures = 0, Failures("callbacks could not be applied")
    for event in waiting.filter(due).order_by("pk")[:APPLIED_AT_MOST]:
        with failures.of(f"rail event {event.pk}"):
            try:
                applied += apply(event) is not None
            except Busy:
                continue
            except Exception:
                if now - event.at >= GIVE_UP_AFTER:
                    finish(event, Finding.GAVE_UP)
                raise
    failures.raise_all()
    return applied
