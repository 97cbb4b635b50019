"""The statement has the portal's columns, and each line continues the balance."""

from __future__ import annotations

import csv
import io

import pytest

from nissmart.sandbox.merchant import Merchant
from tests.sandbox.support.daraja import PHONE, SHORTCODE

COLUMNS = (
    "Receipt No.,Completion Time,Initiation Time,Details,Transaction Status,Paid In,Withdrawn,"
    "Balance,Balance Confirmed,Reason Type,Other Party Info,Linked Transaction ID,A/C No."
)


def statement(daraja, query=""):
    """The lines above the table, and the table's rows by column."""
    reply = daraja.send("GET", f"/_sim/statement.csv{query}")
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    head, _, rest = reply.raw.decode().partition("\r\n\r\n")
    return head.split("\r\n"), list(csv.DictReader(io.StringIO(rest)))


def cents(amount):
    return float(amount.replace(",", "") or 0)


@pytest.fixture
def busy(daraja):
    """A day with one payment of each kind."""
    daraja.pay_bill(1053)
    daraja.advance(60)
    daraja.stk()
    daraja.act("pin")
    daraja.b2c(Amount="120000")
    daraja.scenario(id="NSP-failed", result="2040")
    daraja.b2c("NSP-failed")
    daraja.advance(60)
    daraja.reversal(daraja.book()[0]["receipt"], Amount="1053")
    daraja.advance(60)
    daraja.control("organisation", {"utility": 1_000_000, "working": 3_880_087})
    return daraja


def test_the_statement_has_the_portals_columns_and_preamble(busy):
    head, _ = statement(busy)
    assert head == [
        "Organization Name:,NISSMART",
        f"Short Code:,{SHORTCODE}",
        "Account:,Utility Account",
        "Time Period:,01-10-2026 - 01-10-2026",
    ]
    assert COLUMNS.encode() in busy.send("GET", "/_sim/statement.csv").raw.split(b"\r\n")


def test_each_payment_is_written_as_in_the_portal(busy):
    paid = {one["kind"]: one for one in busy.book()}
    _, lines = statement(busy)
    settled, reversal, charge, payout, stk, c2b = lines
    name = c2b["Other Party Info"].partition(" - ")[2]
    assert c2b == {
        "Receipt No.": paid["c2b"]["receipt"],
        "Completion Time": "01-10-2026 12:00:00",
        "Initiation Time": "01-10-2026 12:00:00",
        "Details": f"Pay Bill from {PHONE} - {name} Acc. NS482913",
        "Transaction Status": "Completed",
        "Paid In": "1,053.00",
        "Withdrawn": "",
        "Balance": "5,001,053.00",
        "Balance Confirmed": "TRUE",
        "Reason Type": "Pay Bill Online",
        "Other Party Info": f"2547****0001 - {name}",
        "Linked Transaction ID": "",
        "A/C No.": "NS482913",
    }
    assert (stk["Reason Type"], stk["A/C No."]) == ("Pay Bill Online", "NS482913")
    assert payout["Withdrawn"] == "-120,000.00"
    assert payout["Reason Type"] == "Business Payment to Customer via API"
    assert (charge["Withdrawn"], charge["Receipt No."]) == ("-13.00", payout["Receipt No."])
    assert reversal["Linked Transaction ID"] == paid["c2b"]["receipt"]
    assert settled["Reason Type"] == "Withdraw Funds to Bank"


def test_each_line_continues_the_balance(busy):
    _, lines = statement(busy)
    balance = 5_000_000.0
    for line in reversed(lines):
        balance += cents(line["Paid In"]) + cents(line["Withdrawn"])
        assert cents(line["Balance"]) == balance
    assert balance == 1_000_000


def test_each_account_has_a_statement(start):
    daraja = start(merchant=Merchant(charges_from="Charges Paid Account"))
    daraja.b2c()
    daraja.advance()
    assert [line["Withdrawn"] for line in statement(daraja)[1]] == ["-1,200.00"]
    charges = statement(daraja, "?account=charges")[1]
    assert [(line["Withdrawn"], line["Balance"]) for line in charges] == [("-5.00", "-5.00")]
    assert statement(daraja, "?account=working")[1] == []


def test_a_statement_can_cover_some_days(daraja):
    for _ in range(3):
        daraja.pay_bill()
        daraja.advance(24 * 3600)
    _, lines = statement(daraja, "?from=2026-10-02&to=2026-10-02")
    assert [line["Completion Time"][:10] for line in lines] == ["02-10-2026"]


@pytest.mark.parametrize("query", ["?account=other", "?from=yesterday"])
def test_a_wrong_query_explains_the_mistake(daraja, query):
    assert daraja.send("GET", f"/_sim/statement.csv{query}").status == 400
