"""A report as a file for spreadsheets: CSV or XLSX. Both have the same rows."""

from __future__ import annotations

import io
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from adminpanel.reports.balance import Report
from adminpanel.reports.trial import Trial, balance
from ledger.csv_export import Cell, csv_download, escape, headers_of
from ledger.querysets import NAIROBI
from wallet.money import shillings

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
AMOUNT = "#,##0.00"
WIDTH = 18


class Sheet(NamedTuple):
    """What a file holds. Its name has no ending."""

    name: str
    title: str
    headings: list[str]
    rows: list[list[Cell]]


def download(sheet: Sheet, format: str) -> HttpResponseBase:
    if format == "csv":
        return csv_download(f"{sheet.name}.csv", sheet.headings, sheet.rows)
    headers = headers_of(f"{sheet.name}.xlsx") | {"Content-Type": XLSX}
    return HttpResponse(xlsx(sheet), headers=headers)


def xlsx(sheet: Sheet) -> bytes:
    """The workbook, written row by row."""
    book = Workbook(write_only=True)
    page = book.create_sheet(sheet.title[:31])
    page.freeze_panes = "A2"
    for at in range(len(sheet.headings)):
        page.column_dimensions[chr(ord("A") + at)].width = WIDTH * (2 if at == 1 else 1)
    page.append([written(page, text, bold=True) for text in sheet.headings])
    for row in sheet.rows:
        page.append([written(page, cell) for cell in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def written(page: object, cell: Cell, *, bold: bool = False) -> WriteOnlyCell:
    """One cell. Text stays text: openpyxl would make a formula of what begins with `=`."""
    value: object = cell
    if isinstance(cell, datetime):
        value = timezone.localtime(cell, NAIROBI).replace(tzinfo=None)
    made = WriteOnlyCell(page, value=escape(cell) if isinstance(cell, str) else value)
    if isinstance(cell, Decimal):
        made.number_format = AMOUNT
    if bold:
        made.font = Font(bold=True)
    return made


def of_report(report: Report) -> Sheet:
    first, last = report.now.span
    what = "members" if report.is_of_members else report.accounts[0].code
    now, then = report.now, report.then
    headings = [
        _("Account"),
        _("Line"),
        *(_("Entries"), f"KES {now.span}"),
        *(_("Entries before"), f"KES {then.span}"),
    ]
    code = what if not report.is_of_members else "+".join(one.code for one in report.accounts)

    def edge(label: str, now_cents: int, then_cents: int) -> list[Cell]:
        return [code, label, None, shillings(now_cents), None, shillings(then_cents)]

    rows = [edge(_("Opening balance"), now.opening_cents, then.opening_cents)]
    for line in report.lines:
        sums = (line.now, line.then)
        cells: list[Cell] = [cell for one in sums for cell in (one.entries, shillings(one.cents))]
        rows.append([code, line.label, *cells])
    rows.append(edge(_("Closing balance"), now.closing_cents, then.closing_cents))
    name = f"nissmart-balance-{what}-{first}-to-{last}"
    return Sheet(name, _("Balance report"), headings, rows)


def of_trial(trial: Trial, first: object, last: object) -> Sheet:
    pairs = (_("Opening"), _("Moved"), _("Closing"))
    sides = [(pair, side) for pair in pairs for side in (_("debit"), _("credit"))]
    headings = [_("Account"), _("Name"), _("Type"), *(f"{pair}, {side}" for pair, side in sides)]
    rows: list[list[Cell]] = []
    for row in trial.rows:
        moved = (row.debit_cents, row.credit_cents)
        cents = (*balance(row.opening_cents), *moved, *balance(row.closing_cents))
        names = (row.account.code, str(row.account.label), row.account.type)
        rows.append([*names, *map(shillings, cents)])
    totals = (each for pair in trial.pairs for each in pair)
    rows.append([None, _("Total"), None, *map(shillings, totals)])
    return Sheet(f"nissmart-trial-balance-{first}-to-{last}", _("Trial balance"), headings, rows)
