"""The pages of savings goals."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from ledger import history
from ledger.forms.moves import new_key
from ledger.models import AutoSaved, AutoSaving, Goal, Schedule, Transaction
from ledger.movements import by_day
from ledger.operations import close_goal, earned_so_far
from ledger.querysets import nairobi_day
from ledger.savings import operations
from ledger.savings.forms import PlanForm
from wallet.errors import Refusal
from wallet.models import Account
from wallet.money import format_amount, format_money
from wallet.web.http import MemberRequest, context_of, post_data, redirect_to, render_part
from wallet.web.refusals import mark_page


@require_safe
@login_required
def goals(request: MemberRequest) -> HttpResponse:
    """The member's goals with how far each has come."""
    mine = list(Goal.objects.of_member(request.user.pk).with_locks())
    context = {
        "goals": [goal for goal in mine if not goal.is_closed],
        "closed": [goal for goal in mine if goal.is_closed],
        "saved_cents": sum(goal.balance_cents for goal in mine),
    }
    return render(request, "ledger/goals.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_goal(request: MemberRequest) -> HttpResponse:
    """Begin to save for something."""
    form = PlanForm(post_data(request), initial={"idempotency_key": new_key()})
    refusal = None
    if form.is_valid():
        try:
            context = context_of(request, key=form.cleaned_data["idempotency_key"])
            goal, _is_replay = operations.open_goal(context, request.user.pk, form.plan)
        except Refusal as error:
            refusal = error
            form.refuse(error)
        else:
            return redirect_to(request, reverse("ledger:goal", args=[goal.pk]))
    return render_plan(request, form, refusal)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit_goal(request: MemberRequest, goal_id: int) -> HttpResponse:
    """Change a goal's name, picture, target and date."""
    goal = own_goal(request, goal_id)
    form = PlanForm(post_data(request), goal=goal, initial=initial_plan(goal))
    refusal = None
    if form.is_valid():
        try:
            operations.change_goal(goal.pk, form.plan)
        except Refusal as error:
            refusal = error
            form.add_error(None, str(error))
        else:
            return redirect_to(request, reverse("ledger:goal", args=[goal.pk]))
    return render_plan(request, form, refusal)


def initial_plan(goal: Goal) -> dict[str, object]:
    return {
        "picture": goal.picture,
        "name": goal.name,
        "target": format_amount(goal.target_cents) if goal.target_cents else "",
        "by": goal.target_date,
        "idempotency_key": new_key(),
    }


def render_plan(request: MemberRequest, form: PlanForm, refusal: Refusal | None) -> HttpResponse:
    status = 422 if form.errors else 200
    context = {"form": form, "goal": form.goal}
    page = render_part(request, "ledger/goal_plan.html", context, part="plan", status=status)
    return mark_page(page, refusal)


@require_safe
@login_required
def goal(request: MemberRequest, goal_id: int) -> HttpResponse:
    """One goal: what is in it, what it's for, and what moved."""
    goal = own_goal(request, goal_id)
    records = Transaction.objects.for_members()
    page = history.page(
        goal.account, records, request.GET.get("cursor"), settings.PAGE_SIZE, by="reference"
    )
    context = {
        "goal": goal,
        "lock": goal.lock,
        "schedule": None if goal.is_closed else Schedule.objects.saving_for(goal.pk),
        "weekly_cents": goal.weekly_cents(nairobi_day()),
        "interest": earned_so_far(goal.account),
        "days": by_day(page.rows, goal.account),
        "next_cursor": page.next_cursor,
        **automatic_of(goal),
        "may_move": Goal.objects.of_member(request.user.pk).open().count() > 1,
    }
    return render_part(request, "ledger/goal.html", context, part="activity")


def automatic_of(goal: Goal) -> dict[str, object]:
    """What saves for it by itself, and what came of that the last time."""
    rules = {rule.kind: rule for rule in goal.auto_savings.all()}
    return {
        "part": rules.get(AutoSaving.Kind.PART),
        "round_up": rules.get(AutoSaving.Kind.ROUND),
        "newest": AutoSaved.objects.filter(rule__goal=goal).order_by("-pk").first(),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def close(request: MemberRequest, goal_id: int) -> HttpResponse:
    """Close a goal. Its money returns to the wallet."""
    goal = own_goal(request, goal_id)
    refusal = None
    if request.method == "POST":
        try:
            record = close_goal(context_of(request), goal_id=goal.pk)
        except Refusal as error:
            refusal = error
        else:
            words, amount = _("{name} is closed."), ""
            if record:
                words = _("{name} is closed. {amount} is back in your wallet.")
                amount = format_money(record.amount_cents)
            messages.success(request, words.format(name=goal.name, amount=amount))
            return redirect_to(request, reverse("ledger:goals"))
    context = {"goal": goal, "refusal": refusal, "wallet": wallet(request)}
    return mark_page(render(request, "ledger/close_goal.html", context), refusal)


def own_goal(request: MemberRequest, goal_id: int) -> Goal:
    """404 for goals of others, and for ids that are no goal's."""
    goals = Goal.objects.of_member(request.user.pk).with_locks()
    return get_object_or_404(goals, pk=goal_id)


def wallet(request: MemberRequest) -> Account:
    return request.user.primary_account()
