"""The reports: balance report, trial balance, books, and who gets them by mail."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from adminpanel.access import panel_page
from adminpanel.exports.datasets import Asked
from adminpanel.exports.handing_over import hand_over
from adminpanel.integrity.operations import request_unless_known
from adminpanel.reports import datasets, links, mailing, sheets
from adminpanel.reports.balance import Report, report
from adminpanel.reports.forms import BooksForm, MailForm
from adminpanel.reports.periods import AccountSpanForm, SpanForm
from adminpanel.reports.sheets import Sheet
from adminpanel.reports.trial import balance, trial
from ledger.csv_export import answer_without_rows
from wallet.db import replica
from wallet.staff import audit, subjects
from wallet.web.http import MemberRequest, context_of, redirect_to

FORMATS = ("csv", "xlsx")


@require_safe
@panel_page
def reports(request: MemberRequest) -> HttpResponseBase:
    """The balance report of the days asked for, beside the days before."""
    form = AccountSpanForm(request.GET)
    with replica.reads():
        found = report(form.picked, form.span) if form.is_valid() else None
    if found and not found.is_right:
        request_unless_known()
    if found and (format := format_of(request)):
        return file(request, sheets.of_report(found), format, form.query)
    context = common(form, "balance") | {"report": found}
    if found:
        context["lines"] = [(line, *urls_of(found, line.code)) for line in found.lines]
    status = 422 if form.errors else 200
    return render(request, "adminpanel/report_balance.html", context, status=status)


def urls_of(found: Report, code: str) -> tuple[str, str]:
    """What is behind the numbers of this line, in both periods."""
    now, then = (links.behind(found, code, side.span) for side in (found.now, found.then))
    return now, then


@require_safe
@panel_page
def trial_balance(request: MemberRequest) -> HttpResponseBase:
    """Every account of the books: opening balance, what moved, closing balance."""
    form = SpanForm(request.GET)
    with replica.reads():
        found = trial(form.span) if form.is_valid() else None
    if found and found.difference_cents:
        request_unless_known()
    if found and (format := format_of(request)):
        return file(request, sheets.of_trial(found, *form.span), format, form.query)
    context = common(form, "trial") | {"trial": found}
    if found:
        context["rows"] = [
            (row, balance(row.opening_cents), balance(row.closing_cents)) for row in found.rows
        ]
        context["difference_cents"] = found.difference_cents
    status = 422 if form.errors else 200
    return render(request, "adminpanel/report_trial.html", context, status=status)


def common(form: SpanForm, section: str) -> dict[str, Any]:
    return {"form": form, "section": section, "as_of": timezone.now()}


def format_of(request: MemberRequest) -> str:
    """The file that the URL asks for; empty for the page. Raises BadRequest."""
    format = request.GET.get("format", "")
    if format and format not in FORMATS:
        raise BadRequest("a report has no such format")
    return format


def file(request: MemberRequest, sheet: Sheet, format: str, query: str) -> HttpResponseBase:
    """The report as a file. It's in the audit, as every export."""
    if answer := answer_without_rows(request, sheet.name):
        return answer
    filters = {"report": sheet.title, "format": format} | QueryDict(query).dict()
    audit.record(context_of(request), audit.Action.EXPORT, subjects.LEDGER, filters=filters)
    return sheets.download(sheet, format)


@require_safe
@panel_page
def books(request: MemberRequest) -> HttpResponseBase:
    """Every entry of a period for a general ledger: the form, or the file."""
    is_asked = "format" in request.GET
    form = BooksForm(request.GET if is_asked else QueryDict("format=csv", mutable=False))
    if not is_asked or not form.is_valid():
        context = common(form, "books") | {"is_asked": is_asked}
        status = 422 if is_asked else 200
        return render(request, "adminpanel/report_books.html", context, status=status)
    if answer := answer_without_rows(request, "nissmart-books"):
        return answer
    chosen = {name: form.cleaned_data[name] for name in ("format", "account")}
    filters = {name: value for name, value in chosen.items() if value}
    filters |= QueryDict(form.query).dict()
    through_id = datasets.record(context_of(request), filters)
    query = QueryDict(mutable=True)
    query.update(filters)
    return hand_over(request, datasets.BOOKS[chosen["format"]], Asked(query, through_id))


@require_http_methods(["GET", "HEAD", "POST"])
@panel_page
def report_mails(request: MemberRequest) -> HttpResponse:
    """Which reports the person gets by mail."""
    if request.method == "POST":
        form = MailForm(request.POST)
        if form.is_valid():
            mailing.choose(context_of(request), set(form.cleaned_data["every"]))
            messages.success(request, _("Saved."))
            return redirect_to(request, reverse("adminpanel:report_mails"))
    else:
        form = MailForm(initial={"every": mailing.chosen(request.user)})
    context = {"form": form, "section": "mails"}
    status = 422 if form.errors else 200
    return render(request, "adminpanel/report_mails.html", context, status=status)
