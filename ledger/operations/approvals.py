"""How many people of finance have to approve a payout, decided under the lock of its account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings

from ledger import kinds
from ledger.models import Transaction
from ledger.operations.orders import Order
from ledger.operations.rules import Holding
from ledger.operations.statements import to_time
from ledger.status import Status

# For how long a payout after a change of phone number needs an approval.
PHONE_IS_NEW = timedelta(hours=24)


def approvals_needed(
    order: Order, holdings: Mapping[int, Holding], sent_today_cents: int, now: datetime
) -> int:
    """None, one or two. Only payouts need any.

    `sent_today_cents` left the source today before this order, in transfers and payouts.
    """
    if not (order.kind.pays_out and order.kind.is_members) or order.source_id is None:
        return 0
    cents = order.amount_cents
    if cents > settings.APPROVE_TWO_ABOVE_CENTS:
        return 2
    today_cents = sent_today_cents + cents
    is_much = (
        cents > settings.APPROVE_ONE_ABOVE_CENTS
        or today_cents > settings.APPROVE_ONE_ABOVE_CENTS_A_DAY
    )
    return int(is_much or goes_to_new_phone(holdings[order.source_id], now))


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
