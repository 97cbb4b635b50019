"""Every layout of a statement reads the same, with its signs, references and balances."""

from __future__ import annotations

from datetime import datetime

import pytest

from adminpanel.reconciliation.formats.rows import Unreadable
from tests.adminpanel.support.statement_files import BANK_TABLE, LAYOUTS, money, read
from tests.adminpanel.support.statements import LINES, MT940, line, mpesa, table
from wallet.days import NAIROBI

pytestmark = pytest.mark.any_engine


EXPECTED = [
    ("SJ4", 200_00, True),
    ("SJ3", -9_00, True),
    ("SJ3", -500_00, True),
    ("SJ2", 70_00, False),
    ("SJ1", 1_500_00, True),
]


@pytest.mark.parametrize("content", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_every_layout_of_mpesa_reads_the_same(content):
    code, rows, found = read(content)
    assert code == "mpesa"
    assert money(rows) == EXPECTED
    assert rows[0].at == datetime(2026, 9, 5, 8, tzinfo=NAIROBI)
    assert (found["rejected"], found["gaps"], found["balances"]) == (0, 0, (0, 1_191_00))
    assert found["latest_first"]
    assert found["uncounted"] == {"Failed": 1}


def test_lines_of_one_receipt_and_amount_differ_by_their_reason():
    kinds = ("Business Payment Charge", "Business Payment to Customer via API")
    _code, rows, _found = read(mpesa([line("SJ3", "-9.00", kind=kind) for kind in kinds]))
    assert len({(*row.same, row.amount_cents) for row in rows}) == 2


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


def test_a_banks_table_is_read_by_its_names_or_by_what_someone_said():
    named = [BANK_TABLE[0], ["Reference", "Value Date", *BANK_TABLE[1][2:]], *BANK_TABLE[2:]]
    code, rows, found = read(table(named).encode())
    assert code == "bank-csv"
    assert money(rows) == [("A1", 1_000_00, True), ("A2", -25_00, True)]
    assert (found["balances"], found["skipped"]) == ((0, 975_00), 1)
    with pytest.raises(Unreadable):
        read(table(BANK_TABLE).encode())
    said = {"at": "When", "receipt": "Txn", "paid_in": "Credit", "paid_out": "Debit"}
    assert money(read(table(BANK_TABLE).encode(), columns=said)[1]) == money(rows)
