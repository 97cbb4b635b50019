"""The first page: what needs attention, the money, the trends."""

import functools

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from adminpanel import queries
from adminpanel.access import panel_page
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
