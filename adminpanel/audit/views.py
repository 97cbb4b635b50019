"""What staff did."""

from __future__ import annotations

from typing import NamedTuple

from django.conf import settings
from django.http import Http404, HttpResponseBase
from django.views.decorators.http import require_safe

from adminpanel import exports
from adminpanel.access import panel_page
from adminpanel.audit import queries
from adminpanel.audit import words as acts
from adminpanel.audit.forms import AuditFilter
from adminpanel.csv_export import Cell, csv_file, without_rows
from wallet.models import AuditEvent
from wallet.web.http import MemberRequest, ip_address, render_part


class Line(NamedTuple):
    event: AuditEvent
    actor: str
    role: str
    facts: list[acts.Fact]
    url: str | None


FILE = "nissmart-audit"
HEADINGS = ("id", "at", "actor", "actor_id", "action", "subject", "reason", "facts", "address")


@require_safe
@panel_page
def audit(request: MemberRequest) -> HttpResponseBase:
    """Every act of staff, newest first, filtered by what the address says."""
    form = AuditFilter(request.GET)
    if request.GET.get("format") == "csv" and form.is_valid():
        return export(request, form)
    found = form.narrow(AuditEvent.objects.select_related("actor"))
    cursor = request.GET.get("cursor", "")
    if cursor:
        if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 19):
            raise Http404
        found = found.filter(pk__lt=int(cursor))
    size = settings.PAGE_SIZE_PANEL
    events = list(found.prefetch_related("actor__groups").order_by("-pk")[: size + 1])
    context = {
        "form": form,
        "lines": [line(event) for event in events[:size]],
        "chips": form.chips,
        "is_filtered": form.is_filtered,
        "next_cursor": events[size - 1].pk if len(events) > size else None,
    }
    status = 200 if form.is_valid() else 422
    return render_part(request, "adminpanel/audit.html", context, part="audit", status=status)


def export(request: MemberRequest, form: AuditFilter) -> HttpResponseBase:
    """The filtered acts as a file; taking it is an act too, but not one of its own rows."""
    if answer := without_rows(request, FILE):
        return answer
    last_id = exports.export_audit(
        actor_id=request.user.pk, filters=form.in_use, address=ip_address(request)
    )
    found = form.narrow(AuditEvent.objects.select_related("actor")).filter(pk__lt=last_id)
    return csv_file(FILE, HEADINGS, map(cells, queries.batches(found)))


def cells(event: AuditEvent) -> list[Cell]:
    """In the order of HEADINGS."""
    return [
        event.pk,
        event.at,
        acts.actor_name(event),
        event.actor_id,
        event.action,
        event.subject,
        event.reason,
        acts.in_words(event),
        event.address,
    ]


def line(event: AuditEvent) -> Line:
    return Line(
        event,
        acts.actor_name(event),
        acts.role_of(event.actor),
        acts.facts_of(event),
        acts.link_of(event.subject),
    )
