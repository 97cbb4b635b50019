"""How far a payment on a rail has come, for its member: the steps, and what to do meanwhile.

Everything follows from the payment's attempt. A step says only what we know: nothing counts as
done because it should be by now.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from ledger.models import Approval, Attempt, Pause, Transaction
from ledger.models.attempts import State
from ledger.payouts.operations import CANCELLED
from ledger.payouts.outcomes import OTHER_AMOUNT
from ledger.status import BADGES, Badge, Status

# A prompt usually comes within seconds. After this, its member may have missed it.
PROMPT_IS_LATE = timedelta(seconds=60)
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


class Look(StrEnum):
    """How a step looks. FAILED is where it ended without success."""

    DONE = "done"
    NOW = "now"
    LATER = "later"
    FAILED = "failed"


class Step(NamedTuple):
    """One step. `at` is when it was reached, if that is known."""

    label: str
    look: Look
    at: datetime | None = None
    note: str = ""


@dataclass(frozen=True)
class Progress:
    """An attempt, with its transaction loaded, as its member sees it at the time `now`."""

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
                is_theirs = attempt.failure_code == CANCELLED
                return Stage.CANCELLED if is_theirs else Stage.REFUSED
        return Stage.PROCESSING

    @property
    def badge(self) -> Badge:
        return STAGE_BADGES[self.stage]

    @cached_property
    def steps(self) -> list[Step]:
        return list(payout_steps(self) if self.attempt.is_payout else deposit_steps(self))

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
        """A withdrawal that wasn't sent yet. The operation decides it again, under the lock."""
        is_unsent = self.attempt.state in (State.HELD, State.READY)
        return self.attempt.is_payout and is_unsent and self.attempt.sent_at is None

    @property
    def prompt_is_late(self) -> bool:
        sent_at = self.attempt.sent_at
        is_due = sent_at is not None and self.now - sent_at >= PROMPT_IS_LATE
        return self.stage == Stage.PROMPTED and is_due

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

    Also None if the record came without its attempt: both have to be of the same moment
    (`with_attempt`), and a list must not ask for each row.
    """
    if not Transaction.attempt.is_cached(record):
        return None
    attempt = getattr(record, "attempt", None)
    return Progress(attempt, timezone.now()) if attempt else None


# --- Steps


def payout_steps(progress: Progress) -> Iterator[Step]:
    attempt, name = progress.attempt, str(progress.attempt.took_rail.name)
    left = _("Taken out of your available balance.")
    yield Step(_("Requested"), Look.DONE, attempt.created_at, left)
    yield from approval_steps(progress)
    if attempt.state == State.CANCELLED:
        return
    sent = _("Sent to {name}").format(name=name)
    if attempt.state == State.HELD:
        yield Step(sent, Look.LATER)
    elif attempt.state in (State.READY, State.SENDING):
        sending = _("Sending to {name}").format(name=name)
        yield Step(sending, Look.NOW, note=why_unsent(progress))
    else:
        yield Step(sent, Look.DONE, attempt.sent_at)
    yield from payment_steps(progress, name)


def payment_steps(progress: Progress, name: str) -> Iterator[Step]:
    """How a withdrawal ends that wasn't cancelled."""
    attempt, paid = progress.attempt, _("Paid")
    match attempt.state:
        case State.SENT:
            soon = _("Usually under 2 minutes. It takes longer when {name} is busy.")
            paying = _("{name} is paying it out").format(name=name)
            yield Step(paying, Look.NOW, note=soon.format(name=name))
            yield Step(paid, Look.LATER)
        case State.UNKNOWN:
            yield finding_out(name)
        case State.SUCCEEDED:
            note = _("{name} confirmed it.").format(name=name)
            yield Step(paid, Look.DONE, attempt.ended_at, note)
        case State.FAILED:
            yield did_not_go_through(progress, _("Your money is back in your wallet."))
        case _other:
            yield Step(paid, Look.LATER)


def approval_steps(progress: Progress) -> Iterator[Step]:
    """The check by people, if it needs one, and an end before it was sent."""
    attempt = progress.attempt
    back = _("Your money is back in your wallet.")
    if progress.stage == Stage.REFUSED:
        # What the person of finance wrote for the member.
        note = f"{attempt.failure_words.rstrip('.')}. {back}" if attempt.failure_words else back
        yield Step(_("Not approved"), Look.FAILED, attempt.ended_at, note)
        return
    if attempt.approvals_needed and attempt.approvals_given >= attempt.approvals_needed:
        approvals = attempt.approvals.filter(decision=Approval.Decision.APPROVE)
        last = approvals.order_by("pk").last()
        yield Step(_("Approved"), Look.DONE, last.at if last else None)
    elif attempt.state == State.HELD:
        note = _("Our team checks some withdrawals before we pay them.")
        yield Step(_("Waiting for approval"), Look.NOW, note=note)
    if progress.stage == Stage.CANCELLED:
        yield Step(_("You cancelled it"), Look.DONE, attempt.ended_at, back)


def why_unsent(progress: Progress) -> str:
    """Why a payment that may be sent isn't yet, as far as its member should know."""
    attempt, now = progress.attempt, progress.now
    if attempt.state == State.READY and attempt.is_payout:
        source = attempt.transaction.from_account
        if source and source.is_frozen:
            return _("Your wallet is frozen, so we don't send it until it's unfrozen.")
        if Pause.objects.holding(now).filter(rail__in=("", attempt.rail)).exists():
            return _("Withdrawals are paused. We send it as soon as they go on.")
    if now - attempt.created_at >= PROMPT_IS_LATE:
        return _("This takes longer than usual. There's no need to ask again.")
    return ""


def deposit_steps(progress: Progress) -> Iterator[Step]:
    attempt, name = progress.attempt, str(progress.attempt.took_rail.name)
    yield Step(_("You asked to deposit"), Look.DONE, attempt.created_at)
    if progress.stage == Stage.CANCELLED:
        yield Step(_("You cancelled it"), Look.DONE, attempt.ended_at)
        return
    enter = _("Enter your PIN on your phone")
    added = _("Added to your wallet")
    if attempt.state in (State.READY, State.SENDING):
        sending = _("Sending a prompt to your phone")
        yield Step(sending, Look.NOW, note=why_unsent(progress))
        yield Step(enter, Look.LATER)
        yield Step(added, Look.LATER)
        return
    yield Step(_("Prompt sent to your phone"), Look.DONE, attempt.sent_at)
    match attempt.state:
        case State.SENT:
            yield Step(enter, Look.NOW, note=how_to_confirm(progress))
            yield Step(added, Look.LATER)
        case State.UNKNOWN:
            yield finding_out(name)
        case State.SUCCEEDED:
            yield Step(added, Look.DONE, attempt.ended_at)
        case State.FAILED:
            yield did_not_go_through(progress, "")


def how_to_confirm(progress: Progress) -> str:
    rail = progress.attempt.took_rail
    if rail.is_simulated:
        return _("Test mode: no prompt is sent, and this goes on by itself.")
    return _("Type your {name} PIN there only. We never ask for it.").format(name=rail.name)


def finding_out(name: str) -> Step:
    note = _("We're asking {name}. Nothing is paid or taken twice.").format(name=name)
    return Step(_("We're finding out"), Look.NOW, note=note)


def did_not_go_through(progress: Progress, back: str) -> Step:
    attempt = progress.attempt
    why = str(attempt.took_rail.explain(attempt.failure_code, is_payout=attempt.is_payout))
    note = " ".join(part for part in (why, back) if part)
    return Step(_("Didn't go through"), Look.FAILED, attempt.ended_at, note)


def why_not_cancelled(progress: Progress) -> str:
    """A cancellation came too late: what had happened before it."""
    if not progress.attempt.has_ended:
        return _(
            "We had sent it before you pressed Cancel, so it can't be cancelled now. If it can't "
            "be paid, the money comes back to your wallet."
        )
    if progress.stage == Stage.PAID:
        return _("It was paid before you pressed Cancel, so it can't be cancelled now.")
    return _("It had ended before you pressed Cancel: your money is back in your wallet.")
