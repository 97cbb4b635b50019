"""How many people of finance have to approve a payout and why: decided under the lock of its
account, and stored with the order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings

from ledger import kinds
from ledger.models import Transaction
from ledger.models.attempts import Because
from ledger.operations.orders import Order
from ledger.operations.rules import Holding
from ledger.querysets import to_time
from ledger.status import Status

# For how long a payout after a change of phone number needs an approval.
PHONE_IS_NEW = timedelta(hours=24)


class Check(NamedTuple):
    """How many people have to approve, and the rule that asks for it, with its limit then."""

    approvals: int
    because: Because
    above_cents: int | None = None


def check_by_people(
    order: Order, holdings: Mapping[int, Holding], sent_today_cents: int, now: datetime
) -> Check | None:
    """Only payouts may need one.

    `sent_today_cents` left the source today before this order, in transfers and payouts.
    """
    if not (order.kind.pays_out and order.kind.is_members) or order.source_id is None:
        return None
    cents, today_cents = order.amount_cents, sent_today_cents + order.amount_cents
    limits = (
        (cents, 2, Because.AMOUNT, settings.APPROVE_TWO_ABOVE_CENTS),
        (cents, 1, Because.AMOUNT, settings.APPROVE_ONE_ABOVE_CENTS),
        (today_cents, 1, Because.DAY, settings.APPROVE_ONE_ABOVE_CENTS_A_DAY),
    )
    for moved_cents, approvals, because, above_cents in limits:
        if moved_cents > above_cents:
            return Check(approvals, because, above_cents)
    if goes_to_new_phone(holdings[order.source_id], now):
        return Check(1, Because.NEW_PHONE)
    return None


def goes_to_new_phone(source: Holding, now: datetime) -> bool:
    """Is this the first payout since the owner's phone number changed, less than a day ago?

    A payout that is still open, or that failed, proves nothing about the number.
    """
    if source.phone_changed_at is None:
        return False
    changed_at = to_time(source.phone_changed_at)
    if now >= changed_at + PHONE_IS_NEW:
        return False
    payouts = [kind.code for kind in kinds.every() if kind.pays_out and kind.is_members]
    return not Transaction.objects.filter(
        from_account=source.id,
        created_at__gte=changed_at,
        type__in=payouts,
        status=Status.SUCCESS,
    ).exists()
