"""Which attempts a worker holds: claim them, look whether one is still ours, give it back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from ledger.models import Attempt, Pause
from ledger.models.attempts import State
from ledger.payouts import when_to_look
from ledger.payouts.together import Together
from wallet.db import pipeline
from wallet.db.pipeline import Statement
from wallet.db.retries import committed
from wallet.errors import Busy

# How old the look at the pauses may be when a request goes out.
LOOK_IS_FRESH_S = 0.5
TAKE = """
    UPDATE ledger_attempt
    SET state = %s, sent_at = %s, fence = %s, lease_until = %s, next_look_at = %s
    WHERE id = %s"""
HAS_SKIP_LOCKED = connection.features.has_select_for_update_skip_locked


class Lease(NamedTuple):
    """An attempt that is ours until its lease ends. `is_send`: it is to be sent; otherwise it is
    asked about. `is_resend`: an earlier request may still be on its way."""

    attempt: Attempt
    is_send: bool
    is_resend: bool

    @property
    def fence(self) -> int:
        return self.attempt.fence


# --- Take


def claim_at_most(count: int) -> list[Lease]:
    """None also while the database is busy: there is another turn soon."""
    # A read first, because a claim takes SQLite's only write lock.
    if not due(timezone.now()).exists():
        return []
    try:
        return claim_due(count)
    except Busy:
        return []


def claim_for_each(threads: Sequence[None]) -> list[Lease | None]:
    """A lease for each thread that waits for one, as far as there are so many."""
    held = claim_at_most(len(threads))
    return [*held, *[None] * (len(threads) - len(held))]


next_lease = Together(claim_for_each)


def claim(attempt_id: int | None = None) -> Lease | None:
    """Take this attempt, or the one that has been due longest, if no one else holds it."""
    return next(iter(claim_due(1, attempt_id)), None)


@committed
def claim_due(at_most: int, attempt_id: int | None = None) -> list[Lease]:
    """Take the attempts that have been due longest and that no one else holds.

    With an `attempt_id` only that one.
    """
    now = timezone.now()
    waiting = due(now)
    if attempt_id is not None:
        waiting = waiting.filter(pk=attempt_id)
    locked = waiting.select_for_update(skip_locked=HAS_SKIP_LOCKED, of=("self",))
    attempts = list(locked.select_related("transaction")[:at_most])
    if not attempts:
        return []
    held = [take(attempt, now) for attempt in attempts]
    pipeline.send(*[to_statement(attempt) for attempt in attempts])
    return held


def due(now: datetime) -> QuerySet[Attempt]:
    """What a worker has to do now: send what may go out, and ask about the rest."""
    return Attempt.objects.due(now).filter(~Q(state=State.READY) | may_send())


def take(attempt: Attempt, now: datetime) -> Lease:
    is_send, is_resend = attempt.state == State.READY, attempt.sent_at is not None
    if is_send:
        attempt.state, attempt.sent_at = State.SENDING, attempt.sent_at or now
    attempt.fence += 1
    attempt.lease_until = now + timedelta(seconds=settings.PAYOUT_LEASE_S)
    attempt.next_look_at = attempt.lease_until
    return Lease(attempt, is_send, is_resend)


def to_statement(attempt: Attempt) -> Statement:
    columns = (attempt.state, attempt.sent_at, attempt.fence, attempt.lease_until)
    return Statement(TAKE, (*columns, attempt.next_look_at, attempt.pk))


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


# --- Hold


class Permission(NamedTuple):
    """May a request go out? `looked_at` is when the look began (`time.monotonic`)."""

    is_given: bool
    looked_at: float

    @property
    def is_fresh(self) -> bool:
        return time.monotonic() - self.looked_at < LOOK_IS_FRESH_S


REFUSED = Permission(is_given=False, looked_at=0)


def look(held: Sequence[Lease]) -> list[Permission]:
    """Right before requests go out: is each still ours, and do payouts still go on?"""
    looked_at = time.monotonic()
    mine = Attempt.objects.filter(
        may_send(),
        pk__in=[claimed.attempt.pk for claimed in held],
        state=State.SENDING,
        lease_until__gt=timezone.now(),
    )
    fences = dict(mine.values_list("pk", "fence"))
    return [
        Permission(fences.get(claimed.attempt.pk) == claimed.fence, looked_at) for claimed in held
    ]


@committed
def give_back(claimed: Lease, *, is_unsent: bool) -> None:
    """Nothing went out this time: it is ready as before, and due in a moment, since what was in the
    way may still be. `is_unsent`: nothing went out before either."""
    mine: QuerySet[Attempt] = Attempt.objects.filter(
        pk=claimed.attempt.pk, fence=claimed.fence, state=State.SENDING
    )
    columns: dict[str, Any] = {"sent_at": None} if is_unsent else {}
    due_at = when_to_look.send_again_at(claimed.attempt, timezone.now())
    mine.update(state=State.READY, next_look_at=due_at, lease_until=None, **columns)
