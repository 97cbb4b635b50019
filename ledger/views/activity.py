"""The member's list of transactions."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from ledger import history
from ledger.forms.filters import ActivityFilter
from ledger.models import Transaction
from ledger.movements import by_day
from wallet.web.http import MemberRequest, render_part


@require_safe
@login_required
def activity(request: MemberRequest) -> HttpResponse:
    """The member's transactions, newest first, filtered by the query string."""
    account = request.user.primary_account()
    form = ActivityFilter(request.GET)
    found = form.narrow(Transaction.objects.for_members())
    page = history.page(
        account,
        found,
        request.GET.get("cursor"),
        settings.PAGE_SIZE,
        by="reference",
        direction=form.cleaned_data.get("direction", ""),
        text=form.cleaned_data.get("q", ""),
    )
    context = {
        "account": account,
        "form": form,
        "days": by_day(page.rows, account),
        "is_filtered": form.is_filtered,
        "chips": form.chips,
        "next_cursor": page.next_cursor,
    }
    status = 200 if form.is_valid() else 422
    return render_part(request, "ledger/activity.html", context, part="activity", status=status)
