"""The statement of a member's account, for staff: the same as the member's, by the same code."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from adminpanel.access import panel_page
from ledger.csv_export import answer_without_rows
from ledger.documents.files import check_of, limit_files
from ledger.querysets import nairobi_day
from ledger.statements import csv, pdf, statement
from ledger.statements.forms import StatementForm
from ledger.statements.period import presets
from ledger.statements.statement import Statement
from ledger.statements.views import lines_of_page
from wallet.db import replica
from wallet.errors import Refusal
from wallet.models import Account
from wallet.staff import access, audit, subjects
from wallet.web.http import MemberRequest, context_of
from wallet.web.refusals import mark_page


@require_safe
@panel_page
def account_statement(request: MemberRequest, account_id: int) -> HttpResponseBase:
    """The statement of a wallet or a goal. Reading it is in the audit, and so is each file."""
    accounts = Account.objects.filter(user__isnull=False).select_related("user", "goal")
    account = get_object_or_404(accounts, pk=account_id)
    assert account.user_id
    access.open_member(context_of(request), account.user_id)
    form = StatementForm(request.GET, [account])
    if form.period is None:
        return page(request, form, account, None)
    with replica.reads():
        made = statement.of(account, form.period)
    format = request.GET.get("format", "")
    if not format:
        return page(request, form, account, made)
    if format not in ("csv", "pdf"):
        raise BadRequest("a statement has no such format")
    return file(request, form, made, format)


def file(
    request: MemberRequest, form: StatementForm, made: Statement, format: str
) -> HttpResponseBase:
    if answer := answer_without_rows(request, csv.file_name(made, format)):
        return answer
    first, last = made.period
    filters = {"statement": format, "from": str(first), "to": str(last)}
    subject = subjects.account(made.account.pk)
    try:
        if format == "pdf":
            limit_files(request)
        audit.record(context_of(request), audit.Action.EXPORT, subject, filters=filters)
        if format == "csv":
            return csv.download(made)
        return pdf.download(made, lambda code: check_of(request, code))
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return mark_page(page(request, form, made.account, made), refusal)


def page(
    request: MemberRequest, form: StatementForm, account: Account, made: Statement | None
) -> HttpResponse:
    context = {
        "form": form,
        "account": account,
        "presets": presets(nairobi_day(account.created_at)),
        "made": made,
    }
    if made:
        context |= lines_of_page(made, request.GET.get("page", ""))
    status = 422 if form.errors else 200
    return render(request, "adminpanel/account_statement.html", context, status=status)
