"""Write and approve rates of interest: a new dated version, by two operators."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from ledger.models import InterestRate, RateApproval
from ledger.models.interest import POINTS, percent
from ledger.querysets import nairobi_day
from wallet.context import Context
from wallet.db.turns import lock_name
from wallet.errors import NotAllowed, Refusal, TooLate
from wallet.staff import audit, subjects

PASSED = _lazy("This day has passed. Enter today or a later day.")
NO_SHARE = _lazy("Enter basis points from 0 to 10,000: 100 are one percent.")
OWN_RATE = _lazy("You wrote this rate, so another operator approves it.")
REPLACED = _lazy("A rate that was written later is already approved for this day.")
BEGAN = _lazy("The first day of this rate has passed. Write a new one.")


@transaction.atomic
def write(context: Context, *, purpose: str, basis_points: int, from_date: date) -> InterestRate:
    """Write a rate. It counts once another operator has approved it.

    The context's reason is needed. Raises a Refusal for a day that has passed, for more than the
    whole, and without a reason.
    """
    assert context.actor_id
    if not context.reason:
        raise Refusal(_("Say why the rate changes."))
    today = nairobi_day()
    if from_date < today:
        raise Refusal(PASSED)
    if type(basis_points) is not int or not 0 <= basis_points <= POINTS:
        raise Refusal(NO_SHARE)
    rate = InterestRate.objects.create(
        purpose=purpose,
        basis_points=basis_points,
        from_date=from_date,
        written_on=today,
        written_by_id=context.actor_id,
        reason=context.reason,
    )
    record(context, audit.Action.WRITE_RATE, rate)
    return rate


@transaction.atomic
def approve(context: Context, *, rate_id: int) -> InterestRate:
    """Let a colleague's rate count from its day on, today at the earliest.

    Past days keep the rate that they had. Raises NotAllowed for the one who wrote it, and TooLate
    once its day has passed, it was approved, or a rate written later is approved for its day.
    """
    assert context.actor_id
    lock_name("approve a rate of interest")
    rate = InterestRate.objects.get(pk=rate_id)
    if rate.written_by_id == context.actor_id:
        raise NotAllowed(OWN_RATE)
    if RateApproval.objects.filter(rate=rate).exists():
        raise TooLate(_("This rate is already approved."))
    today = nairobi_day()
    if rate.from_date < today:
        raise TooLate(BEGAN)
    if InterestRate.objects.with_replaced().get(pk=rate_id).is_replaced:
        raise TooLate(REPLACED)
    RateApproval.objects.create(rate=rate, approved_by_id=context.actor_id, approved_on=today)
    record(context, audit.Action.APPROVE_RATE, rate)
    return rate


def record(context: Context, action: audit.Action, rate: InterestRate) -> None:
    audit.record(
        context if context.reason else context.because(rate.reason),
        action,
        subjects.TARIFFS,
        rate=rate.pk,
        purpose=rate.purpose,
        percent=percent(rate.basis_points),
        from_date=rate.from_date.isoformat(),
    )
