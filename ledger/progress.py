"""How far a payment on a rail has come, for its member: its stage, and what to do meanwhile."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from ledger.models import Attempt, Transaction
from ledger.models.attempts import State
from ledger.payouts.outcomes import OTHER_AMOUNT
from ledger.status import BADGES, Badge, Status
from ledger.steps import Look, Step, is_overdue, steps_of, was_taken_back

# How often the receipt asks. Less often once the answer is overdue, or waits for people.
POLL_S, SLOW_POLL_S = 3, 15
POLLS_FAST_FOR = timedelta(minutes=3)


class Stage(StrEnum):
    CHECKING = "checking"  # people of finance have to approve it
    PROCESSING = "processing"
    PROMPTED = "prompted"  # the member has to enter their PIN
    UNKNOWN = "unknown"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUSED = "refused"


STAGE_BADGES = {
    Stage.CHECKING: Badge(_lazy("Being checked"), "wait", "clock"),
    Stage.PROCESSING: BADGES[Status.PENDING],
    Stage.PROMPTED: Badge(_lazy("Check your phone"), "wait", "phone"),
    Stage.UNKNOWN: Badge(_lazy("Confirming"), "wait", "question"),
    Stage.PAID: BADGES[Status.SUCCESS],
    Stage.FAILED: BADGES[Status.FAILED],
    Stage.CANCELLED: Badge(_lazy("Cancelled"), "calm", "cross"),
    Stage.REFUSED: Badge(_lazy("Not approved"), "bad", "cross"),
}


@dataclass(frozen=True)
class Progress:
    """An attempt as its member sees it at the time `now`. Its transaction must be loaded."""

    attempt: Attempt
    now: datetime

    @cached_property
    def stage(self) -> Stage:
        attempt = self.attempt
        match attempt.state:
            case State.HELD:
                return Stage.CHECKING
            case State.SENT if not attempt.is_payout:
                return Stage.PROMPTED
            case State.UNKNOWN:
                return Stage.UNKNOWN
            case State.SUCCEEDED:
                return Stage.PAID
            case State.FAILED:
                return Stage.FAILED
            case State.CANCELLED:
                return Stage.CANCELLED if was_taken_back(attempt) else Stage.REFUSED
        return Stage.PROCESSING

    @property
    def badge(self) -> Badge:
        return STAGE_BADGES[self.stage]

    @cached_property
    def steps(self) -> list[Step]:
        return list(steps_of(self.attempt, self.now))

    @property
    def reached(self) -> Step:
        """The newest step that isn't still to come."""
        return [step for step in self.steps if step.look != Look.LATER][-1]

    @property
    def outlook(self) -> str:
        """What happens next, where the kind of transaction can't say it. Otherwise empty."""
        name = str(self.attempt.took_rail.name)
        if self.attempt.failure_code == OTHER_AMOUNT:
            return _(
                "{name} took another amount than you asked for. It isn't in your wallet yet: we "
                "keep it safe until our team has sorted it out."
            ).format(name=name)
        if self.stage == Stage.PROMPTED:
            return _("We add it to your wallet as soon as {name} confirms it.").format(name=name)
        if self.stage != Stage.UNKNOWN:
            return ""
        if self.attempt.is_payout:
            return _(
                "We don't know yet if {name} paid it. The money is safe: it reaches you, or it "
                "comes back to your wallet. Don't withdraw it again."
            ).format(name=name)
        return _(
            "We don't know yet if {name} took the money. If it did, we'll add it to your wallet. "
            "Don't pay again."
        ).format(name=name)

    @property
    def can_cancel(self) -> bool:
        """It wasn't sent yet. The operation decides it again, under the lock."""
        is_unsent = self.attempt.state in (State.HELD, State.READY)
        return is_unsent and self.attempt.sent_at is None

    @property
    def prompt_is_late(self) -> bool:
        return self.stage == Stage.PROMPTED and is_overdue(self.attempt.sent_at, self.now)

    @property
    def poll_s(self) -> int | None:
        """In how many seconds to ask again. None once it has ended."""
        if self.attempt.has_ended:
            return None
        age = self.now - (self.attempt.sent_at or self.attempt.created_at)
        is_slow = self.stage in (Stage.CHECKING, Stage.UNKNOWN) or age > POLLS_FAST_FOR
        return SLOW_POLL_S if is_slow else POLL_S

    @cached_property
    def seen(self) -> str:
        """A short hash of all that it shows."""
        shown = [self.stage, self.steps, self.prompt_is_late, self.can_cancel, self.poll_s]
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


def of(record: Transaction) -> Progress | None:
    """None for a transaction that took no rail, or whose rail answered instantly.

    Also None if the record came without its attempt.
    """
    attempt = record.loaded_attempt
    return Progress(attempt, timezone.now()) if attempt else None


def why_not_cancelled(progress: Progress) -> str:
    """A cancellation came too late: what had happened before it."""
    if not progress.attempt.is_payout:
        return why_deposit_not_cancelled(progress)
    if not progress.attempt.has_ended:
        return _(
            "We had sent it before you pressed Cancel, so it can't be cancelled now. If it can't "
            "be paid, the money comes back to your wallet."
        )
    if progress.stage == Stage.PAID:
        return _("It was paid before you pressed Cancel, so it can't be cancelled now.")
    return _("It had ended before you pressed Cancel: your money is back in your wallet.")


def why_deposit_not_cancelled(progress: Progress) -> str:
    if not progress.attempt.has_ended:
        return _(
            "We had asked {name} before you pressed Cancel, so it can't be cancelled here now. "
            "If you don't want to pay, dismiss the prompt on your phone."
        ).format(name=progress.attempt.took_rail.name)
    if progress.stage == Stage.PAID:
        return _("It was in your wallet before you pressed Cancel, so it can't be cancelled now.")
    return _("It had ended before you pressed Cancel. Nothing has changed now.")
