"""One line of a list of deposits, whatever it's about."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.models import Arrival, Attempt, Transaction
from ledger.payouts.confirmations import REPORTED_AFTER
from ledger.status import Badge
from wallet.models import User

CONFIRMING = Badge(_("Being confirmed"), "wait", "clock")
NOT_CONFIRMED = Badge(_("Not confirmed"), "bad", "alert")
HELD = Badge(_("In suspense"), "wait", "flag")


class Row(NamedTuple):
    """`at` is when it began. `reference` is that of its transaction, if there is one.

    `phone` is the member's, in E.164. `account_number` is what the payer typed.
    """

    at: datetime
    amount_cents: int
    badge: Badge
    reference: str = ""
    member: User | None = None
    phone: str = ""
    account_number: str = ""
    payer: str = ""
    receipt: str = ""
    paid_at: datetime | None = None
    why: str = ""


def of_attempt(attempt: Attempt) -> Row:
    record = attempt.transaction
    return Row(
        attempt.created_at,
        record.amount_cents,
        attempt.badge,
        record.reference,
        record.to_account.user if record.to_account else None,
        attempt.phone,
        why=attempt.failure_words,
    )


def of_arrival(arrival: Arrival) -> Row:
    reference = arrival.attempt.transaction.reference if arrival.attempt else ""
    is_reported = timezone.now() - arrival.at >= REPORTED_AFTER
    return Row(
        arrival.at,
        arrival.amount_cents,
        NOT_CONFIRMED if is_reported else CONFIRMING,
        reference,
        account_number=arrival.account_number,
        payer=arrival.payer,
        receipt=arrival.receipt,
        paid_at=arrival.paid_at,
    )


def of_stray(record: Transaction) -> Row:
    """Strays from before there were arrivals, and those without a receipt, have none."""
    row = Row(record.created_at, record.amount_cents, HELD, record.reference)
    arrival: Arrival | None = getattr(record, "arrival", None)
    row = row._replace(why=record.description)
    if arrival is None:
        return row
    return row._replace(
        account_number=arrival.account_number,
        payer=arrival.payer,
        receipt=arrival.receipt,
        paid_at=arrival.paid_at,
    )
