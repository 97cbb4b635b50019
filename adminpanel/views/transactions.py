"""One transaction, with all that is known of it."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from adminpanel.access import panel_page
from ledger.models import Transaction
from wallet.http import MemberRequest


@require_safe
@panel_page
def transaction(request: MemberRequest, reference: str) -> HttpResponse:
    """One transaction with its entries as debits and credits."""
    records = Transaction.objects.with_parties().select_related("created_by")
    record = get_object_or_404(records, reference=reference)
    entries = record.entries.select_related("account__user").order_by("pk")
    context = {
        "record": record,
        "entries": entries,
        "debit_cents": sum(entry.debit_cents or 0 for entry in entries),
        "credit_cents": sum(entry.credit_cents or 0 for entry in entries),
        "timeline": [
            (_("Ordered by {name}").format(name=record.created_by), record.created_at, True),
            (record.status_badge.word, record.settled_at, record.settled_at is not None),
        ],
    }
    return render(request, "adminpanel/transaction.html", context)
