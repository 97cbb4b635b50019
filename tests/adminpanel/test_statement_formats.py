"""Every layout of a statement reads the same, and no file does more than be refused."""

from __future__ import annotations

import io
import os
import random
import re
import zipfile
from datetime import datetime
from decimal import Decimal

import pytest

from adminpanel.reconciliation.findings import Tally
from adminpanel.reconciliation.formats import FORMATS, cells, format_of
from adminpanel.reconciliation.formats.rows import Refusal, Rejected, Row, Unreadable
from tests.adminpanel.support.statements import (
    HEADER,
    LINES,
    MT940,
    PREAMBLE,
    line,
    mpesa,
    table,
    workbook,
)
from wallet.days import NAIROBI

pytestmark = pytest.mark.any_engine


def read(content: bytes, **options: object) -> tuple[str, list[Row], dict]:
    """The format, the rows that can be read, and what was found. Raises Unreadable."""
    file, tally, rows = io.BytesIO(content), Tally(), []
    found = format_of(file)
    for one in found.read(file, tally.facts, options):
        if isinstance(one, Refusal):
            tally.reject(one)
        else:
            tally.add(one)
            rows.append(one)
    return found.code, rows, tally.as_json() | {"balances": tally.balances()}


def money(rows: list[Row]) -> list[tuple[str, int, bool]]:
    return [(row.receipt, row.amount_cents, row.counts) for row in rows]


EXPECTED = [
    ("SJ4", 200_00, True),
    ("SJ3", -9_00, True),
    ("SJ3", -500_00, True),
    ("SJ2", 70_00, False),
    ("SJ1", 1_500_00, True),
]
TOTALS = ["", "", "", "Totals", "", "1,700.00", "509.00"]
ODD = [[*row, "?"] for row in LINES]
PLUS = [[cell.lstrip("-") for cell in row] for row in LINES]
LAYOUTS = {
    "as the portal writes it": mpesa(),
    "with a byte order mark": b"\xef\xbb\xbf" + mpesa(),
    "in Windows-1252": table([["Organization Name:", "CAFÉ"], *PREAMBLE, HEADER, *LINES]).encode(
        "cp1252"
    ),
    "in UTF-16": table([*PREAMBLE, HEADER, *LINES]).encode("utf-16"),
    "with semicolons": table([*PREAMBLE, HEADER, *LINES], delimiter=";").encode(),
    "without a preamble, line feeds only": table([HEADER, *LINES]).replace("\r", "").encode(),
    "with a row of totals": mpesa([*LINES, TOTALS]),
    "with empty rows": mpesa([[], *LINES, ["", "", ""]]),
    "with a column that we don't know": mpesa(ODD, [*HEADER, "Loyalty"]),
    "withdrawn without a minus": mpesa(PLUS),
    "in the older layout": mpesa(
        LINES,
        [
            *("Receipt", "Date", "X", "Details", "Status", "Paid In", "Withdrawn", "Balance"),
            *("Balance Confirmed", "Transaction Type", "Other Party Info", "Y", "Z"),
        ],
    ),
    "as a customer's": table(
        [HEADER[:2] + HEADER[3:8], *(row[:2] + row[3:8] for row in LINES)]
    ).encode(),
    "as Excel, all text": workbook([*PREAMBLE, HEADER, *LINES]),
    "as Excel, with numbers and times": workbook(
        [
            HEADER,
            *(
                [
                    datetime.fromisoformat(cell)
                    if place == 1
                    else float(cell.replace(",", ""))
                    if place in (5, 6, 7) and cell
                    else cell
                    for place, cell in enumerate(row)
                ]
                for row in LINES
            ),
        ]
    ),
}


@pytest.mark.parametrize("content", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_every_layout_of_mpesa_reads_the_same(content):
    code, rows, found = read(content)
    assert code == "mpesa"
    assert money(rows) == EXPECTED
    assert rows[0].at == datetime(2026, 9, 5, 8, tzinfo=NAIROBI)
    assert (found["rejected"], found["gaps"], found["balances"]) == (0, 0, (0, 1_191_00))
    assert found["latest_first"]
    assert found["uncounted"] == {"Failed": 1}


def test_lines_that_are_the_same_receipt_differ_by_their_reason():
    _code, rows, _found = read(mpesa())
    assert len({(*row.same, row.amount_cents) for row in rows}) == len(rows)
    charge, payout = rows[1:3]
    assert charge.receipt == payout.receipt


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("20-04-2017 15:50", "2017-04-20T15:50:00+03:00"),
        ("03-02-2026 10:15:00", "2026-02-03T10:15:00+03:00"),
        ("2026-10-02 12:30:00", "2026-10-02T12:30:00+03:00"),
        ("15/01/2026 09:30:47", "2026-01-15T09:30:47+03:00"),
        ("5/1/2026 1:05 PM", "2026-01-05T13:05:00+03:00"),
        ("2026-10-02", "2026-10-02T00:00:00+03:00"),
    ],
)
def test_times_are_those_of_nairobi_with_the_day_first(text, iso):
    assert cells.to_time(text).isoformat() == iso


@pytest.mark.parametrize(
    "text",
    ["", "31-02-2026 10:00", "13/13/2026", "01-01-1026 10:00", "2026-10-02 25:00", "20-04/2017"],
)
def test_a_time_that_does_not_exist_is_refused(text):
    with pytest.raises(Rejected):
        cells.to_time(text)


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("1,053.00", 1_053_00), ("-60.00", -60_00), ("60", 60_00), ("0.5", 50), ("", None),
        ("KES 1,000", 1_000_00), ("(12.30)", -12_30), ("12.30-", -12_30), ("\u221212.3000", -12_30),
    ],
)  # fmt: skip
def test_amounts_are_whole_cents(text, cents):
    assert cells.to_cents(text) == cents


@pytest.mark.parametrize(
    "text",
    ["1.053,00", "12.345", "=1+1", "1e9", "9" * 30, "9" * 15, "--5", "(-5)", "1,2,3", "١٢٣", "nan"],
)
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(Rejected):
        cells.to_cents(text)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (line("", "5.00"), "receipt number is missing"),
        (line("X1", "5.00", at="yesterday"), "no date"),
        (line("X1"), "amount is missing"),
        (line("X1", "=cmd|' /C calc'!A0"), "no amount"),
        (line("X1", "5.00", **{"Withdrawn": "5.00"}), "Both Paid In and Withdrawn"),
        (line("X\x00", "5.00"), "aren't text"),
        (line("X" * 65, "5.00"), "too long"),
        (line("X1", "5.00", balance="lots"), "no amount"),
    ],
)
def test_a_line_that_cannot_be_read_says_why_and_spares_the_others(row, why):
    _code, rows, found = read(mpesa([LINES[0], row, *LINES[1:]]))
    assert money(rows) == EXPECTED
    assert [one["line"] for one in found["rejected_lines"]] == [6]
    assert why in found["rejected_lines"][0]["why"]


def bomb() -> bytes:
    file = io.BytesIO(workbook([HEADER, *LINES]))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet2.xml", b"0" * (257 << 20))
    return file.getvalue()


def packed(name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, "x")
    return file.getvalue()


def hostile_sheet(body: str) -> bytes:
    """A workbook whose sheet is this XML."""
    source, file = zipfile.ZipFile(io.BytesIO(workbook([HEADER]))), io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for one in source.infolist():
            text = body if one.filename.endswith("sheet1.xml") else source.read(one.filename)
            archive.writestr(one.filename, text)
    return file.getvalue()


def large_styles() -> bytes:
    file = io.BytesIO(workbook([HEADER, *LINES]))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/more.xml", b"<x/>" * (3 << 20))
    return file.getvalue()


SHEET = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
LAUGHS = f'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><worksheet {SHEET}>&b;</worksheet>'
# Rows in comments begin nothing.
CELLS = "<c><v>1</v></c>" * 150_000
WIDE = f"<worksheet {SHEET}><sheetData><row>{CELLS}</row></sheetData></worksheet>"
HIDDEN = WIDE.replace("<c>", "<!--<row >--><c>")
FAR = (
    f'<worksheet {SHEET}><sheetData><row r="99999999999"><c r="A9"/></row></sheetData></worksheet>'
)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"  \r\n ", "empty"),
        (b"%PDF-1.7", "PDF"),
        (b"\xd0\xcf\x11\xe0", "old Excel"),
        (b"<html><table>", "web page"),
        (b"\x7fELF\x00\x01\x02" * 50, "isn't text"),
        (packed("a.txt"), "no Excel file"),
        (b"PK\x03\x04garbage", "damaged"),
        (workbook([HEADER, *LINES])[:-300], "damaged"),
        (bomb(), "too large once it is unpacked"),
        (hostile_sheet(LAUGHS), "damaged"),
        (hostile_sheet(WIDE), "too large once it is unpacked"),
        (hostile_sheet(HIDDEN), "too large once it is unpacked"),
        (large_styles(), "too large once it is unpacked"),
        (hostile_sheet(FAR), "No line names a column"),
        (mpesa([], [*HEADER[:4], *HEADER[5:]]), "Transaction Status"),
        (b"a,b\r\n1,2\r\n", "No line names a column"),
        (mpesa([["x" * 20_000]]), "missing"),
        (mpesa([["x"] * 70]), "more than 60 columns"),
        (workbook([HEADER, ["x"] * 61]), "more than 60 columns"),
        (MT940.replace("KES", "USD").encode(), "USD"),
        (MT940.replace(":60F:C260901KES1000,00", "").encode(), ":60F:"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_statement_is_refused_with_a_sentence(content, why):
    with pytest.raises(Unreadable, match=re.escape(why)):
        read(content)


def test_a_missing_line_is_a_gap_in_the_running_balance():
    _code, _rows, found = read(mpesa([LINES[0], *LINES[2:]]))
    assert found["gaps"] == 1
    assert found["gap_lines"] == [{"line": 6, "expected_cents": 991_00, "found_cents": 1_000_00}]


def test_mt940_has_signs_references_and_balances():
    code, rows, found = read(MT940.encode())
    assert code == "mt940"
    assert money(rows) == [("REF1", -120_50, True), ("", 300_00, True), ("REF3", -10_00, True)]
    assert [row.number for row in rows] == [6, 8, 11]
    assert (rows[1].details, rows[0].kind) == ("Deposit second line", "NTRF")
    assert (found["balances"], found["gaps"]) == ((1_000_00, 1_169_50), 0)
    second = MT940.replace("1000,00", "1169,00").replace("1169,50", "1338,50")
    _code, rows, found = read((MT940 + second + ":61:bad\n").encode())
    assert found["gap_lines"] == [{"line": 18, "expected_cents": 1_169_50, "found_cents": 1_169_00}]
    assert (len(rows), found["rejected"]) == (6, 1)


BANK = [
    ["Statement of account 0123"],
    ["Txn", "When", "Narration", "Debit", "Credit", "Balance"],
    ["A1", "02/09/2026", "Settlement", "", "1,000.00", "1,000.00"],
    ["A2", "03/09/2026", "Fee", "25.00", "", "975.00"],
    ["", "", "Carried forward", "", "", "975.00"],
]


def test_a_banks_table_is_read_by_its_names_or_by_what_someone_said():
    named = [BANK[0], ["Reference", "Value Date", *BANK[1][2:]], *BANK[2:]]
    code, rows, found = read(table(named).encode())
    assert code == "bank-csv"
    assert money(rows) == [("A1", 1_000_00, True), ("A2", -25_00, True)]
    assert (found["balances"], found["skipped"]) == ((0, 975_00), 1)
    with pytest.raises(Unreadable):
        read(table(BANK).encode())
    said = {"at": "When", "receipt": "Txn", "paid_in": "Credit", "paid_out": "Debit"}
    assert money(read(table(BANK).encode(), columns=said)[1]) == money(rows)


PIECES = [
    *("\x00", "\ufeff", '"', "=1+1", "-", "9" * 400, "💸", "\u202e", "\r", ";", ":61:", "\n\n"),
    *("31-02-2026", "NaN", "Infinity", "1,2", "\ud7ff", "Completed", "'; DROP TABLE x; --", "(((("),
]


@pytest.mark.slow
def test_no_damage_to_a_statement_does_more_than_refuse_or_reject():
    """Cut, reordered, re-encoded, with hostile cells: only our own refusals come out, and never an
    amount that isn't in whole cents."""
    chance = random.Random(int(os.environ.get("FUZZ_SEED", 7)))
    rounds = 6_000 if os.environ.get("NIGHTLY") else 300
    originals = [*(one for one in LAYOUTS.values() if one[:2] != b"PK"), MT940.encode()]
    originals += [table(BANK).encode(), workbook([HEADER, *LINES])]
    outcomes = set()
    for _round in range(rounds):
        content = damage(chance.choice(originals), chance)
        try:
            _code, rows, found = read(content)
        except Unreadable:
            outcomes.add("refused")
            continue
        outcomes.add("rejected" if found["rejected"] else "read")
        assert all(type(row.amount_cents) is int and "\x00" not in row.details for row in rows)
        assert found["in_cents"] - found["out_cents"] == sum(
            row.amount_cents for row in rows if row.counts
        )
    assert outcomes == {"refused", "rejected", "read"}


def damage(content: bytes, chance: random.Random) -> bytes:
    for _time in range(chance.randint(1, 4)):
        place = chance.randrange(len(content) + 1)
        match chance.randrange(7):
            case 0:
                content = content[:place]
            case 1:
                content = content[place:]
            case 2:
                content = content[:place] + bytes(chance.randbytes(3)) + content[place:]
            case 3:
                lines = content.split(b"\n")
                chance.shuffle(lines)
                content = b"\n".join(lines)
            case 4:
                content = content.decode("latin-1").encode(chance.choice(["utf-16", "utf-8"]))
            case 5:
                piece = chance.choice(PIECES).encode()
                content = content[:place] + piece + content[place:]
            case 6:
                parts = content.split(b",")
                parts[chance.randrange(len(parts))] = chance.choice(PIECES).encode()
                content = b",".join(parts)
    return content


def test_no_amount_of_a_library_has_parts_of_a_cent():
    assert cells.of_decimal(Decimal("12.30")) == 12_30
    for wrong in ("12.345", "1e30", "NaN"):
        with pytest.raises(Rejected):
            cells.of_decimal(Decimal(wrong))
    assert set(FORMATS) == {"mt940", "mpesa", "bank-csv"}
