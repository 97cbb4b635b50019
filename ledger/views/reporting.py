"""The page on which a member reports the other person of a transfer."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ledger import reporting
from ledger.forms.reports import ReportForm
from ledger.movements import Movement
from ledger.views.receipt import own, own_side
from wallet.errors import Refusal
from wallet.web.http import MemberRequest, context_of, redirect_to
from wallet.web.refusals import page_status


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def report(request: MemberRequest, reference: str) -> HttpResponse:
    """Report a transfer. Others get 404, and so does who asks about another kind of payment."""
    record = get_object_or_404(own(request), reference=reference)
    receipt = reverse("ledger:receipt", args=[record.reference])
    if not reporting.can_report(request.user.pk, record):
        raise Http404
    if reporting.report_of(request.user.pk, record):
        return redirect_to(request, receipt)
    form = ReportForm(request.POST or None)
    status = 422 if form.errors else 200
    if form.is_valid():
        try:
            made = reporting.report(context_of(request), record, **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
            status = page_status(refusal)
        else:
            thanks = _("Thank you, we'll look at it. The report's reference is {reference}.")
            messages.success(request, thanks.format(reference=made.reference))
            return redirect_to(request, receipt)
    context = {"form": form, "movement": Movement(record, own_side(record, request))}
    return render(request, "ledger/report.html", context, status=status)
