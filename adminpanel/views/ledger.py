"""The ledger explorer: every transaction, filtered."""

from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from adminpanel.access import panel_page
from adminpanel.forms import LedgerFilter
from ledger.models import Transaction
from wallet.http import MemberRequest, render_part


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
