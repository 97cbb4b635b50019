"""The page on which a goal saves by itself, weekly or monthly on a day.

The money stays its member's, so there is no review and no PIN, as when they add some by hand.
"""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ledger.models import Goal, Schedule
from ledger.savings import operations as savings
from ledger.savings.views import own_goal
from ledger.schedules import operations
from ledger.schedules.forms import SavingForm, initial_of
from ledger.schedules.operations import SchedulePlan
from wallet.errors import Busy, OutcomeUnknown, Refusal
from wallet.web.http import MemberRequest, context_of, post_data, redirect_to, render_part
from wallet.web.refusals import mark_page


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def save_on_days(request: MemberRequest, goal_id: int) -> HttpResponse:
    """Say how much goes into a goal and on which days, or change that."""
    goal = own_goal(request, goal_id)
    schedule = Schedule.objects.saving_for(goal.pk)
    page = reverse("ledger:goal", args=[goal.pk])
    if goal.is_closed or (goal.is_reached and schedule is None):
        return redirect_to(request, page)
    form = SavingForm(post_data(request), initial=initial_of(schedule) if schedule else None)
    if not form.is_valid():
        return render_form(request, form, goal, schedule)
    order = savings.order_to_add(goal, form.cleaned_data["amount"])
    context = context_of(request, key=form.cleaned_data["idempotency_key"])
    try:
        if schedule:
            made = operations.change(schedule.pk, SchedulePlan(order, form.days))
        else:
            made = operations.create(context, SchedulePlan(order, form.days))
    except Refusal as error:
        form.add_error("amount" if error.field == "amount" else None, str(error))
        return mark_page(render_form(request, form, goal, schedule), error)
    except OutcomeUnknown:
        form.add_error(None, _("We didn't hear back. Press the button again: it's set once."))
        return mark_page(render_form(request, form, goal, schedule), Busy())
    saves = _("This goal now saves by itself.") if made.is_active else _("Your changes are saved.")
    messages.success(request, saves)
    return redirect_to(request, page)


def render_form(
    request: MemberRequest, form: SavingForm, goal: Goal, schedule: Schedule | None
) -> HttpResponse:
    context = {"form": form, "goal": goal, "schedule": schedule}
    status = 422 if form.errors else 200
    return render_part(request, "ledger/goal_saving.html", context, part="move", status=status)
