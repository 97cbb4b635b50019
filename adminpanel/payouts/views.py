"""The list of payouts, the page of one payout, and the decisions about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from adminpanel.access import approver_page, panel_page
from adminpanel.payouts import flags, queries, words
from adminpanel.payouts.forms import ApproveForm, NotPaidForm, PaidForm, PauseForm, RefuseForm
from adminpanel.timeline import events
from ledger.models import Attempt, Verdict
from ledger.models.attempts import State
from ledger.payment_errors import AlreadySent
from ledger.payouts import operations, people
from wallet.errors import NotAllowed, Refusal, TooLate
from wallet.models import User
from wallet.staff import roles, subjects
from wallet.web import paging
from wallet.web.http import MemberRequest, context_of, redirect_to, render_part
from wallet.web.refusals import mark_page

Outcome = Verdict.Outcome
# The forms of a payout's page, and which of the reader's `choices` each is for.
FORMS: dict[type[forms.Form], str] = {
    ApproveForm: "approve",
    RefuseForm: "refuse",
    PaidForm: "resolve",
    NotPaidForm: "resolve",
}


# --- The list


@require_safe
@panel_page
def payouts(request: MemberRequest) -> HttpResponse:
    """Payouts of one tab. Those that wait come oldest first, the others newest first."""
    return show_list(request)


def show_list(
    request: MemberRequest,
    *,
    pause_form: PauseForm | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    tab = queries.tab_named(request.GET.get("tab", ""))
    found = queries.with_decisions(queries.payouts_in(tab))
    cursor, size = request.GET.get("cursor"), settings.PAGE_SIZE_PANEL
    page = paging.page(found, cursor, size, oldest_first=tab.is_open)
    tallies = queries.tallies()
    picks = tab.states == (State.HELD,) and people.may_approve(request.user)
    known = flags.habits(page.rows)
    rows = [row(attempt, request.user, known) for attempt in page.rows]
    context = {
        "rows": rows,
        "picks": picks and not all(one["has_decided"] or one["is_own"] for one in rows),
        "next_cursor": page.next_cursor,
        "tab": tab,
        "tabs": [(each, tallies[each.name]) for each in queries.TABS],
        "tally": tallies[tab.name],
        "resumes": True,
        "pause_form": pause_form or PauseForm(),
        "problem": problem,
    }
    template = "adminpanel/payouts.html"
    return render_part(request, template, context, part="pausing", status=status)


def row(attempt: Attempt, reader: User, known: flags.Habits) -> dict[str, Any]:
    """One line of the list."""
    record = attempt.transaction
    account = record.from_account
    judges = {one.person_id for one in attempt.verdicts.all()}
    deciders = {one.person_id for one in attempt.approvals.all()}
    return {
        "attempt": attempt,
        "record": record,
        "member": account.user if account else None,
        "badge": words.badge_of(attempt),
        "rule": flags.rule(attempt),
        "flags": flags.flags(attempt, known),
        "has_decided": reader.pk in deciders | judges,
        "is_own": reader.pk in (record.created_by_id, account and account.user_id),
        "verdicts": len(judges),
    }


# --- One payout


@require_safe
@panel_page
def payout(request: MemberRequest, reference: str) -> HttpResponse:
    """One payout: its steps, approvals and messages, and the forms to decide about it."""
    return show(request, reference)


@require_POST
@approver_page
def approve_payout(request: MemberRequest, reference: str) -> HttpResponse:
    """Approve a payout that waits for it."""
    form = ApproveForm(request.POST)
    return decide(request, reference, form, operations.approve, words.after_approval)


@require_POST
@approver_page
def refuse_payout(request: MemberRequest, reference: str) -> HttpResponse:
    """Refuse a payout that wasn't sent yet, with a reason."""
    form = RefuseForm(request.POST)
    return decide(request, reference, form, operations.refuse, words.after_refusal)


@require_POST
@approver_page
def payout_was_paid(request: MemberRequest, reference: str) -> HttpResponse:
    """Say that a payout with an unknown outcome was paid."""
    form, outcome = PaidForm(request.POST), Outcome.PAID
    return decide(
        request, reference, form, operations.resolve, words.after_verdict, outcome=outcome
    )


@require_POST
@approver_page
def payout_was_not_paid(request: MemberRequest, reference: str) -> HttpResponse:
    """Say that a payout with an unknown outcome wasn't paid."""
    form, outcome = NotPaidForm(request.POST), Outcome.NOT_PAID
    return decide(
        request, reference, form, operations.resolve, words.after_verdict, outcome=outcome
    )


def decide(
    request: MemberRequest,
    reference: str,
    form: forms.Form,
    operation: Callable[..., Attempt],
    announce: Callable[[Attempt], str],
    **more: str,
) -> HttpResponse:
    """Run the operation. On an error, show the current page with the submitted values."""
    attempt = get_object_or_404(queries.payouts(), transaction__reference=reference)
    if not form.is_valid():
        return show(request, reference, form=form, status=422)
    wanted = form.cleaned_data | more
    context = context_of(request, reason=wanted.pop("reason", ""))
    try:
        done = operation(context, attempt_id=attempt.pk, **wanted)
    except (AlreadySent, NotAllowed, TooLate) as refusal:
        attempt.refresh_from_db()
        problem = f"{refusal} {words.what_happened(attempt)}".strip()
        response = show(request, reference, form=form, problem=problem)
        return mark_page(response, refusal)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return mark_page(show(request, reference, form=form), refusal)
    notify = messages.info if done.is_replay else messages.success
    notify(request, announce(done))
    return redirect_to(request, reverse("adminpanel:payout", args=[reference]))


def show(
    request: MemberRequest,
    reference: str,
    *,
    form: forms.Form | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    found = queries.with_decisions(queries.payouts())
    attempt = get_object_or_404(found, transaction__reference=reference)
    decides = roles.may(request.user, roles.Right.DECIDE)
    may = choices(attempt, request.user) if decides else {}
    context = row(attempt, request.user, flags.habits([attempt])) | {
        "may": may,
        "steps": words.steps(attempt),
        "exchange": queries.messages_of(attempt),
        "events": events(subjects.transaction(reference)),
        "problem": problem,
        "refused": form,
        "opened": form.prefix if form else "",
        "typed": entered_text(form) if problem and form and not may.get(FORMS[type(form)]) else [],
        **forms_of(attempt, form, is_outdated=bool(problem)),
    }
    return render_part(request, "adminpanel/payout.html", context, part="payout", status=status)


def forms_of(
    attempt: Attempt, submitted: forms.Form | None, *, is_outdated: bool
) -> dict[str, forms.Form]:
    """The page's forms by name. A submitted one keeps what was entered.

    After an outdated one, the page shows the payout as it is now, so the reader has seen that.
    """
    seen = {"fingerprint": attempt.fingerprint}
    found = {f"{form.prefix}_form": form(initial=seen) for form in FORMS}
    if attempt.transaction.from_account_id is None:
        found["refuse_form"].fields["reason"].help_text = _("Staff read this.")
    if submitted:
        if is_outdated:
            entered = {name: submitted[name].value() for name in submitted.fields}
            submitted = type(submitted)(initial=entered | seen)
        found[f"{submitted.prefix}_form"] = submitted
    return found


def choices(attempt: Attempt, person: User) -> dict[str, Any]:
    """What this person may do about the payout now, and why not the rest."""
    mine = next((one for one in attempt.approvals.all() if one.person_id == person.pk), None)
    is_unsent = attempt.state in (State.HELD, State.READY) and not attempt.may_have_been_sent
    to_pay, to_stop = (obstacle(attempt, person, is_approval=each) for each in (True, False))
    return {
        "mine": mine,
        "approve": attempt.state == State.HELD and not mine and not to_pay,
        "refuse": is_unsent and not mine and not to_stop,
        "resolve": attempt.state == State.UNKNOWN and not to_pay,
        "why_not": to_pay,
    }


def obstacle(attempt: Attempt, person: User, *, is_approval: bool) -> str:
    """Why this person may not decide about the payout, as a sentence. Empty if they may."""
    try:
        people.refuse_decider(attempt.transaction, person.pk, is_approval=is_approval)
    except NotAllowed as refusal:
        return str(refusal)
    return ""


def entered_text(form: forms.Form) -> list[tuple[str, str]]:
    """(label, text) of what was entered in a form that the page may no longer show."""
    visible = [(str(field.label), field.value()) for field in form.visible_fields()]
    return [(label, text) for label, text in visible if text]
