"""The pages that make and change a schedule: form, second factor, review with the PIN, as Send.

A schedule spends later without a PIN, so this asks for all that Send asks for.
"""

from __future__ import annotations

import logging
from datetime import date
from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from ledger import history
from ledger.kinds import TRANSFER
from ledger.models import Schedule
from ledger.schedules import operations
from ledger.schedules.booking import due_day
from ledger.schedules.forms import ScheduleForm, initial_of
from ledger.schedules.operations import SchedulePlan
from ledger.schedules.pages import own
from ledger.views import stepping_up
from ledger.views.moves import (
    RECENT,
    initial_values,
    names_another_payee,
    page_words,
    set_pin_first,
)
from wallet.errors import OutcomeUnknown, Refusal
from wallet.signin import pin
from wallet.signin.pin import PinRefused
from wallet.untranslated import keep
from wallet.web.cookies import hides_balance
from wallet.web.http import (
    MemberRequest,
    context_of,
    redirect_to,
    refuse_repeated_fields,
    render_part,
)
from wallet.web.rates import TooManyRequests
from wallet.web.refusals import mark_page

logger = logging.getLogger(__name__)


@sensitive_post_parameters("pin")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_schedule(request: MemberRequest) -> HttpResponse:
    """Schedule a payment to another member."""
    return fill_in(request, None)


@sensitive_post_parameters("pin")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit_schedule(request: MemberRequest, schedule_id: int) -> HttpResponse:
    """Change a schedule that hasn't ended."""
    schedule = own(request, schedule_id)
    if schedule.goal:
        return redirect_to(request, reverse("ledger:save_on_days", args=[schedule.goal.pk]))
    if schedule.has_ended:
        return redirect_to(request, reverse("ledger:schedule", args=[schedule.pk]))
    return fill_in(request, schedule)


def fill_in(request: MemberRequest, schedule: Schedule | None) -> HttpResponse:
    """Show the form, then the review, then make or change the schedule."""
    refuse_repeated_fields(request.POST)
    account = request.user.primary_account()
    make_form = partial(
        ScheduleForm, account=account, schedule=schedule, hides_balance=hides_balance(request)
    )
    if request.method != "POST" or {"change", "pick"} & request.POST.keys():
        is_first = request.method != "POST" and schedule is not None
        initial = initial_of(schedule) if is_first and schedule else initial_values(request)
        return render_form(request, make_form(initial=initial))
    form = make_form(request.POST)
    try:
        if not form.is_valid():
            return render_form(request, form, status=422)
    except TooManyRequests as refusal:
        # Repeat the input without validating it.
        unchecked = make_form(initial=request.POST.dict())
        return mark_page(render_form(request, unchecked, refusal=str(refusal)), refusal)
    try:
        return confirm(request, form, form.plan)
    except pin.NoPin:
        return set_pin_first(request)
    except PinRefused as error:
        return mark_page(render_review(request, form, pin_error=str(error)), error)
    except Refusal as error:
        form.refuse(error)
        return mark_page(render_form(request, form), error)
    except OutcomeUnknown:
        logger.exception("outcome unknown", extra={"path": request.path})
        form.add_error(None, _("We didn't hear back. Press the button again: it's made once."))
        return render_form(request, form, status=503)


def confirm(request: MemberRequest, form: ScheduleForm, plan: SchedulePlan) -> HttpResponse:
    """The page that comes before it's made, or make it. Raises Refusal and OutcomeUnknown."""
    context = context_of(request, key=form.cleaned_data["idempotency_key"])
    schedule, is_confirmed = form.schedule, request.POST.get("confirm") == "1"
    if schedule is None and (made := operations.find_earlier(context, plan)):
        return redirect_to(request, reverse("ledger:schedule", args=[made.pk]))
    if schedule is None or operations.changes_payment(schedule, plan):
        if is_confirmed:
            # Before anything else can refuse it, so that each wrong PIN counts.
            pin.check(request.user.pk, request.POST.get("pin", "").strip())
        operations.check(plan)
        if page := page_before(request, form, plan, is_confirmed):
            return page
    if schedule:
        operations.change(schedule.pk, plan)
        messages.success(request, _("Your changes are saved."))
    else:
        schedule = operations.create(context, plan)
        messages.success(request, _("Your payment is scheduled."))
    return redirect_to(request, reverse("ledger:schedule", args=[schedule.pk]))


def page_before(
    request: MemberRequest, form: ScheduleForm, plan: SchedulePlan, is_confirmed: bool
) -> HttpResponse | None:
    """What the member has to look at first: the review, or what asks who they are."""
    if names_another_payee(request, form):
        form.add_error(
            "recipient",
            _("This number or email now belongs to someone else. Check the name again."),
        )
        return render_form(request, form, status=422)
    if not pin.has_pin(request.user):
        return set_pin_first(request)
    # Its money needn't be there yet, so the order isn't tried here.
    page = stepping_up.ask(request, form, plan.order, is_for_later=True)
    return page or (None if is_confirmed else render_review(request, form))


def render_form(
    request: MemberRequest, form: ScheduleForm, status: int = 200, refusal: str = ""
) -> HttpResponse:
    account = request.user.primary_account()
    is_named = form.known_payee or form.coded_payee
    context = {
        "form": form,
        "schedule": form.schedule,
        "title": _("Change this payment") if form.schedule else _("Schedule a payment"),
        "refusal": refusal,
        "recent": [] if is_named else history.payees(account, RECENT),
    }
    return render_part(request, "ledger/schedule_form.html", context, part="move", status=status)


def render_review(request: MemberRequest, form: ScheduleForm, pin_error: str = "") -> HttpResponse:
    assert form.payee
    payee = format_html("<strong>{}</strong>", keep(form.payee.short_name))
    first = first_day(form)
    context = {
        "title": _("Check and confirm"),
        "form": form,
        "schedule": form.schedule,
        "pin_error": pin_error,
        "amount_cents": form.cleaned_data["amount"],
        "description": form.cleaned_data["description"],
        "days": str(form.days),
        "first": date_format(first, "D j M Y") if first else "",
        "recipient": form.payee,
        "typed_phone": form.typed_phone,
        "is_stranger": form.is_for_stranger,
        "caution": format_html(str(page_words(TRANSFER).caution), payee=payee),
    }
    return render_part(request, "ledger/schedule_review.html", context, part="move")


def first_day(form: ScheduleForm) -> date | None:
    """The day of the next payment, once this is confirmed. None while it's paused."""
    schedule = form.schedule
    if schedule is None or form.days != schedule.days:
        return form.days.first_after(due_day())
    return None if schedule.is_paused else schedule.next_on
