"""Send what is ready, ask about what has no answer: any number of workers, each payment once.

A worker claims an attempt in a short transaction: it raises the fence, takes a lease, and makes it
SENDING before it calls. What it hears counts while the fence is still its own. A worker that died
or hangs loses the lease; then the payment is asked about, and sent again, under the same reference,
only when its rail says that it never saw it and pays a reference once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from ledger.models import Attempt, Pause, RailEvent
from ledger.models.attempts import State
from ledger.payouts import alarms, outcomes, schedule
from ledger.payouts.callbacks import LOOKUP
from ledger.payouts.outcomes import Heard
from ledger.rails import Answer, Instruction, Lookup, Outcome, recording
from wallet.db.retries import committed
from wallet.errors import Busy

logger = logging.getLogger(__name__)

# How old the look at the pauses may be when a request goes out.
LOOK_IS_FRESH_S = 0.5
HAS_SKIP_LOCKED = connection.features.has_select_for_update_skip_locked


class Claim(NamedTuple):
    """An attempt that is ours until its lease ends. `is_send`: it is to be sent; otherwise it is
    asked about. `is_resend`: an earlier request may still be on its way."""

    attempt: Attempt
    is_send: bool
    is_resend: bool

    @property
    def fence(self) -> int:
        return self.attempt.fence


class Withheld(Exception):
    """The request must not go out now: payouts are paused, or another worker has taken over."""


def never() -> bool:
    return False


def do_due(is_stopping: Callable[[], bool] = never) -> int:
    """Send and ask about all that is due; says how many. Claims nothing new once `is_stopping`.

    Raises an ExceptionGroup of what went wrong, once the others had their turn.
    """
    first = next_claim()
    if first is None:
        return 0
    failures: list[Exception] = []

    def drain(claimed: Claim | None) -> int:
        done = 0
        while claimed:
            try:
                handle(claimed)
            except Exception as failure:
                # Its lease runs out, and then it is asked about.
                failures.append(failure)
            done += 1
            claimed = None if is_stopping() else next_claim()
        return done

    if settings.PAYOUT_THREADS == 1:
        done = drain(first)
    else:
        done = drain_together(drain, first, settings.PAYOUT_THREADS)
    if failures:
        raise ExceptionGroup("payments could not be handled", failures)
    return done


def drain_together(drain: Callable[[Claim | None], int], first: Claim, threads: int) -> int:
    """The same in several threads, since most of the time is spent waiting for a rail."""

    def run(claimed: Claim | None) -> int:
        try:
            return drain(claimed or next_claim())
        finally:
            connection.close()

    with ThreadPoolExecutor(threads, "payouts") as pool:
        return sum(pool.map(run, [first, *[None] * (threads - 1)]))


# --- Claim


def next_claim() -> Claim | None:
    """The next claim; None also while the database is busy: there is another turn soon."""
    try:
        return claim()
    except Busy:
        return None


@committed
def claim(attempt_id: int | None = None) -> Claim | None:
    """Take the attempt that has been due longest and that no one else holds, if there is one.

    With an `attempt_id` only that one.
    """
    now = timezone.now()
    due = Attempt.objects.due(now).filter(~Q(state=State.READY) | may_send())
    if attempt_id is not None:
        due = due.filter(pk=attempt_id)
    locked = due.select_for_update(skip_locked=HAS_SKIP_LOCKED, of=("self",))
    attempt = locked.select_related("transaction").first()
    if attempt is None:
        return None
    is_send, is_resend = attempt.state == State.READY, attempt.sent_at is not None
    if is_send:
        attempt.state, attempt.sent_at = State.SENDING, attempt.sent_at or now
    attempt.fence += 1
    attempt.lease_until = now + timedelta(seconds=settings.PAYOUT_LEASE_S)
    attempt.next_look_at = attempt.lease_until
    attempt.save(update_fields=["state", "sent_at", "fence", "lease_until", "next_look_at"])
    return Claim(attempt, is_send, is_resend)


def may_send() -> Q:
    """Attempts that may go out now: deposits, and payouts that are neither paused nor of a wallet
    that is frozen, closed or on hold after an operator's help."""
    now = timezone.now()
    is_deposit = Q(transaction__to_account__isnull=False)
    holding = Pause.objects.holding(now)
    is_paused = Q(Exists(holding.filter(Q(rail="") | Q(rail=OuterRef("rail")))))
    # Money that goes back to its payer comes from no wallet.
    no_hold = Q(transaction__from_account__no_payouts_until__isnull=True)
    is_free = Q(transaction__from_account__isnull=True) | Q(
        no_hold | Q(transaction__from_account__no_payouts_until__lte=now),
        transaction__from_account__is_frozen=False,
        transaction__from_account__user__is_active=True,
    )
    return is_deposit | is_free & ~is_paused


# --- Call


def handle(claimed: Claim) -> None:
    """Make the call, outside any transaction, and write down what came of it."""
    attempt = claimed.attempt
    if never_went_out(claimed):
        give_back(claimed, is_unsent=True)
        return
    keeper = Keeper(claimed)
    try:
        with recording.to(keeper.keep):
            answer = send(claimed) if claimed.is_send else ask(attempt)
    except Withheld:
        if not keeper.has_sent:
            give_back(claimed, is_unsent=not claimed.is_resend)
            return
        answer = Answer(Outcome.UNKNOWN, code="withheld")
    except Exception as error:
        # Nothing is known of a call that broke off in the middle.
        logger.exception("the call of a rail failed", extra={"attempt": attempt.reference})
        answer = Answer(Outcome.UNKNOWN, code="error", words=type(error).__name__)
    if answer.lookup_id:
        keeper.answers.append(event_of(attempt, kind=LOOKUP, rail_id=answer.lookup_id[:64]))
    keeper.write_answers()
    heard = Heard(answer, claimed.fence, claimed.is_send, claimed.is_resend)
    finding = outcomes.take_in(attempt, heard)
    if finding.is_alarming:
        alarms.write_finding(attempt, "answer", finding, f"{answer.outcome} {answer.receipt}")


def never_went_out(claimed: Claim) -> bool:
    """Did the worker that was to send it die before it kept its request?

    A request is kept before it goes out, and only then does its worker look whether the claim is
    still its own. We raised the fence first. So a request that isn't kept by now never goes out.
    """
    attempt = claimed.attempt
    if claimed.is_send or attempt.state != State.SENDING:
        return False
    return not attempt.events.filter(is_callback=False, kind__endswith="-request").exists()


def send(claimed: Claim) -> Answer:
    attempt = claimed.attempt
    rail, record = attempt.took_rail, attempt.transaction
    asked = Instruction(attempt.reference, record.amount_cents, attempt.phone, record.description)
    check_may_go(claimed)
    return rail.disburse(asked) if attempt.is_payout else rail.collect(asked)


def ask(attempt: Attempt) -> Answer:
    asked = Lookup(attempt.reference, attempt.is_payout, attempt.rail_id, attempt.receipt or "")
    return attempt.took_rail.query(asked)


def check_may_go(claimed: Claim) -> None:
    """Right before a request goes out: is it still ours, and do payouts still go on?

    A process may be stopped between this look and the request, so a look that took long is made
    again. Raises Withheld.
    """
    for _look in range(3):
        began = time.monotonic()
        try:
            is_mine = Attempt.objects.filter(
                may_send(),
                pk=claimed.attempt.pk,
                fence=claimed.fence,
                state=State.SENDING,
                lease_until__gt=timezone.now(),
            ).exists()
        except DatabaseError as error:
            raise Withheld from error
        if not is_mine:
            break
        if time.monotonic() - began < LOOK_IS_FRESH_S:
            return
    raise Withheld


@committed
def give_back(claimed: Claim, *, is_unsent: bool) -> None:
    """Nothing went out this time: it is ready as before, and due in a moment, since what was in the
    way may still be. `is_unsent`: nothing went out before either."""
    mine: QuerySet[Attempt] = Attempt.objects.filter(
        pk=claimed.attempt.pk, fence=claimed.fence, state=State.SENDING
    )
    columns: dict[str, Any] = {"sent_at": None} if is_unsent else {}
    due_at = schedule.send_again_at(claimed.attempt, timezone.now())
    mine.update(state=State.READY, next_look_at=due_at, lease_until=None, **columns)


# --- Keep


class Keeper:
    """Keeps each request of a claim and each answer, and lets no payment request out that mustn't
    go."""

    def __init__(self, claimed: Claim) -> None:
        self.claimed = claimed
        self.has_sent = False
        self.answers: list[RailEvent] = []

    def keep(self, event: recording.Event) -> None:
        """Raises Withheld for a request that must not be sent, or that can't be kept now."""
        is_request = event.kind.endswith("-request")
        columns = {"status_code": event.status_code, "body": event.body}
        row = event_of(self.claimed.attempt, kind=event.kind[:40], **columns)
        if not is_request:
            # Written together, once the call is over.
            self.answers.append(row)
            return
        try:
            write_events([row])
        except Exception as error:
            raise Withheld from error
        if self.claimed.is_send:
            check_may_go(self.claimed)
            self.has_sent = True

    def write_answers(self) -> None:
        """An answer counts even when it can't be kept."""
        try:
            write_events(self.answers)
        except Exception:
            logger.exception("answers of a rail weren't kept")


def event_of(attempt: Attempt, *, kind: str, **columns: Any) -> RailEvent:
    return RailEvent(
        rail=attempt.rail, attempt=attempt, reference=attempt.reference, kind=kind, **columns
    )


@committed
def write_events(events: Sequence[RailEvent]) -> None:
    RailEvent.objects.bulk_create(events)
