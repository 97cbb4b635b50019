"""A statement as a CSV file, for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _

from ledger.csv_export import Cell, csv_download
from ledger.statements.lines import Line
from ledger.statements.statement import Statement
from wallet.money import shillings


def file_name(statement: Statement, ending: str) -> str:
    first, last = statement.period
    goal = f"goal-{statement.goal.pk}-" if statement.goal else ""
    return f"nissmart-statement-{goal}{first}-to-{last}.{ending}"


def download(statement: Statement) -> StreamingHttpResponse:
    """The whole statement, streamed."""
    return csv_download(file_name(statement, "csv"), headings(), rows(statement))


def headings() -> list[str]:
    return [
        _("Date"),
        _("Description"),
        _("Type"),
        _("Note"),
        _("Reference"),
        _("Receipt"),
        _("Currency"),
        _("Money in"),
        _("Money out"),
        _("Fee"),
        _("Balance"),
    ]


def rows(statement: Statement) -> Iterator[list[Cell]]:
    """The balance at the start, the lines, the balance at the end with the sums."""
    currency, totals = statement.account.currency, statement.totals
    starts_at, ends_at = statement.starts_at, statement.ends_at
    blank: list[Cell] = [None] * 4
    opening = shillings(statement.opening_cents)
    yield [starts_at, _("Opening balance"), *blank, currency, None, None, None, opening]
    for line in statement.every_line():
        yield row(line, currency)
    sums = map(shillings, totals[:3])
    closing = shillings(statement.closing_cents)
    yield [ends_at, _("Closing balance"), *blank, currency, *sums, closing]


def row(line: Line, currency: str) -> list[Cell]:
    amount = shillings(abs(line.amount_cents))
    is_in = line.amount_cents > 0
    return [
        line.at,
        line.title,
        str(line.kind.label),
        line.own_note or None,
        line.reference,
        line.receipt,
        currency,
        amount if is_in else None,
        amount if not is_in and not line.is_fee else None,
        amount if not is_in and line.is_fee else None,
        shillings(line.balance_cents),
    ]
