"""The API for finance: totals and activity."""

from __future__ import annotations

from datetime import datetime

from ninja import Router, Schema

from adminpanel.overview import totals
from ledger.api.endpoints import transaction_page
from ledger.api.schemas import TransactionPage, TypeCode
from ledger.kinds import DEPOSIT, TRANSFER, WITHDRAWAL
from ledger.models import Transaction
from ledger.status import Status
from wallet.api.callers import CallRequest, require
from wallet.api.schemas import Limit, problems
from wallet.models import Account
from wallet.web import paging

router = Router(tags=["Finance"])


class VolumeOut(Schema):
    count: int
    amount_cents: int


class SummaryOut(Schema):
    total_users: int
    total_value_cents: int
    deposits: VolumeOut
    transfers: VolumeOut
    withdrawals: VolumeOut
    pending: VolumeOut
    currency: str = Account.Currency.KES
    as_of: datetime


@router.get("/summary", response={200: SummaryOut, **problems(403)}, summary="Totals")
def summary(request: CallRequest) -> SummaryOut:
    """Totals of the system. Volumes count successful transactions. Finance only."""
    require(request.auth.reads_all)
    found = totals.summary()
    return SummaryOut(
        total_users=found.total_users,
        total_value_cents=found.total_value_cents,
        deposits=volume_out(found.volumes[DEPOSIT.code]),
        transfers=volume_out(found.volumes[TRANSFER.code]),
        withdrawals=volume_out(found.volumes[WITHDRAWAL.code]),
        pending=volume_out(found.pending),
        as_of=found.as_of,
    )


def volume_out(volume: totals.Volume) -> VolumeOut:
    return VolumeOut(count=volume.count, amount_cents=volume.amount_cents)


@router.get("/activity", response={200: TransactionPage, **problems(403)}, summary="Activity")
def activity(
    request: CallRequest,
    limit: Limit = 20,
    cursor: str | None = None,
    type: TypeCode | None = None,
    status: Status | None = None,
) -> dict[str, object]:
    """Every transaction, newest first. Finance only."""
    require(request.auth.reads_all)
    place = paging.place("admin/activity", cursor, type=type, status=status)
    records = Transaction.objects.with_parties().with_payment().filter(**place.filters)
    return transaction_page(place.page(records, limit))
