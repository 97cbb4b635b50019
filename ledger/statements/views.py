"""The statement of a member's account: on screen, as CSV and as PDF."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ledger.documents.files import check_of, limit_files
from ledger.querysets import nairobi_day
from ledger.statements import csv, pdf, statement
from ledger.statements.forms import StatementForm
from ledger.statements.period import presets
from ledger.statements.statement import Statement
from wallet.errors import Refusal
from wallet.models import Account
from wallet.web import paging
from wallet.web.http import MemberRequest
from wallet.web.refusals import mark_page

LINES_PER_PAGE = 50


@require_safe
@login_required
def of_period(request: MemberRequest) -> HttpResponseBase:
    """The statement of the member's wallet or of a goal; of this month by default."""
    accounts = Account.objects.filter(user=request.user.pk).select_related("user", "goal")
    own = list(accounts.order_by("pk"))
    account = asked_for(request, own)
    form = StatementForm(request.GET, own)
    if form.period is None:
        return page(request, form, account, None)
    made = statement.of(account, form.period)
    match request.GET.get("format", ""):
        case "":
            return page(request, form, account, made)
        case "csv":
            return csv.download(made)
        case "pdf":
            return pdf_file(request, form, made)
    raise BadRequest("a statement has no such format")


def asked_for(request: MemberRequest, own: list[Account]) -> Account:
    """One of the member's own accounts, by default the wallet. 404 for anything else."""
    asked = request.GET.get("account", "")
    for account in own:
        if str(account.pk) == asked or (not asked and account.kind == Account.Kind.WALLET):
            return account
    raise Http404


def pdf_file(request: MemberRequest, form: StatementForm, made: Statement) -> HttpResponse:
    try:
        limit_files(request)
        return pdf.download(made, lambda code: check_of(request, code))
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return mark_page(page(request, form, made.account, made), refusal)


def page(
    request: MemberRequest, form: StatementForm, account: Account, made: Statement | None
) -> HttpResponse:
    opened = nairobi_day(account.created_at)
    is_goal = account.kind == Account.Kind.GOAL
    context = {
        "form": form,
        "presets": presets(opened),
        "made": made,
        "goal": account.goal if is_goal else None,
        # For links to other days and to files of the same account.
        "same": f"account={account.pk}&" if is_goal else "",
    }
    if made:
        context |= lines_of_page(made, request.GET.get("page", ""))
    return render(request, "ledger/statement.html", context, status=422 if form.errors else 200)


def lines_of_page(made: Statement, asked: str) -> dict[str, object]:
    """The lines of this page of the list, and which pages are beside it.

    Pages are counted, since the lines of a statement only ever get more at its end.
    """
    last = max(1, -(-made.totals.line_count // LINES_PER_PAGE))
    number = min(max(int(asked), 1), last) if paging.is_id(asked) else 1
    return {
        "lines": made.some_lines((number - 1) * LINES_PER_PAGE, LINES_PER_PAGE),
        "page_number": number,
        "last_page": last,
        "earlier_page": number - 1 if number > 1 else None,
        "later_page": number + 1 if number < last else None,
    }
