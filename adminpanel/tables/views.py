"""The page about the tables: how large each is, and what the worker deletes from it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from adminpanel.access import panel_page
from adminpanel.tables import queries
from wallet.web.http import MemberRequest


@require_safe
@panel_page
def tables(request: MemberRequest) -> HttpResponse:
    """Every table of the database."""
    swept, others = queries.every_table()
    context = {"swept": swept, "others": others, "database_bytes": queries.database_bytes()}
    return render(request, "adminpanel/tables.html", context)
