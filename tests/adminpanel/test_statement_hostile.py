"""Damaged and hostile files: each is refused with a sentence, or loses only the lines at fault."""

from __future__ import annotations

import io
import os
import random
import re
import zipfile

import pytest

from adminpanel.reconciliation.formats import tables
from adminpanel.reconciliation.formats.rows import Unreadable
from tests.adminpanel.support.statement_files import BANK_TABLE, LAYOUTS, read
from tests.adminpanel.support.statements import HEADER, LINES, MT940, line, mpesa, table, workbook

pytestmark = pytest.mark.any_engine


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
# A header, then a row that says it's the five thousandth.
NAMES = "".join(
    f'<c t="inlineStr"><is><t>{name}</t></is></c>'
    for name in ("Receipt No.", "Completion Time", "Transaction Status", "Paid In")
)
ROWS = f'<row r="1">{NAMES}</row><row r="5000"><c><v>1</v></c></row>'
FAR = f"<worksheet {SHEET}><sheetData>{ROWS}</sheetData></worksheet>"


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


@pytest.mark.parametrize(
    "content", [hostile_sheet(FAR), mpesa(LINES * 20), (MT940 + ":86:more\n" * 90).encode()]
)
def test_a_file_has_a_largest_number_of_lines(content, monkeypatch):
    """Rows that an Excel file leaves out count: they would be made up one by one."""
    monkeypatch.setattr(tables, "ROWS_AT_MOST", 100)
    with pytest.raises(Unreadable, match="more than 100 lines"):
        read(content)


MOST = "1000000000.00"
ABOVE = "1000000000.01"


@pytest.mark.parametrize(
    "write",
    [
        lambda cents: mpesa([line("A", cents), line("B", "5.00")]),
        lambda cents: mpesa([line("A", f"-{cents}"), line("B", "5.00")]),
        lambda cents: mpesa([line("A", cents, status="Failed"), line("B", "5.00")]),
        lambda cents: table(
            [["Date", "Amount"], ["02/09/2026", cents], ["02/09/2026", "5.00"]]
        ).encode(),
        lambda cents: MT940.replace("RC10,00", f"C{cents.replace('.', ',')}").encode(),
    ],
)
def test_an_absurd_amount_is_rejected_so_sums_of_lines_always_fit(write):
    assert read(write(MOST))[2]["rejected"] == 0
    _code, rows, found = read(write(ABOVE))
    [rejected] = found["rejected_lines"]
    assert "A line has at most KES\u00a01,000,000,000.00." in rejected["why"]
    assert rows
    assert all(abs(row.amount_cents) < 1_000_00 for row in rows)


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
    originals += [table(BANK_TABLE).encode(), workbook([HEADER, *LINES])]
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
