"""The steps of a payment on a rail, in its member's words.

Everything follows from the payment's attempt. A step says only what we know: nothing counts as
done because it should be by now.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from django.utils.translation import gettext as _

from ledger.models import Approval, Attempt, Pause
from ledger.models.attempts import State
from ledger.payouts.operations import CANCELLED
from ledger.querysets import moment

# Sending takes seconds, and so does a prompt. After this, its member may have missed it.
IS_LATE_AFTER = timedelta(seconds=60)


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


def steps_of(attempt: Attempt, now: datetime) -> Iterator[Step]:
    """In order, with its transaction loaded."""
    return payout_steps(attempt, now) if attempt.is_payout else deposit_steps(attempt, now)


def was_taken_back(attempt: Attempt) -> bool:
    """Was it cancelled by its member? Otherwise finance refused it."""
    return attempt.state == State.CANCELLED and attempt.failure_code == CANCELLED


def payout_steps(attempt: Attempt, now: datetime) -> Iterator[Step]:
    name = str(attempt.took_rail.name)
    left = _("Taken out of your available balance.")
    yield Step(_("Requested"), Look.DONE, attempt.created_at, left)
    yield from approval_steps(attempt)
    if attempt.state == State.CANCELLED:
        return
    sent = _("Sent to {name}").format(name=name)
    if attempt.state == State.HELD:
        yield Step(sent, Look.LATER)
    elif attempt.state in (State.READY, State.SENDING):
        sending = _("Sending to {name}").format(name=name)
        yield Step(sending, Look.NOW, note=why_unsent(attempt, now))
    else:
        yield Step(sent, Look.DONE, attempt.sent_at)
    yield from payment_steps(attempt, name)


def payment_steps(attempt: Attempt, name: str) -> Iterator[Step]:
    """How a withdrawal ends that wasn't cancelled."""
    paid = _("Paid")
    match attempt.state:
        case State.SENT:
            soon = _("Usually under 2 minutes. It takes longer when {name} is busy.")
            paying = _("{name} is paying it out").format(name=name)
            yield Step(paying, Look.NOW, note=soon.format(name=name))
            yield Step(paid, Look.LATER)
        case State.UNKNOWN:
            yield finding_out(name)
        case State.SUCCEEDED:
            yield Step(paid, Look.DONE, attempt.ended_at)
        case State.FAILED:
            yield did_not_go_through(attempt, _("Your money is back in your wallet."))
        case _other:
            yield Step(paid, Look.LATER)


def approval_steps(attempt: Attempt) -> Iterator[Step]:
    """The check by people, if it needs one, and an end before it was sent."""
    back = _("Your money is back in your wallet.")
    if attempt.state == State.CANCELLED and not was_taken_back(attempt):
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
    if attempt.state == State.CANCELLED:
        yield Step(_("You cancelled it"), Look.DONE, attempt.ended_at, back)


def why_unsent(attempt: Attempt, now: datetime) -> str:
    """Why a payment that may be sent isn't yet, as far as its member should know."""
    if attempt.state == State.READY and attempt.is_payout:
        source = attempt.transaction.from_account
        if source and source.is_frozen:
            return _("Your wallet is frozen, so we don't send it until it's unfrozen.")
        if source and source.no_payouts_until and now < source.no_payouts_until:
            words = _("We changed how you sign in, so we don't send it until {until}.")
            return words.format(until=moment(source.no_payouts_until))
        if Pause.objects.holding(now).filter(rail__in=("", attempt.rail)).exists():
            return _("Withdrawals are paused. We send it as soon as they go on.")
    if attempt.state == State.READY:
        # Sent before without being taken, or due for a while.
        is_late = attempt.fence > 0 or is_overdue(attempt.next_look_at, now)
    else:
        is_late = is_overdue(attempt.sent_at, now)
    return _("This takes longer than usual. There's no need to ask again.") if is_late else ""


def is_overdue(at: datetime | None, now: datetime) -> bool:
    return at is not None and now - at >= IS_LATE_AFTER


def deposit_steps(attempt: Attempt, now: datetime) -> Iterator[Step]:
    name = str(attempt.took_rail.name)
    added = _("Added to your wallet")
    if attempt.is_payers:
        yield Step(_("Paid to your account number"), Look.DONE, attempt.sent_at)
        yield Step(added, Look.DONE, attempt.ended_at)
        return
    yield Step(_("You asked to deposit"), Look.DONE, attempt.created_at)
    if attempt.state == State.CANCELLED:
        yield Step(_("You cancelled it"), Look.DONE, attempt.ended_at)
        return
    enter = _("Enter your PIN on your phone")
    if attempt.state in (State.READY, State.SENDING):
        sending = _("Sending a prompt to your phone")
        yield Step(sending, Look.NOW, note=why_unsent(attempt, now))
        yield Step(enter, Look.LATER)
        yield Step(added, Look.LATER)
        return
    is_prompted = attempt.rail_id or attempt.state in (State.SENT, State.SUCCEEDED)
    # Its request may have been lost on the way, or refused.
    asked = _("Asked {name} to send the prompt").format(name=name)
    prompted = _("Prompt sent to your phone") if is_prompted else asked
    yield Step(prompted, Look.DONE, attempt.sent_at)
    match attempt.state:
        case State.SENT:
            yield Step(enter, Look.NOW, note=how_to_confirm(attempt))
            yield Step(added, Look.LATER)
        case State.UNKNOWN:
            yield finding_out(name)
        case State.SUCCEEDED:
            yield Step(added, Look.DONE, attempt.ended_at)
        case State.FAILED:
            yield did_not_go_through(attempt, "")


def how_to_confirm(attempt: Attempt) -> str:
    rail = attempt.took_rail
    if rail.is_simulated:
        return _("Test mode: no prompt is sent, and this goes on by itself.")
    return _("Type your {name} PIN there only. We never ask for it.").format(name=rail.name)


def finding_out(name: str) -> Step:
    note = _("We're asking {name}. Nothing is paid or taken twice.").format(name=name)
    return Step(_("We're finding out"), Look.NOW, note=note)


def did_not_go_through(attempt: Attempt, back: str) -> Step:
    why = str(attempt.took_rail.explain(attempt.failure_code, is_payout=attempt.is_payout))
    note = " ".join(part for part in (why, back) if part)
    return Step(_("Didn't go through"), Look.FAILED, attempt.ended_at, note)
