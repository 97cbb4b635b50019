"""Two people in finance say what became of a deposit whose outcome is unknown.

Payouts have their separate page for it (`adminpanel/payouts`).
"""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from adminpanel.access import approver_page
from adminpanel.payouts import words
from adminpanel.payouts.forms import NotPaidForm, PaidForm
from adminpanel.transactions.views import show
from ledger.models import Attempt, Verdict
from ledger.payouts import operations
from wallet.errors import NotAllowed, Refusal, TooLate
from wallet.web.http import MemberRequest, context_of, redirect_to
from wallet.web.refusals import mark_page

Outcome = Verdict.Outcome


@require_POST
@approver_page
def deposit_was_paid(request: MemberRequest, reference: str) -> HttpResponse:
    """Say that a deposit with an unknown outcome was paid."""
    return judge(request, reference, PaidForm(request.POST), Outcome.PAID)


@require_POST
@approver_page
def deposit_was_not_paid(request: MemberRequest, reference: str) -> HttpResponse:
    """Say that a deposit with an unknown outcome wasn't paid."""
    return judge(request, reference, NotPaidForm(request.POST), Outcome.NOT_PAID)


def judge(request: MemberRequest, reference: str, form: forms.Form, outcome: str) -> HttpResponse:
    """Write the verdict. On an error, show the page as it is now, with what was entered."""
    deposits = Attempt.objects.filter(transaction__from_account__isnull=True)
    deposits = deposits.filter(transaction__to_account__isnull=False)
    attempt = get_object_or_404(deposits, transaction__reference=reference)
    if not form.is_valid():
        return show(request, reference, verdict_form=form, part="verdict", status=422)
    try:
        done = operations.resolve(
            context_of(request), attempt_id=attempt.pk, outcome=outcome, **form.cleaned_data
        )
    except (NotAllowed, TooLate) as refusal:
        problem = str(refusal)
        page = show(request, reference, verdict_form=form, part="verdict", problem=problem)
        return mark_page(page, refusal)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        page = show(request, reference, verdict_form=form, part="verdict")
        return mark_page(page, refusal)
    notify = messages.info if done.is_replay else messages.success
    notify(request, words.after_verdict(done))
    return redirect_to(request, reverse("adminpanel:transaction", args=[reference]))
