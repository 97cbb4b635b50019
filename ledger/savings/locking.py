"""The pages that lock a goal, and ask for its money early. Only its member can do either."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ledger.models import Goal
from ledger.operations import ask_for_money_early, keep_locked, lock_goal
from ledger.querysets import moment
from ledger.savings.forms import LockForm, UnlockForm
from ledger.savings.views import own_goal
from wallet.errors import Refusal
from wallet.web.http import MemberRequest, post_data, redirect_to
from wallet.web.refusals import mark_page


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def lock(request: MemberRequest, goal_id: int) -> HttpResponse:
    """Lock a goal. The page says first how its money can be had early."""
    goal = own_goal(request, goal_id)
    if goal.lock or goal.is_closed:
        return back_to(request, goal)
    rule = LockForm.DAY if goal.target_date or not goal.target_cents else LockForm.TARGET
    form = LockForm(
        post_data(request), goal=goal, initial={"rule": rule, "until": goal.target_date}
    )
    refusal = None
    if form.is_valid():
        try:
            lock_goal(goal_id=goal.pk, until=form.until_day)
        except Refusal as error:
            refusal = error
            form.add_error(None, str(error))
        else:
            messages.success(request, _("{name} is locked.").format(name=goal.name))
            return back_to(request, goal)
    context = {"form": form, "goal": goal}
    status = 422 if form.errors else 200
    page = render(request, "ledger/lock_goal.html", context, status=status)
    return mark_page(page, refusal)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def unlock(request: MemberRequest, goal_id: int) -> HttpResponse:
    """Ask for the money of a locked goal early, or change one's mind."""
    goal = own_goal(request, goal_id)
    if goal.lock is None:
        return back_to(request, goal)
    if request.method == "POST" and "keep" in request.POST:
        return keep(request, goal)
    form = UnlockForm(post_data(request), goal=goal)
    refusal = None
    if form.is_valid():
        try:
            asked = ask_for_money_early(goal_id=goal.pk)
        except Refusal as error:
            refusal = error
            form.add_error(None, str(error))
        else:
            assert asked.free_at
            words = _("Your money is free from {when}.").format(when=moment(asked.free_at))
            messages.success(request, words)
            return back_to(request, goal)
    context = {"form": form, "goal": goal, "lock": goal.lock}
    status = 422 if form.errors else 200
    return mark_page(render(request, "ledger/unlock_goal.html", context, status=status), refusal)


def keep(request: MemberRequest, goal: Goal) -> HttpResponse:
    try:
        keep_locked(goal_id=goal.pk)
    except Refusal as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, _("{name} stays locked.").format(name=goal.name))
    return back_to(request, goal)


def back_to(request: MemberRequest, goal: Goal) -> HttpResponse:
    return redirect_to(request, reverse("ledger:goal", args=[goal.pk]))
