"""Save the person on a receipt, or forget them."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from ledger import progress
from ledger.favourites import operations
from ledger.kinds import TRANSFER
from ledger.models import Transaction
from ledger.querysets import TransactionQuerySet
from ledger.views.receipt import own, render_receipt
from wallet.errors import Refusal
from wallet.web.http import MemberRequest, asks_for, redirect_to
from wallet.web.refusals import mark_page


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def save(request: MemberRequest, reference: str) -> HttpResponse:
    """Save whom this payment went to, or with `forget=1` forget them. Shows the receipt."""
    url = reverse("ledger:receipt", args=[reference])
    if request.method != "POST":
        return redirect(url)
    record = get_object_or_404(paid_by(request), reference=reference)
    refusal = None
    try:
        if request.POST.get("forget") == "1":
            operations.forget(request.user.pk, record)
        else:
            operations.save(request.user.pk, record)
    except Refusal as error:
        refusal = error
    if refusal is None and not asks_for(request, "receipt"):
        return redirect_to(request, url)
    record = own(request).get(pk=record.pk)
    page = render_receipt(request, record, progress.of(record), str(refusal) if refusal else "")
    return mark_page(page, refusal)


def paid_by(request: MemberRequest) -> TransactionQuerySet:
    """The transfers out of this member's wallet."""
    account = request.user.primary_account()
    return Transaction.objects.filter(from_account=account, type=TRANSFER.code)
