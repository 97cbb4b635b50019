"""A statement as a PDF file: A4, one row for each line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from fpdf.enums import Align

from ledger.documents.paper import (
    BOTTOM,
    INK,
    LEFT,
    MUTED,
    RIGHT,
    Check,
    Paper,
    Style,
    minute,
)
from ledger.statements.csv import file_name
from ledger.statements.issuing import issue
from ledger.statements.lines import Line
from ledger.statements.statement import Statement, TooManyLines
from wallet.money import format_amount
from wallet.phones import national

# A page takes about 30 ms, so this is the work of a second or two.
LINES_AT_MOST = 2_000

# Where each column begins, or for amounts ends.
DATE, WHAT, REFERENCE, IN, OUT, BALANCE = LEFT, 48, 106, 151, 171, RIGHT
WHAT_WIDTH = REFERENCE - WHAT - 3
SIZE, DETAIL_SIZE = 8.5, 8
GAP = 1.2
ROW_HEIGHT, DETAIL_HEIGHT = 6.6, 3.6
FIRST_TOP, OTHER_TOP = 84, 42


TOO_MANY = _lazy(
    "This statement has {count} lines, too many for a PDF file. Choose a shorter period, or "
    "download the spreadsheet."
)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table. `details` are the lines under the description, `beside` is after it."""

    date: str
    what: str
    beside: str = ""
    reference: str = ""
    into: str = ""
    out: str = ""
    balance: str = ""
    details: tuple[str, ...] = ()
    style: Style = ""

    @property
    def height(self) -> float:
        return ROW_HEIGHT + DETAIL_HEIGHT * len(self.details)


def download(statement: Statement, check: Callable[[str], Check]) -> HttpResponse:
    """The whole statement, with its code. Raises TooManyLines."""
    if statement.totals.line_count > LINES_AT_MOST:
        raise TooManyLines(TOO_MANY, count=f"{statement.totals.line_count:,}")
    issued = issue(statement)
    paper = draw(statement, issued.issued_at, check(issued.code))
    return paper.download(file_name(statement, "pdf"))


def draw(statement: Statement, issued_at: datetime, check: Check) -> Paper:
    """The same statement again is the same document, with the time of its code."""
    title = _("Nissmart statement, {period}").format(period=statement.period)
    paper = Paper(title, issued_at)
    pages = paginate(rows_of(paper, statement))
    for number, rows in enumerate(pages, start=1):
        paper.begin_page()
        draw_heading(paper, statement)
        if number == 1:
            draw_summary(paper, statement, issued_at)
        draw_table(paper, rows, FIRST_TOP if number == 1 else OTHER_TOP)
        owner = f"{statement.owner.name} · {statement.of_what}"
        paper.foot(owner, check, number, len(pages))
    return paper


def rows_of(paper: Paper, statement: Statement) -> list[Row]:
    opening, closing = statement.opening_cents, statement.closing_cents
    totals = statement.totals
    return [
        Row(minute(statement.starts_at), _("Opening balance"), balance=format_amount(opening)),
        *(row_of(paper, line) for line in statement.every_line()),
        Row(
            minute(statement.ends_at),
            _("Closing balance"),
            into=format_amount(totals.in_cents),
            out=format_amount(totals.out_cents + totals.fees_cents),
            balance=format_amount(closing),
            style="B",
        ),
    ]


def row_of(paper: Paper, line: Line) -> Row:
    amount = format_amount(abs(line.amount_cents))
    is_in = line.amount_cents > 0
    title, *more = paper.wrap(line.title, WHAT_WIDTH, SIZE)
    about = " · ".join(line.details)
    beside, under = about, []
    left = WHAT_WIDTH - paper.width_of(title, SIZE) - GAP
    if more or paper.width_of(about, DETAIL_SIZE) > left:
        beside, under = "", paper.wrap(about, WHAT_WIDTH, DETAIL_SIZE) if about else []
    return Row(
        date=minute(line.at),
        what=title,
        beside=beside,
        reference=line.reference,
        into=amount if is_in else "",
        out="" if is_in else amount,
        balance=format_amount(line.balance_cents),
        details=(*more, *under),
    )


def paginate(rows: list[Row]) -> list[list[Row]]:
    """The rows of each page."""
    pages: list[list[Row]] = [[]]
    y = FIRST_TOP + ROW_HEIGHT
    for row in rows:
        if y + row.height > BOTTOM:
            pages.append([])
            y = OTHER_TOP + ROW_HEIGHT
        pages[-1].append(row)
        y += row.height
    return pages


def draw_heading(paper: Paper, statement: Statement) -> None:
    title = _("Savings statement") if statement.goal else _("Wallet statement")
    paper.say(RIGHT, 19, title, size=15, style="B", align=Align.R)
    paper.say(RIGHT, 25, str(statement.period), size=9.5, align=Align.R)


def draw_summary(paper: Paper, statement: Statement, issued_at: datetime) -> None:
    """Whose statement it is, and its five sums."""
    owner, totals = statement.owner, statement.totals
    contact = national(owner.phone) if owner.phone else owner.email or ""
    words = _("savings goal {name}") if statement.goal else _("account {name}")
    account = words.format(name=statement.of_what)
    paper.say(LEFT, 38, owner.name, size=11, style="B")
    paper.say(LEFT, 43.5, ", ".join(filter(None, [contact, account])), colour=MUTED)
    made = _("Made on {time}, East Africa Time. All amounts in Kenyan shillings (KES).")
    paper.say(LEFT, 48.5, made.format(time=minute(issued_at)), size=8.5, colour=MUTED)
    sums = [
        (_("Opening balance"), statement.opening_cents),
        (_("Money in"), totals.in_cents),
        (_("Money out"), totals.out_cents),
        (_("Fees"), totals.fees_cents),
        (_("Closing balance"), statement.closing_cents),
    ]
    top, height, width = 55, 17, (RIGHT - LEFT) / len(sums)
    paper.set_draw_color(*MUTED)
    paper.set_line_width(0.2)
    paper.rect(LEFT, top, RIGHT - LEFT, height, round_corners=True, corner_radius=1.6)
    for place, (label, cents) in enumerate(sums):
        x = LEFT + place * width
        if place:
            paper.line(x, top, x, top + height)
        paper.say(x + 3, top + 6, label, size=8, colour=MUTED)
        paper.say(x + 3, top + 12.5, format_amount(cents), size=11, style="B")


def draw_table(paper: Paper, rows: list[Row], top: float) -> None:
    for x, words, align in (
        (DATE, _("Date"), Align.L),
        (WHAT, _("Description"), Align.L),
        (REFERENCE, _("Reference"), Align.L),
        (IN, _("In"), Align.R),
        (OUT, _("Out"), Align.R),
        (BALANCE, _("Balance"), Align.R),
    ):
        paper.say(x, top, words, size=8, style="B", colour=MUTED, align=align)
    paper.rule(top + 2.2, INK, 0.3)
    y = top + ROW_HEIGHT
    for row in rows:
        draw_row(paper, row, y)
        y += row.height
        paper.rule(y - 4.4)


def draw_row(paper: Paper, row: Row, y: float) -> None:
    paper.say(DATE, y, row.date, size=SIZE, style=row.style)
    end = paper.say(WHAT, y, row.what, size=SIZE, style=row.style)
    paper.say(end + GAP, y, row.beside, size=DETAIL_SIZE, colour=MUTED)
    paper.say(REFERENCE, y, row.reference, size=8)
    for x, text in ((IN, row.into), (OUT, row.out), (BALANCE, row.balance)):
        paper.say(x, y, text, size=SIZE, style=row.style, align=Align.R)
    for detail in row.details:
        y += DETAIL_HEIGHT
        paper.say(WHAT, y, detail, size=DETAIL_SIZE, colour=MUTED)
