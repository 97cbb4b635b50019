"""Import a statement of yesterday, as `manage.py shell` does for bench_pages. Prints its id."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from adminpanel.reconciliation import taking_in
from ledger import rails
from ledger.models import Entry
from ledger.querysets import day_start, nairobi_day
from tests.adminpanel.support.statements import imported, line, mpesa

LINES = 100


def reconcile() -> None:
    """The statement has the first LINES payments of the day, so the others are only ours."""
    account_id = rails.current().float_account.id
    since = day_start(nairobi_day() - timedelta(days=1))
    entries = Entry.objects.filter(account=account_id, created_at__gte=since)
    rows = [
        line(
            f"SJ{entry.pk}",
            f"{-entry.amount_cents / 100:.2f}",
            at=f"{timezone.localtime(entry.created_at):%Y-%m-%d %H:%M:%S}",
            **{"A/C No.": entry.transaction.reference},
        )
        for entry in entries.select_related("transaction").order_by("created_at")[:LINES]
    ]
    statement = imported(mpesa(rows), account_id)
    while taking_in.take_in_due():
        pass
    print(statement.pk)
