"""The audit: what staff did."""

from __future__ import annotations

from typing import NamedTuple

from django.conf import settings
from django.http import Http404, HttpResponseBase, QueryDict
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from adminpanel.access import panel_page
from adminpanel.audit import export, words
from adminpanel.audit.forms import AuditFilter
from adminpanel.exports.datasets import Asked
from adminpanel.exports.handing_over import hand_over
from ledger.csv_export import answer_without_rows
from wallet.models import AuditEvent
from wallet.web import paging
from wallet.web.http import MemberRequest, context_of, render_part


class Line(NamedTuple):
    event: AuditEvent
    actor: str
    role: str
    facts: list[words.Fact]
    url: str | None


@require_safe
@panel_page
def audit(request: MemberRequest) -> HttpResponseBase:
    """Every staff action, newest first, with the URL's filters."""
    form = AuditFilter(request.GET)
    if request.GET.get("format") == "csv" and form.is_valid():
        return export_csv(request, form)
    found = form.narrow(AuditEvent.objects.select_related("actor"))
    cursor = request.GET.get("cursor")
    if cursor and not paging.is_id(cursor):
        raise Http404
    found = found.prefetch_related("actor__groups")
    page = paging.page(found, cursor, settings.PAGE_SIZE_PANEL)
    context = {
        "form": form,
        "lines": [line(event) for event in page.rows],
        "chips": form.chips,
        "is_filtered": form.is_filtered,
        "next_cursor": page.next_cursor,
    }
    status = 200 if form.is_valid() else 422
    return render_part(request, "adminpanel/audit.html", context, part="audit", status=status)


def export_csv(request: MemberRequest, form: AuditFilter) -> HttpResponseBase:
    """The filtered events as CSV. The export is an event too, but not a row of its file."""
    if answer := answer_without_rows(request, export.FILE):
        return answer
    event_id = export.record(context_of(request), form.active)
    query = QueryDict(urlencode(form.active))
    return hand_over(request, export.AUDIT, Asked(query, through_id=event_id - 1))


def line(event: AuditEvent) -> Line:
    return Line(
        event,
        words.actor_name(event),
        words.role_of(event.actor),
        words.facts_of(event),
        words.url_of_subject(event.subject),
    )
