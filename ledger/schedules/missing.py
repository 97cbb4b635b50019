"""Why a run was missed, and how its member hears of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import ngettext

from ledger import errors, goal_errors
from ledger.models import Schedule, ScheduledRun
from wallet import messages
from wallet.errors import Refusal
from wallet.messages import Topic
from wallet.money import format_money

Missed = ScheduledRun.Missed
# The first that fits counts.
REASONS: Sequence[tuple[type[Refusal], Missed]] = (
    (goal_errors.GoalFull, Missed.GOAL_FULL),
    (goal_errors.GoalClosed, Missed.GOAL_CLOSED),
    (errors.InsufficientFunds, Missed.MONEY),
    (errors.AccountFrozen, Missed.FROZEN),
    (errors.PayoutsOnHold, Missed.HOLD),
    (errors.DailyLimitReached, Missed.DAY_LIMIT),
    (errors.TransactionLimitReached, Missed.LIMIT),
    (errors.TransferTooSmall, Missed.TOO_SMALL),
    (errors.NothingProved, Missed.UNPROVED),
    (errors.RecipientLimitReached, Missed.PAYEE_FULL),
    (errors.RecipientUnproved, Missed.PAYEE_UNPROVED),
    # The member's own account was open a moment ago, or its schedules would have ended.
    (errors.AccountClosed, Missed.PAYEE_CLOSED),
)
# A message names so many days.
DAYS_NAMED = 3


def why(refusal: Refusal) -> Missed:
    return next((each for kind, each in REASONS if isinstance(refusal, kind)), Missed.REFUSED)


def report(
    schedule: Schedule, days: Sequence[date], missed: Missed, amount_cents: int | None = None
) -> None:
    """Alert the member, in the caller's transaction: once for all these days.

    `amount_cents` is the run's, which may be less than the schedule's.
    """
    owner_id = schedule.source.user_id
    assert owner_id
    messages.alert(
        owner_id,
        Topic.SAVING_MISSED if schedule.goal else Topic.SCHEDULE_MISSED,
        amount=format_money(amount_cents or schedule.amount_cents),
        name=schedule.name,
        days=in_words(days),
        why=str(missed.label),
    )


def in_words(days: Sequence[date]) -> str:
    """`30 Nov`, `16 Nov, 23 Nov`, or `5 days up to 30 Nov`."""
    named = [date_format(day, "j M") for day in days]
    if len(named) <= DAYS_NAMED:
        return ", ".join(named)
    words = ngettext("{count} day up to {last}", "{count} days up to {last}", len(named))
    return words.format(count=len(named), last=named[-1])
