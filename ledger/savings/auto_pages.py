"""The pages on which a member lets a goal be saved for by itself, and pauses that."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods

from ledger.models import AutoSaving, Goal
from ledger.savings import automatic
from ledger.savings.forms import PartForm, RoundForm
from ledger.savings.locking import back_to
from ledger.savings.views import own_goal
from wallet.errors import Refusal
from wallet.web.http import MemberRequest, post_data
from wallet.web.refusals import mark_page

Kind = AutoSaving.Kind


class Words(NamedTuple):
    """`done` is said when it's on."""

    lead: str | Promise
    example: str | Promise
    button: str | Promise
    done: str | Promise


WORDS = {
    Kind.PART: Words(
        _lazy("Each time you add money to your wallet, a part of it goes into this goal."),
        _lazy("With 10%, a deposit of 2,000.00 saves 200.00."),
        _lazy("Save from each deposit"),
        _lazy("From now on a part of each deposit goes into {name}."),
    ),
    Kind.ROUND: Words(
        _lazy("Each time you send money, we round it up and save the difference."),
        _lazy("With 50, sending 130.00 saves 20.00."),
        _lazy("Round up payments"),
        _lazy("From now on we round up what you send, and save the difference for {name}."),
    ),
}


def page_of(kind: Kind) -> Callable[..., HttpResponse]:
    @require_http_methods(["GET", "HEAD", "POST"])
    @login_required
    def view(request: MemberRequest, goal_id: int) -> HttpResponse:
        return change(request, own_goal(request, goal_id), kind)

    return view


def change(request: MemberRequest, goal: Goal, kind: Kind) -> HttpResponse:
    """Show how much it saves, then turn it on, change it or pause it."""
    if goal.is_closed:
        return back_to(request, goal)
    rule = goal.auto_savings.filter(kind=kind).first()
    if request.method == "POST" and "pause" in request.POST:
        return pause(request, goal, kind)
    form = (PartForm if kind == Kind.PART else RoundForm)(post_data(request), rule=rule)
    refusal = None
    if form.is_valid():
        try:
            automatic.turn_on(goal_id=goal.pk, **form.measure)
        except Refusal as error:
            refusal = error
            form.add_error(None, str(error))
        else:
            messages.success(request, str(WORDS[kind].done).format(name=goal.name))
            return back_to(request, goal)
    context = {"form": form, "goal": goal, "rule": rule, "kind": kind, "words": WORDS[kind]}
    status = 422 if form.errors else 200
    return mark_page(render(request, "ledger/auto_saving.html", context, status=status), refusal)


def pause(request: MemberRequest, goal: Goal, kind: Kind) -> HttpResponse:
    try:
        automatic.pause(goal_id=goal.pk, kind=kind)
    except Refusal as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, _("Paused. Nothing more is saved by itself."))
    return back_to(request, goal)


part, round_up = page_of(Kind.PART), page_of(Kind.ROUND)
