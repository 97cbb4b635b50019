"""Pages of incidents."""

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
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from adminpanel.access import finance_page, panel_page
from adminpanel.incidents import operations, queries
from adminpanel.incidents.forms import (
    AssignForm,
    ChangeIncidentForm,
    IncidentNoteForm,
    LinkForm,
    OpenIncidentForm,
    ResolveForm,
    SeenForm,
)
from adminpanel.models import Incident
from adminpanel.timeline import events
from ledger import verify
from ledger.models import Transaction
from wallet.errors import Refusal
from wallet.models import AuditEvent
from wallet.staff import subjects
from wallet.web import paging
from wallet.web.http import MemberRequest, context_of, redirect_to, render_part
from wallet.web.refusals import page_status


@require_safe
@panel_page
def incidents(request: MemberRequest) -> HttpResponse:
    """Incidents in one state, newest first, with the count per state.

    `?severity=` alone shows the unresolved ones of that severity.
    """
    severity, is_severity = choice_in(request, "severity", Incident.Severity.values)
    state, is_state = choice_in(request, "state", Incident.State.values)
    if not severity:
        state = state or Incident.State.OPEN
    is_known = is_severity and is_state
    wanted = queries.incidents(state, severity) if is_known else Incident.objects.none()
    page = paging.page(wanted, request.GET.get("cursor"), settings.PAGE_SIZE_PANEL)
    counts = queries.incident_counts(severity)
    context = {
        "incidents": page.rows,
        "next_cursor": page.next_cursor,
        "state": state,
        "severity": severity,
        "severities": [("", _("Any")), *Incident.Severity.choices],
        "tabs": [(value, label, counts[value]) for value, label in Incident.State.choices],
        "is_known": is_known,
    }
    status = 200 if is_known else 422
    return render(request, "adminpanel/incidents.html", context, status=status)


def choice_in(request: MemberRequest, name: str, values: list[str]) -> tuple[str, bool]:
    """The parameter's value. The second item is False when it is none of `values`."""
    asked = request.GET.get(name, "").upper()
    return (asked, True) if asked in ("", *values) else ("", False)


@require_http_methods(["GET", "HEAD", "POST"])
@finance_page
def open_incident(request: MemberRequest) -> HttpResponse:
    """Open an incident by hand. `?transaction=` fills in a reference."""
    form = OpenIncidentForm(
        request.POST if request.method == "POST" else None,
        initial={"transactions": request.GET.get("transaction", "")[:40]},
    )
    status = 422 if form.is_bound else 200
    if form.is_valid():
        data = dict(form.cleaned_data)
        linked = [record.pk for record in data.pop("transactions")]
        context = context_of(request, key=data.pop("key"))
        try:
            incident = operations.open_by_hand(context, transaction_ids=linked, **data)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
            status = page_status(refusal)
        else:
            messages.success(request, _("Incident opened."))
            return redirect_to(request, reverse("adminpanel:incident", args=[incident.pk]))
    return render_part(
        request, "adminpanel/open_incident.html", {"form": form}, part="open", status=status
    )


@require_safe
@panel_page
def incident(request: MemberRequest, incident_id: int) -> HttpResponse:
    """One incident: its history and the forms to change it."""
    return show(request, incident_id)


@require_POST
@finance_page
def take_incident(request: MemberRequest, incident_id: int) -> HttpResponse:
    """Become the owner of an incident."""
    form = AssignForm(request.POST)
    form.put("owner", request.user.pk)
    return act(request, incident_id, form, operations.assign)


@require_POST
@finance_page
def assign_incident(request: MemberRequest, incident_id: int) -> HttpResponse:
    """Set or remove the owner."""
    return act(request, incident_id, AssignForm(request.POST), operations.assign)


@require_POST
@finance_page
def change_incident(request: MemberRequest, incident_id: int) -> HttpResponse:
    """Change the state or severity."""
    return act(request, incident_id, ChangeIncidentForm(request.POST), operations.change)


@require_POST
@finance_page
def resolve_incident(request: MemberRequest, incident_id: int) -> HttpResponse:
    """Resolve an incident."""
    return act(request, incident_id, ResolveForm(request.POST), operations.resolve)


@require_POST
@finance_page
def link_transactions(request: MemberRequest, incident_id: int) -> HttpResponse:
    """Link more transactions."""
    return act(request, incident_id, LinkForm(request.POST), operations.link)


@require_POST
@finance_page
def note_incident(request: MemberRequest, incident_id: int) -> HttpResponse:
    """Add a note to an incident."""
    return act(request, incident_id, IncidentNoteForm(request.POST), operations.add_note)


@require_POST
@finance_page
def unlink_transaction(request: MemberRequest, incident_id: int, reference: str) -> HttpResponse:
    """Unlink a transaction."""
    record = get_object_or_404(Transaction, reference=reference)
    return act(request, incident_id, None, operations.unlink, transaction_id=record.pk)


def act(
    request: MemberRequest,
    incident_id: int,
    form: forms.Form | None,
    operation: Callable[..., AuditEvent | None],
    **more: Any,
) -> HttpResponse:
    """Run the operation. On an error, show the current page with the submitted values."""
    get_object_or_404(Incident, pk=incident_id)
    if form and not form.is_valid():
        return show(request, incident_id, form=form, status=422)
    wanted = more | (arguments_of(form) if form else {})
    context = context_of(request, key=wanted.pop("key", None))
    try:
        event = operation(context, incident_id=incident_id, **wanted)
    except Refusal as refusal:
        status = page_status(refusal)
        return show(request, incident_id, form=form, problem=str(refusal), status=status)
    notify = messages.success if event else messages.info
    notify(request, queries.outcome(event))
    return redirect_to(request, reverse("adminpanel:incident", args=[incident_id]))


def arguments_of(form: forms.Form) -> dict[str, Any]:
    """The operation's arguments: ids in place of rows."""
    wanted = dict(form.cleaned_data)
    if "owner" in wanted:
        owner = wanted.pop("owner")
        wanted["owner_id"] = owner.pk if owner else None
    if "transactions" in wanted:
        wanted["transaction_ids"] = [record.pk for record in wanted.pop("transactions")]
    return wanted


def show(
    request: MemberRequest,
    incident_id: int,
    *,
    form: forms.Form | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    found = Incident.objects.select_related("owner", "opened_by")
    incident = get_object_or_404(queries.with_check(found), pk=incident_id)
    history = events(subjects.incident(incident.pk))
    seen = {"seen": history[0].pk if history else 0}
    fresh: list[forms.Form] = [
        AssignForm(initial=seen | {"owner": incident.owner_id}),
        ChangeIncidentForm(initial=seen | {"state": incident.state, "severity": incident.severity}),
        ResolveForm(initial=seen),
        LinkForm(),
        IncidentNoteForm(),
    ]
    if isinstance(form, SeenForm) and status == 409:
        # Keep the submitted values. The page shows the changes, so the reader has now seen them.
        form.put("seen", seen["seen"])
    shown = {one.prefix: form if form and form.prefix == one.prefix else one for one in fresh}
    context = {
        "incident": incident,
        "linked": incident.transactions.with_parties().order_by("-pk")[: queries.LINKED],
        "check": verify.by_name(incident.check_name),
        "other_checks": [
            check for name in incident.other_checks if (check := verify.by_name(name))
        ],
        "timeline": queries.timeline(history),
        "problem": problem,
        "refused": form,
        **{f"{prefix}_form": one for prefix, one in shown.items()},
        "is_open": incident.state != Incident.State.RESOLVED,
    }
    return render_part(request, "adminpanel/incident.html", context, part="incident", status=status)
