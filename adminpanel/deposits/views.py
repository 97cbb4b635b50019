"""The list of deposits that haven't reached a wallet."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from adminpanel.access import panel_page
from adminpanel.deposits import export, queries
from adminpanel.deposits.queries import Tab
from ledger.csv_export import answer_without_rows
from wallet.web import paging
from wallet.web.http import MemberRequest, context_of


@require_safe
@panel_page
def deposits(request: MemberRequest) -> HttpResponseBase:
    """Deposits of one tab, newest first, as a page or as CSV."""
    tab = queries.tab_named(request.GET.get("tab", ""))
    if request.GET.get("format") == "csv":
        return export_csv(request, tab)
    return show(request, tab)


def show(request: MemberRequest, tab: Tab) -> HttpResponse:
    page = paging.page(tab.found(), request.GET.get("cursor"), settings.PAGE_SIZE_PANEL)
    context = {
        "rows": [tab.to_row(one) for one in page.rows],
        "next_cursor": page.next_cursor,
        "tab": tab,
        "tabs": [(each, each.count()) for each in queries.TABS],
        "suspense_cents": queries.in_suspense_cents(),
    }
    return render(request, "adminpanel/deposits.html", context)


def export_csv(request: MemberRequest, tab: Tab) -> HttpResponseBase:
    """A GET, so that it's a plain link, although it adds an audit event."""
    if answer := answer_without_rows(request, export.FILE):
        return answer
    export.record(context_of(request), tab)
    return export.file(tab)
