"""The switch that pauses payouts, on the list of payouts and in the banner of every page."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from adminpanel.access import approver_page, finance_page, maker_page
from adminpanel.payouts import words
from adminpanel.payouts.forms import PauseForm
from adminpanel.payouts.views import show_list
from ledger.models import Pause
from ledger.payouts import operations
from wallet.errors import Refusal
from wallet.web.http import MemberRequest, context_of, redirect_to
from wallet.web.refusals import mark_page


@require_POST
@finance_page
def pause_payouts(request: MemberRequest) -> HttpResponse:
    """Pause payouts on one rail, or on all."""
    form = PauseForm(request.POST)
    if not form.is_valid():
        return show_list(request, pause_form=form, status=422)
    context = context_of(request, reason=form.cleaned_data.pop("reason"))
    try:
        made = operations.pause(context, **form.cleaned_data)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return mark_page(show_list(request, pause_form=form), refusal)
    notify = messages.info if made.is_replay else messages.success
    notify(request, words.after_pause(made))
    return redirect_to(request, reverse("adminpanel:payouts"))


@require_POST
@maker_page
def propose_lift(request: MemberRequest, pause_id: int) -> HttpResponse:
    """Propose to resume payouts. A colleague resumes them."""
    done = _("Proposed. A colleague in finance must resume payouts.")
    again = _("You proposed this before. A colleague must resume payouts.")
    return change(request, pause_id, operations.propose_lift, done, again)


@require_POST
@approver_page
def lift_pause(request: MemberRequest, pause_id: int) -> HttpResponse:
    """Resume payouts, as a colleague proposed."""
    done, again = _("Payouts are resumed."), _("You resumed payouts before. Nothing changed.")
    return change(request, pause_id, operations.lift, done, again)


def change(
    request: MemberRequest, pause_id: int, operation: Callable[..., Pause], done: str, again: str
) -> HttpResponse:
    get_object_or_404(Pause, pk=pause_id)
    try:
        pause = operation(context_of(request), pause_id=pause_id)
    except Refusal as refusal:
        return mark_page(show_list(request, problem=str(refusal)), refusal)
    notify = messages.info if pause.is_replay else messages.success
    notify(request, again if pause.is_replay else done)
    return redirect_to(request, reverse("adminpanel:payouts"))
