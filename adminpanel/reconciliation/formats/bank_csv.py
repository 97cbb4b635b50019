"""A bank's list of movements, as CSV or Excel. Which column means what is guessed, or said.

`options["columns"]` has the name of a column for each of `PARTS`. Without it, common names decide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import islice
from typing import Any, BinaryIO

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from adminpanel.reconciliation.formats import cells, tables
from adminpanel.reconciliation.formats.mpesa import plain
from adminpanel.reconciliation.formats.rows import (
    Column,
    Facts,
    Lines,
    Rejected,
    RejectedLine,
    Row,
    Unreadable,
)

# What a column may mean, with the names that banks give it, the likeliest first.
PARTS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "at": (
        gettext_lazy("Date"),
        ("transactiondate", "bookingdate", "postingdate", "date", "trandate", "valuedate"),
    ),
    "amount": (gettext_lazy("Amount"), ("amount", "amountkes", "transactionamount")),
    "paid_in": (
        gettext_lazy("Money in"),
        ("credit", "moneyin", "paidin", "deposit", "deposits", "credits", "creditamount", "cr"),
    ),
    "paid_out": (
        gettext_lazy("Money out"),
        (
            "debit",
            "moneyout",
            "paidout",
            "withdrawal",
            "withdrawals",
            "debits",
            "debitamount",
            "dr",
        ),
    ),
    "receipt": (
        gettext_lazy("Reference"),
        ("reference", "referenceno", "transactionreference", "ref", "refno", "transactionid"),
    ),
    "details": (
        gettext_lazy("Details"),
        ("description", "details", "narration", "narrative", "particulars", "remarks"),
    ),
    "party": (gettext_lazy("Other party"), ("counterparty", "payee", "name", "otherparty")),
    "balance": (gettext_lazy("Balance"), ("balance", "runningbalance", "closingbalance")),
}
HEADER_WITHIN = 60
SHORTEST = 3


class BankCsv:
    code = "bank-csv"
    label = gettext_lazy("Bank statement, as a table")

    def fits(self, head: bytes) -> bool:
        return True

    def read(self, file: BinaryIO, facts: Facts, options: Mapping[str, Any]) -> Lines:
        rows = tables.rows_of(file)
        meanings = find_header(rows, facts, options.get("columns") or {})
        seen: Counter[tuple[str, ...]] = Counter()
        for number, row in rows:
            if not any(cell.strip() for cell in row):
                continue
            named = dict(zip(meanings, row, strict=False))
            if not named.get("at", "").strip():
                # Totals, and balances carried forward.
                facts.skipped += 1
                continue
            try:
                yield to_row(number, named, facts, row, seen)
            except Rejected as why:
                yield RejectedLine(number, str(why))


def guess(names: list[str]) -> dict[str, str]:
    """The column of each part, by its name. A column means one thing."""
    found: dict[str, str] = {}
    by_plain = {plain(name.partition("(")[0]): name for name in reversed(names) if name.strip()}
    for part, (_label, known) in PARTS.items():
        for one in known:
            if one in by_plain and by_plain[one] not in found.values():
                found[part] = by_plain[one]
                break
    if "amount" in found and {"paid_in", "paid_out"} <= set(found):
        del found["amount"]
    return found


def is_enough(columns: Mapping[str, str]) -> bool:
    return bool(columns.get("at")) and bool(
        columns.get("amount") or columns.get("paid_in") or columns.get("paid_out")
    )


def find_header(rows: tables.Cells, facts: Facts, said: Mapping[str, str]) -> list[str]:
    """The meaning of each column of the first row that has all columns that are needed."""
    widest: list[str] = []
    for _number, row in islice(rows, HEADER_WITHIN):
        names = [cells.quoted(cell.strip()) for cell in row]
        if said:
            columns = {part: name for part, name in said.items() if name}
            if set(columns.values()) <= set(names):
                return set_columns(names, columns, facts)
        elif is_enough(columns := guess(names)):
            return set_columns(names, columns, facts)
        if sum(bool(name) for name in names) > sum(bool(name) for name in widest):
            widest = names
    if said:
        missing = ", ".join(sorted(set(said.values()) - set(widest) - {""}))
        raise Unreadable(_("No line has the columns you named: {names}.").format(names=missing))
    # The reader may say what they mean.
    facts.columns = [Column(name) for name in widest if name] if len(widest) >= SHORTEST else []
    raise Unreadable(_("No line names a column for the date and one for the amount."))


def set_columns(names: list[str], columns: Mapping[str, str], facts: Facts) -> list[str]:
    by_name = {name: part for part, name in columns.items()}
    meanings = [by_name.pop(name, "") for name in names]
    facts.columns = [
        Column(name, meaning) for name, meaning in zip(names, meanings, strict=True) if name
    ]
    return meanings


def to_row(
    number: int,
    named: Mapping[str, str],
    facts: Facts,
    row: list[str],
    seen: Counter[tuple[str, ...]],
) -> Row:
    """Raises Rejected."""
    at = cells.to_time(named["at"])
    amount = amount_of(named)
    reference = cells.to_text(named.get("receipt", ""), 64)
    details = cells.to_text(named.get("details", ""), 500)
    balance = cells.to_cents(named.get("balance", ""))
    fact = (at.isoformat(), reference or details, str(amount))
    seen[fact] += 1
    return Row(
        number=number,
        at=at,
        amount_cents=amount,
        same=(*fact, str(seen[fact])),
        receipt=reference,
        details=details,
        party=cells.to_text(named.get("party", ""), 200),
        balance_cents=balance,
        raw=raw_of(facts, row),
    )


def raw_of(facts: Facts, row: list[str]) -> dict[str, str]:
    names = [column.name for column in facts.columns]
    return {name: cells.to_text(cell, 500) for name, cell in zip(names, row, strict=False) if cell}


def amount_of(named: Mapping[str, str]) -> int:
    """A signed amount, or money in less money out, whichever the file has."""
    if "amount" in named:
        amount = cells.to_cents(named["amount"]) or 0
    else:
        paid_in = cells.to_cents(named.get("paid_in", "")) or 0
        paid_out = abs(cells.to_cents(named.get("paid_out", "")) or 0)
        if paid_in and paid_out:
            raise Rejected(_("Both money in and money out have an amount."))
        amount = paid_in - paid_out
    if not amount:
        raise Rejected(_("The amount is missing."))
    return amount


BANK_CSV = BankCsv()
