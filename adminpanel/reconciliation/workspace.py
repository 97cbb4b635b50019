"""The workspace of a statement: its lines beside our movements, and what to do with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_POST, require_safe

from adminpanel.access import finance_page, panel_page
from adminpanel.models import Movement, Statement
from adminpanel.reconciliation import advice, by_hand, standing
from adminpanel.reconciliation.match_forms import MovementNoteForm, OwnerForm, UndoForm
from adminpanel.reconciliation.queries import account_label
from adminpanel.timeline import events
from wallet.errors import Refusal
from wallet.models import AuditEvent
from wallet.staff import subjects
from wallet.staff.roles import Right, may
from wallet.web import paging
from wallet.web.http import MemberRequest, context_of, redirect_to, render_part
from wallet.web.refusals import page_status

TABS = (
    (standing.OPEN, _lazy("Open")),
    (standing.SUGGESTED, _lazy("Suggested")),
    (standing.OWNED, _lazy("Owned exceptions")),
    (standing.MATCHED, _lazy("Matched")),
)


@require_safe
@panel_page
def workspace(request: MemberRequest, statement_id: int) -> HttpResponse:
    """Statement on the left, ledger on the right, and the difference with its parts."""
    return show(request, statement_id)


@require_POST
@finance_page
def match_movements(request: MemberRequest, statement_id: int) -> HttpResponse:
    """Match the ticked lines, or the two of a suggestion."""
    chosen = ids_in(request.POST.get("pair", "").split() or request.POST.getlist("movement"))
    try:
        made = by_hand.match(context_of(request), movement_ids=chosen)
    except Refusal as refused:
        status = page_status(refused)
        return show(request, statement_id, problem=str(refused), chosen=chosen, status=status)
    if made.difference_cents:
        messages.info(request, _("Matched, but the amounts differ, so it stays open."))
    else:
        messages.success(request, _("Matched."))
    return redirect_to(request, reverse("adminpanel:workspace", args=[statement_id]))


def ids_in(values: list[str]) -> list[int]:
    return [int(value) for value in values[: by_hand.AT_MOST + 1] if paging.is_id(value)]


def show(
    request: MemberRequest,
    statement_id: int,
    *,
    problem: str = "",
    chosen: list[int] | None = None,
    status: int = 200,
) -> HttpResponse:
    statement = get_object_or_404(Statement, pk=statement_id, state=Statement.State.IMPORTED)
    cutoff = getattr(statement, "cutoff", None)
    tab = request.GET.get("tab", standing.OPEN)
    tab = tab if tab in dict(TABS) else standing.OPEN
    context: dict[str, Any] = {
        "statement": statement,
        "account_label": account_label(statement),
        "problem": problem,
        "chosen": chosen or [],
        "tab": tab,
        "tabs": TABS,
        "ticks": tab != standing.MATCHED and may(request.user, Right.WORK),
    }
    if cutoff:
        listed = standing.with_sides(standing.movements_of_tab(tab, statement, cutoff))
        context |= {
            "equation": standing.equation(cutoff),
            "places": standing.places(statement, cutoff),
            "lines": rows(request, "lines", listed.lines()),
            "entries": rows(request, "entries", listed.entries()),
        }
    template = "adminpanel/workspace.html"
    return render_part(request, template, context, part="workspace", status=status)


def rows(request: MemberRequest, side: str, found: Any) -> dict[str, Any]:
    """A page of one side, newest first."""
    cursor = request.GET.get(side)
    page = paging.page(found, cursor, settings.PAGE_SIZE_PANEL, time="at")
    state = request.GET.copy()
    state[side] = page.next_cursor or ""
    return {
        "name": side,
        "rows": [(one, advice.what(one)) for one in page.rows],
        "next_cursor": page.next_cursor,
        "next_url": f"?{state.urlencode()}",
        "is_later": bool(cursor),
    }


# --- One movement


@require_safe
@panel_page
def movement(request: MemberRequest, movement_id: int) -> HttpResponse:
    """One line or one movement of ours: its match, or what to do about it."""
    return show_movement(request, movement_id)


@require_POST
@finance_page
def own_movement(request: MemberRequest, movement_id: int) -> HttpResponse:
    """Say who looks after it."""
    form = OwnerForm(request.POST)

    def act() -> str:
        owner = form.cleaned_data["owner"]
        owner_id = owner.pk if owner else None
        by_hand.own(context_of(request), movement_id=movement_id, owner_id=owner_id)
        return _("Owner saved.")

    return act_on(request, movement_id, form, act)


@require_POST
@finance_page
def note_movement(request: MemberRequest, movement_id: int) -> HttpResponse:
    """Add a note."""
    form = MovementNoteForm(request.POST)

    def act() -> str:
        context = context_of(request, key=form.cleaned_data["key"])
        by_hand.note(context, movement_id=movement_id, text=form.cleaned_data["text"])
        return _("Note added.")

    return act_on(request, movement_id, form, act)


@require_POST
@finance_page
def undo_match(request: MemberRequest, movement_id: int) -> HttpResponse:
    """End the match that the page showed."""
    form = UndoForm(request.POST)
    named = request.POST.get("match", "")

    def act() -> str:
        context = context_of(request, reason=form.cleaned_data["reason"])
        by_hand.undo(context, match_id=int(named) if paging.is_id(named) else 0)
        return _("Undone. Its lines are open again.")

    return act_on(request, movement_id, form, act)


@require_POST
@finance_page
def ask_receipt(request: MemberRequest, movement_id: int) -> HttpResponse:
    """Ask the rail about a payment that our books don't have."""

    def act() -> str:
        by_hand.ask_receipt(context_of(request), movement_id=movement_id)
        return _("The rail is being asked. Once it confirms the payment, it's in suspense.")

    return act_on(request, movement_id, None, act)


def act_on(
    request: MemberRequest, movement_id: int, form: forms.Form | None, act: Callable[[], str]
) -> HttpResponse:
    get_object_or_404(Movement, pk=movement_id)
    if form and not form.is_valid():
        return show_movement(request, movement_id, form=form, status=422)
    try:
        words = act()
    except Refusal as refused:
        status = page_status(refused)
        return show_movement(request, movement_id, form=form, problem=str(refused), status=status)
    messages.success(request, words)
    return redirect_to(request, reverse("adminpanel:movement", args=[movement_id]))


def show_movement(
    request: MemberRequest,
    movement_id: int,
    *,
    form: forms.Form | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    found = standing.with_sides(Movement.objects.select_related("match__made_by"))
    found = found.select_related("line__statement", "suggests__line")
    one = get_object_or_404(found, pk=movement_id)
    fresh = [OwnerForm(initial={"owner": one.owner_id}), MovementNoteForm(), UndoForm()]
    shown = {each.prefix: form if form and form.prefix == each.prefix else each for each in fresh}
    undone = one.parts.filter(match__undone_by__isnull=False)
    context = {
        "movement": one,
        "what": advice.what(one),
        "type": advice.type_of(one),
        "severity": advice.severity(one),
        "steps": advice.steps(one),
        "parts": [(each, advice.what(each)) for each in advice.parts_of(one.match)]
        if one.match
        else [],
        "earlier": [part.match for part in undone.select_related("match__undone_by")[:20]],
        "events": events(subjects.movement(one.pk)),
        "note_action": AuditEvent.Action.NOTE,
        "problem": problem,
        "refused": form,
        **{f"{prefix}_form": each for prefix, each in shown.items()},
    }
    return render(request, "adminpanel/movement.html", context, status=status)
