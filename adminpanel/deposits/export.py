"""A list of deposits as a CSV file. The export itself is an audit event."""

from __future__ import annotations

from django.db import transaction
from django.http import StreamingHttpResponse

from adminpanel.deposits.queries import Tab
from adminpanel.deposits.rows import Row
from ledger.csv_export import Cell, csv_file
from wallet import phones
from wallet.context import Context
from wallet.models import Account
from wallet.money import shillings
from wallet.staff import audit, subjects
from wallet.web import paging

FILE = "nissmart-deposits"
BATCH = 1_000
HEADINGS = (
    *("at", "reference", "state", "currency", "amount", "member", "member_id", "phone"),
    *("account_number", "payer", "receipt", "paid_at", "why"),
)


@transaction.atomic
def record(context: Context, tab: Tab) -> None:
    """Record who exports which list. Call it before the first row is sent."""
    audit.record(context, audit.Action.EXPORT, subjects.DEPOSITS, filters={"tab": tab.name})


def file(tab: Tab) -> StreamingHttpResponse:
    found = paging.batches(tab.found(), BATCH)
    return csv_file(f"{FILE}-{tab.name}", HEADINGS, (cells(tab.to_row(one)) for one in found))


def cells(row: Row) -> list[Cell]:
    """One row, in the order of HEADINGS."""
    return [
        row.at,
        row.reference or None,
        str(row.badge.word),
        Account.Currency.KES.value,
        shillings(row.amount_cents),
        row.member.name if row.member else None,
        row.member.pk if row.member else None,
        phones.mask(row.phone) if row.phone else None,
        row.account_number or None,
        row.payer or None,
        row.receipt or None,
        row.paid_at,
        row.why or None,
    ]
