"""What happens now."""

from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from adminpanel.access import panel_page
from adminpanel.forms import FeedFilter
from ledger.models import Transaction
from wallet.http import MemberRequest, render_part


@require_safe
@panel_page
def activity(request: MemberRequest) -> HttpResponse:
    """The newest transactions, refreshed by themselves."""
    form = FeedFilter(request.GET)
    found = form.narrow(Transaction.objects.with_parties())
    records, _has_more = found.page(settings.PAGE_SIZE_PANEL)
    context = {"form": form, "records": records, "is_filtered": form.is_filtered}
    return render_part(request, "adminpanel/activity.html", context, part="feed")
