"""The pages that show schedules, and pause, resume and cancel them."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from ledger.models import Schedule
from ledger.schedules import operations
from ledger.schedules.booking import HOUR
from wallet.errors import Refusal
from wallet.web.http import MemberRequest, redirect_to
from wallet.web.refusals import mark_page

CANCELLED = _("Cancelled. Nothing more leaves your wallet for it.")

type View = Callable[..., HttpResponse]


def own(request: MemberRequest, schedule_id: int) -> Schedule:
    """404 for schedules of others."""
    return get_object_or_404(Schedule.objects.of_member(request.user.pk), pk=schedule_id)


@require_safe
@login_required
def schedules(request: MemberRequest) -> HttpResponse:
    """The member's scheduled payments: those that go on, and those that have ended."""
    # Saving is on the pages of the goals.
    found = Schedule.objects.of_member(request.user.pk).filter(kind=Schedule.Kind.PAYMENT)
    context = {
        "schedules": found.open(),
        "ended": found.filter(state=Schedule.State.ENDED)[: settings.PAGE_SIZE],
    }
    return render(request, "ledger/schedules.html", context)


@require_safe
@login_required
def schedule(request: MemberRequest, schedule_id: int) -> HttpResponse:
    """One scheduled payment, and what became of it on each of its days."""
    return render_schedule(request, own(request, schedule_id))


def render_schedule(
    request: MemberRequest, schedule: Schedule, refusal: Refusal | None = None
) -> HttpResponse:
    context = {
        "schedule": schedule,
        "title": _("Saving on a day") if schedule.goal else _("Scheduled payment"),
        "runs": schedule.runs.select_related("transaction")[: settings.PAGE_SIZE],
        "hour": f"{HOUR}:00",
        "refusal": refusal,
    }
    return mark_page(render(request, "ledger/schedule.html", context), refusal)


def act(operation: Callable[[int], None], done: str | Promise) -> View:
    """A page that changes a schedule with one button. It goes back to the schedule."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @login_required
    def view(request: MemberRequest, schedule_id: int) -> HttpResponse:
        schedule = own(request, schedule_id)
        if request.method == "POST":
            try:
                operation(schedule.pk)
            except Refusal as refusal:
                return render_schedule(request, own(request, schedule_id), refusal)
            messages.success(request, str(done))
        return redirect_to(request, reverse("ledger:schedule", args=[schedule.pk]))

    return view


pause = act(operations.pause, _("Paused. Nothing leaves your wallet until you resume it."))
resume = act(operations.resume, _("It goes on from now."))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def cancel(request: MemberRequest, schedule_id: int) -> HttpResponse:
    """Ask once more, then cancel for good."""
    schedule = own(request, schedule_id)
    refusal = None
    if schedule.has_ended:
        return redirect_to(request, reverse("ledger:schedule", args=[schedule.pk]))
    if request.method == "POST":
        try:
            operations.cancel(schedule.pk)
        except Refusal as error:
            refusal = error
        else:
            messages.success(request, CANCELLED)
            return redirect_to(request, reverse("ledger:schedule", args=[schedule.pk]))
    context = {"schedule": schedule, "refusal": refusal}
    return mark_page(render(request, "ledger/cancel_schedule.html", context), refusal)
