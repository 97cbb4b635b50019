"""A CSV file reads back as it was written, and no cell of it is a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from random import Random

import pytest
from django.db import OperationalError

from ledger.csv_export import Cell, csv_chunks, csv_file, escape
from wallet.money import shillings

LEADS = ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"]
NASTY = [
    '=HYPERLINK("http://evil.example","click")',
    "=1+1",
    "+254712345678",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    " =1+1",
    "   -1",
    "\u00a0=1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "\u3000＝1",
    "﹣1",
]
HARMLESS = [
    "",
    " ",
    "Lunch",
    "a=b",
    "500",
    "123456789012345",
    "10.50",
    "3 chapatis",
    "Mary 2",
    "Mayor",
    "May",
    "203.0.113.9",
    "NS-7K2Q9PXM",
    "Amina, Ali",
    'the "best"',
    "two\nlines",
    "two\r\nlines",
    "semi;colon",
    "tab\there",
    "'quoted",
    "–",
    "−5",
    "O’Neil 💸",
]


def parse(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> list[list[str]]:
    text = "".join(csv_chunks(headings, rows)).removeprefix("\ufeff")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def formulas(rows: list[list[str]]) -> list[str]:
    """Cells that a spreadsheet would calculate, except plain numbers."""
    return [
        cell
        for row in rows
        for cell in row
        if cell.lstrip(" \u00a0\u3000\u200b\ufeff").startswith((*LEADS, "﹣"))
        and not is_number(cell)
    ]


def is_number(cell: str) -> bool:
    return cell.isascii() and cell.removeprefix("-").replace(".", "", 1).isdigit()


@pytest.mark.parametrize("text", NASTY)
def test_text_that_looks_like_a_formula_is_escaped(text):
    assert escape(text) == f"'{text}"


CHANGED = [
    "1-2", "1/2", "2026-11-25", "25.11.2026", "12:30", "12:30 PM", "5 May", "May 5", "5-Nov-2026",
    "Nov 2026", "december 25", "0712345678", "007", "1234567890123456", "12e5", "1E10", "50%",
    "1,000", "TRUE", "false", " 1/2",
]  # fmt: skip


@pytest.mark.parametrize("text", CHANGED)
def test_text_that_a_spreadsheet_would_convert_is_escaped(text):
    assert escape(text) == f"'{text}"


@pytest.mark.parametrize("text", HARMLESS)
def test_other_text_is_unchanged(text):
    assert escape(text) == text


def test_a_thousand_nasty_rows_read_back_as_written():
    random = Random(4)
    rows: list[list[str]] = [
        [
            random.choice([*LEADS, "", " ", '"', ","]) + random.choice(NASTY + HARMLESS)
            for _ in "abc"
        ]
        for _number in range(1_000)
    ]
    head, *back = parse(["a", "b", "c"], rows)
    assert head == ["a", "b", "c"]
    assert back == [[escape(cell) for cell in row] for row in rows]
    assert formulas(back) == []


def test_the_search_for_formulas_finds_unescaped_ones():
    text = io.StringIO()
    csv.writer(text).writerows([[cell] for cell in NASTY])
    back = list(csv.reader(io.StringIO(text.getvalue(), newline="")))
    assert [cell.strip("\r\n") for cell in formulas(back)] == [cell.strip("\r\n") for cell in NASTY]


def test_amounts_and_numbers_are_not_quoted():
    cells = [shillings(cents) for cents in (123_450, -123_450, 0, 5, 10**13, -1)]
    (line,) = list(csv_chunks([], [[*cells, -7, None]]))[1:]
    assert line == "1234.50,-1234.50,0.00,0.05,100000000000.00,-0.01,-7,\r\n"


def test_text_is_quoted_and_times_are_in_nairobi():
    at = datetime(2026, 11, 25, 21, 30, 5, 999_999, tzinfo=UTC)
    (line,) = list(csv_chunks([], [["NS-7K2Q9PXM", at, 'a "b"']]))[1:]
    assert line == '"NS-7K2Q9PXM","2026-11-26 00:30:05","a ""b"""\r\n'


def test_a_file_without_rows_has_headings():
    assert "".join(csv_chunks(["one", "two"], [])) == '\ufeff"one","two"\r\n'


def test_a_spreadsheet_reads_the_file_as_utf_8():
    file = b"".join(csv_file("x", ["name"], [["Zoë"]]))
    assert file.startswith(b"\xef\xbb\xbf")
    assert file.count(b"\xef\xbb\xbf") == 1
    assert file.decode("utf-8-sig") == '"name"\r\n"Zoë"\r\n'


def test_times_sort_as_text_and_as_dates():
    moments = [datetime(2026, 11, day, hour, tzinfo=UTC) for day in (9, 10, 30) for hour in (3, 20)]
    lines = list(csv_chunks([], [[at] for at in moments]))[1:]
    cells = "".join(lines).replace('"', "").split("\r\n")[:-1]
    assert cells == sorted(cells)
    assert all(re.fullmatch(r"2026-11-\d\d \d\d:00:00", cell) for cell in cells)


def test_an_export_that_fails_says_so_in_its_last_line(caplog):
    def rows() -> Iterator[list[Cell]]:
        for number in range(450):
            yield [number, "Lunch"]
        raise OperationalError("server closed the connection unexpectedly")

    response = csv_file("x", ["number", "note"], rows())
    text = b"".join(response).decode("utf-8-sig")
    *whole, last = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert last == ["EXPORT FAILED: ROWS ARE MISSING"]
    assert whole[:2] == [["number", "note"], ["0", "Lunch"]]
    [line] = caplog.records
    assert line.exc_info
    assert line.exc_info[0] is OperationalError


def test_a_closed_connection_is_not_logged_as_a_failed_export(caplog):
    sent = csv_chunks(["number"], ([number] for number in range(10_000)))
    next(sent)
    next(sent)
    sent.close()
    assert caplog.records == []


def test_the_file_name_has_the_date_in_nairobi(time_machine):
    time_machine.move_to("2026-11-24T21:00:00Z", tick=False)
    response = csv_file("nissmart-ledger", ["a"], [])
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == (
        'attachment; filename="nissmart-ledger-2026-11-25.csv"'
    )


def test_rows_are_fetched_while_the_file_is_sent():
    fetched = 0

    def rows() -> Iterator[list[Cell]]:
        nonlocal fetched
        for number in range(10_000):
            fetched = number + 1
            yield [number]

    sent = iter(csv_file("x", ["number"], rows()))
    next(sent)
    assert fetched == 0
    next(sent)
    assert 0 < fetched < 500
