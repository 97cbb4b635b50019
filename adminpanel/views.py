"""Pages of the finance team."""

import functools

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from adminpanel import queries
from adminpanel.access import panel_page
from adminpanel.forms import FeedFilter, LedgerFilter
from ledger.models import Transaction
from wallet.http import MemberRequest, render_part

LATEST = 10


@require_safe
@panel_page
def overview(request: MemberRequest) -> HttpResponse:
    """Totals of the system, the books, and what happened last."""
    books = functools.cache(queries.books)
    context = {
        # Called by the whole page only, not each time the latest rows refresh.
        "summary": queries.summary,
        "books": books,
        "difference_cents": lambda: sum(cents for _name, cents in books()),
        "records": Transaction.objects.with_parties()[:LATEST],
    }
    return render_part(request, "adminpanel/overview.html", context, part="latest")


@require_safe
@panel_page
def activity(request: MemberRequest) -> HttpResponse:
    """The newest transactions, refreshed by themselves."""
    form = FeedFilter(request.GET)
    found = form.narrow(Transaction.objects.with_parties())
    records, _has_more = found.page(settings.PAGE_SIZE_PANEL)
    context = {"form": form, "records": records, "is_filtered": form.is_filtered}
    return render_part(request, "adminpanel/activity.html", context, part="feed")


@require_safe
@panel_page
def ledger(request: MemberRequest) -> HttpResponse:
    """Every transaction, newest first, filtered by what the address says."""
    form = LedgerFilter(request.GET)
    found = form.narrow(Transaction.objects.with_parties())
    records, has_more = found.older_than(request.GET.get("cursor")).page(settings.PAGE_SIZE_PANEL)
    context = {
        "form": form,
        "records": records,
        "chips": form.chips,
        "is_filtered": form.is_filtered,
        "next_cursor": records[-1].reference if has_more else None,
    }
    status = 200 if form.is_valid() else 422
    return render_part(request, "adminpanel/ledger.html", context, part="ledger", status=status)


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
