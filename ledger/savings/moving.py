"""The pages that move a member's own money. It can be moved back, so there is no review and no PIN.

A second click is the same order: the form carries its key.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from ledger import operations
from ledger.errors import KeyReused
from ledger.kinds import MOVE, SAVE, TAKE, Kind
from ledger.models import Goal
from ledger.savings import operations as savings
from ledger.savings.forms import FORMS, BetweenForm, MoveForm
from ledger.savings.views import own_goal, wallet
from wallet.errors import Busy, OutcomeUnknown, Refusal
from wallet.money import format_money
from wallet.untranslated import sentence
from wallet.web.cookies import hides_balance
from wallet.web.http import (
    MemberRequest,
    context_of,
    post_data,
    redirect_to,
    refuse_repeated_fields,
    render_part,
)
from wallet.web.refusals import mark_page

logger = logging.getLogger(__name__)

# Title, button, and what the next page says.
WORDS: dict[Kind, tuple[str | Promise, str | Promise, str | Promise]] = {
    SAVE: (_("Add to {name}"), _("Add money"), _("{amount} added to {name}.")),
    TAKE: (
        _("Take out of {name}"),
        _("Take out"),
        _("{amount} taken out of {name}. It's in your wallet."),
    ),
    MOVE: (_("Move from {name}"), _("Move money"), _("{amount} moved from {name}.")),
}
UNKNOWN = _("We didn't hear back. Press the button again: the money can't move twice.")


def page_of(kind: Kind) -> Callable[..., HttpResponse]:
    """The view on which a member moves money this way."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @login_required
    def view(request: MemberRequest, goal_id: int) -> HttpResponse:
        return move(request, own_goal(request, goal_id), kind)

    return view


def move(request: MemberRequest, goal: Goal, kind: Kind) -> HttpResponse:
    """Show the form, then carry out the order."""
    refuse_repeated_fields(request.POST)
    make_form, hides = FORMS[kind], hides_balance(request)
    form = make_form(post_data(request), kind=kind, goal=goal, hides_balance=hides)
    if isinstance(form, BetweenForm) and not form.others:
        raise Http404
    if not form.is_valid():
        return render_form(request, form, 422 if form.is_bound else 200)
    try:
        context = context_of(request, key=form.cleaned_data["idempotency_key"])
        order = form.order()
        savings.end_lock_if_over(goal, order)
        record = operations.perform(context, order)
    except Refusal as error:
        form.refuse(error)
        if isinstance(error, KeyReused):
            form.renew_key()
        return mark_page(render_form(request, form), error)
    except OutcomeUnknown:
        logger.exception("outcome unknown", extra={"path": request.path})
        form.add_error(None, str(UNKNOWN))
        return mark_page(render_form(request, form), Busy())
    amount = format_money(record.amount_cents)
    messages.success(request, str(WORDS[kind][2]).format(amount=amount, name=goal.name))
    return redirect_to(request, reverse("ledger:goal", args=[goal.pk]))


def render_form(request: MemberRequest, form: MoveForm, status: int = 200) -> HttpResponse:
    title, button, _said = WORDS[form.kind]
    goal, purse = form.goal, wallet(request)
    context = {
        "form": form,
        "goal": goal,
        "title": str(title).format(name=goal.name),
        "heading": sentence(title, name=goal.name),
        "button": button,
        "available_cents": purse.balance_cents if form.kind is SAVE else goal.balance_cents,
        "is_from_wallet": form.kind is SAVE,
        "is_frozen": form.kind is SAVE and purse.is_frozen,
    }
    return render_part(request, "ledger/goal_move.html", context, part="move", status=status)


add, take, between = page_of(SAVE), page_of(TAKE), page_of(MOVE)
