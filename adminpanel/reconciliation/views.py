"""The list of statements, the form that uploads one, and the page of one: preview and import."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from adminpanel.access import maker_page, panel_page
from adminpanel.models import Statement
from adminpanel.reconciliation import operations, queries
from adminpanel.reconciliation.forms import ColumnsForm, UploadForm
from wallet.context import Context
from wallet.errors import Refusal
from wallet.web import paging
from wallet.web.http import MemberRequest, asks_for, context_of, redirect_to, render_part
from wallet.web.refusals import page_status


@require_safe
@panel_page
def reconciliation(request: MemberRequest) -> HttpResponse:
    """The statements of rails and banks, newest first."""
    found = queries.statements()
    page = paging.page(found, request.GET.get("cursor"), settings.PAGE_SIZE_PANEL)
    context = {
        "rows": [(one, queries.account_label(one), queries.source_of(one)) for one in page.rows],
        "next_cursor": page.next_cursor,
        "balance_checks": queries.balance_checks(),
    }
    return render(request, "adminpanel/reconciliation.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@maker_page
def import_statement(request: MemberRequest) -> HttpResponse:
    """Upload a statement. Its preview follows."""
    form, status = UploadForm(request.POST or None, request.FILES or None), 200
    if request.method == "POST":
        form, status = UploadForm(request.POST, request.FILES), 422
        if form.is_valid():
            try:
                statement, is_new = operations.upload(context_of(request), form.given())
            except Refusal as refused:
                form.add_error(refused.field, str(refused))
                status = page_status(refused)
            else:
                if not is_new:
                    messages.info(request, _("This file is here already. Nothing changed."))
                return redirect_to(request, url_of(statement.pk))
    context = {"form": form}
    template = "adminpanel/import_statement.html"
    return render_part(request, template, context, part="uploading", status=status)


def url_of(statement_id: int) -> str:
    return reverse("adminpanel:statement", args=[statement_id])


@require_safe
@panel_page
def statement(request: MemberRequest, statement_id: int) -> HttpResponse:
    """What a file says, before and after it's imported."""
    found = get_object_or_404(Statement, pk=statement_id)
    if asks_for(request, "progress") and not found.is_working:
        # All of the page is different now.
        return HttpResponseClientRefresh()
    return show(request, found)


@require_POST
@maker_page
def set_columns(request: MemberRequest, statement_id: int) -> HttpResponse:
    """Say what the columns mean, and read the file again."""
    found = get_object_or_404(Statement, pk=statement_id)
    form = ColumnsForm(request.POST, found)
    if not form.is_valid():
        return show(request, found, form=form, status=422)

    def act(context: Context, statement_id: int) -> Statement:
        changed = operations.set_columns(context, statement_id, form.columns())
        if changed.size <= operations.READ_NOW_AT_MOST:
            operations.read_now(changed)
        return changed

    return decide(request, found, act)


@require_POST
@maker_page
def confirm_statement(request: MemberRequest, statement_id: int) -> HttpResponse:
    """Import the lines. The worker does it."""
    return decide(request, get_object_or_404(Statement, pk=statement_id), operations.confirm)


@require_POST
@maker_page
def drop_statement(request: MemberRequest, statement_id: int) -> HttpResponse:
    """Don't import this file."""
    found = get_object_or_404(Statement, pk=statement_id)
    return decide(request, found, operations.drop, _("Dropped. Nothing was imported."))


def decide(
    request: MemberRequest,
    found: Statement,
    act: Callable[[Context, int], Statement],
    words: str = "",
) -> HttpResponse:
    try:
        changed = act(context_of(request), found.pk)
    except Refusal as refused:
        found.refresh_from_db()
        return show(request, found, problem=str(refused), status=page_status(refused))
    if words:
        messages.success(request, words)
    is_over = changed.state == Statement.State.DROPPED
    return redirect_to(
        request, reverse("adminpanel:reconciliation") if is_over else url_of(found.pk)
    )


def show(
    request: MemberRequest,
    found: Statement,
    *,
    form: ColumnsForm | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {"statement": found, "problem": problem, **queries.facts_of(found)}
    if found.state == Statement.State.PREVIEW and found.format == "bank-csv":
        context["form"] = form or ColumnsForm(None, found)
    part = "progress" if asks_for(request, "progress") else "statement"
    template = "adminpanel/statement.html"
    return render_part(request, template, context, part=part, status=status)
