"""The M-PESA portal's statement of an organisation, as CSV or Excel, and its older layouts.

Its lines are latest first. Above the header stand some lines about the account, below the last
line maybe a row of totals. A charge is a separate row and may share its payment's receipt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any, BinaryIO

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from adminpanel.reconciliation.formats import cells, tables
from adminpanel.reconciliation.formats.rows import (
    Column,
    Facts,
    Lines,
    Rejected,
    RejectedLine,
    Row,
    Unreadable,
)

# Names of columns as `plain` makes them, and what each means to us.
MEANINGS = {
    "receiptno": "receipt",
    "receipt": "receipt",
    "receiptnumber": "receipt",
    "completiontime": "at",
    "completiondate": "at",
    "date": "at",
    "initiationtime": "asked_at",
    "details": "details",
    "transactiondetails": "details",
    "transactionstatus": "status",
    "status": "status",
    "paidin": "paid_in",
    "withdrawn": "withdrawn",
    "withdrawal": "withdrawn",
    "balance": "balance",
    "balanceconfirmed": "balance_confirmed",
    "reasontype": "kind",
    "transactiontype": "kind",
    "otherpartyinfo": "party",
    "transactionpartydetails": "party_details",
    "linkedtransactionid": "linked_receipt",
    "acno": "account_number",
    "accountno": "account_number",
    "accountnumber": "account_number",
}
NEEDED = {"receipt": "Receipt No.", "at": "Completion Time", "status": "Transaction Status"}
HEADER_WITHIN = 60
COMPLETED = ("completed", "complete")
ABOUT = 100


def plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def meaning_of(name: str) -> str:
    # `Paid In (KES)`, and the old layout's `A/C No`.
    return MEANINGS.get(plain(name)) or MEANINGS.get(plain(name.partition("(")[0])) or ""


class Mpesa:
    code = "mpesa"
    label = gettext_lazy("M-PESA statement")

    def fits(self, head: bytes) -> bool:
        """By the names in its header. Of a workbook, only its rows tell: see `has_header`."""
        words = plain(head.decode("latin-1").replace("\x00", ""))
        return "receipt" in words and ("paidin" in words or "withdrawn" in words)

    def has_header(self, file: BinaryIO) -> bool:
        """Does a row near the top name the columns of this format?"""
        near = islice(tables.rows_of(file), HEADER_WITHIN)
        found = any(is_header([meaning_of(one) for one in row]) for _number, row in near)
        file.seek(0)
        return found

    def read(self, file: BinaryIO, facts: Facts, options: Mapping[str, Any]) -> Lines:
        rows = tables.rows_of(file)
        header = find_header(rows, facts)
        for number, row in rows:
            if not any(cell.strip() for cell in row):
                continue
            named = dict(zip(header, row, strict=False))
            if is_totals(named, row):
                facts.skipped += 1
                continue
            try:
                yield to_row(number, named, facts, row)
            except Rejected as why:
                yield RejectedLine(number, str(why))


def is_header(meanings: list[str]) -> bool:
    return {"receipt", "at"} <= set(meanings) and not {"paid_in", "withdrawn"}.isdisjoint(meanings)


def find_header(rows: tables.Cells, facts: Facts) -> list[str]:
    """The meaning of each column. Keeps the lines above the header in `facts.about`.

    A column that we don't know, or that comes twice, means nothing: its name is empty.
    """
    for number, row in rows:
        meanings = [meaning_of(name) for name in row]
        if is_header(meanings):
            break
        if number > HEADER_WITHIN:
            raise no_header()
        if row and row[0].strip() and len(facts.about) < 10:
            words = " ".join(cell.strip() for cell in row[1:] if cell.strip())
            facts.about[cells.quoted(row[0].strip().rstrip(":"))] = cells.quoted(words)
    else:
        raise no_header()
    for place, meaning in enumerate(meanings):
        if meaning in meanings[:place]:
            meanings[place] = ""
    missing = [label for meaning, label in NEEDED.items() if meaning not in meanings]
    if missing:
        raise Unreadable(_("The column {names} is missing.").format(names=" and ".join(missing)))
    facts.columns = [
        Column(cells.quoted(name.strip()), means) for name, means in zip(row, meanings, strict=True)
    ]
    return meanings


def no_header() -> Unreadable:
    return Unreadable(
        _("No line has the columns Receipt No., Completion Time, and Paid In or Withdrawn.")
    )


def is_totals(named: Mapping[str, str], row: list[str]) -> bool:
    if receipt := named.get("receipt", "").strip():
        return receipt[:5].lower() == "total" and not named.get("status", "").strip()
    first = next(cell for cell in row if cell.strip())
    return first.strip()[:5].lower() == "total" or not named.get("at", "").strip()


def to_row(number: int, named: Mapping[str, str], facts: Facts, row: list[str]) -> Row:
    """Raises Rejected."""
    receipt = cells.to_text(named.get("receipt", ""), 65)
    if not receipt:
        raise Rejected(_("The receipt number is missing."))
    if len(receipt) > 64:
        raise Rejected(_("The receipt number is too long."))
    at = cells.to_time(named.get("at", ""))
    status = cells.to_text(named.get("status", ""), 40)
    counts = status.lower() in COMPLETED
    amount = amount_of(named, counts)
    kind = cells.to_text(named.get("kind", ""), 100)
    party = named.get("party", "") or named.get("party_details", "")
    names = [column.name for column in facts.columns]
    return Row(
        number=number,
        at=at,
        amount_cents=amount,
        # A payment that failed first and was completed later is another fact.
        same=(receipt.upper(), kind.casefold(), "completed" if counts else status.casefold()),
        counts=counts,
        receipt=receipt,
        kind=kind,
        details=cells.to_text(named.get("details", ""), 500),
        party=cells.to_text(party, 200),
        account_number=cells.to_text(named.get("account_number", ""), 64),
        linked_receipt=cells.to_text(named.get("linked_receipt", ""), 64),
        balance_cents=cells.to_cents(named.get("balance", "")),
        status=status,
        raw={
            name: cells.to_text(cell, 500) for name, cell in zip(names, row, strict=False) if cell
        },
    )


def amount_of(named: Mapping[str, str], counts: bool) -> int:
    """What came in, or minus what went out. Withdrawn may stand with or without a minus."""
    paid_in = cells.to_cents(named.get("paid_in", "")) or 0
    withdrawn = abs(cells.to_cents(named.get("withdrawn", "")) or 0)
    if paid_in < 0:
        raise Rejected(_("Paid In is below zero."))
    if paid_in and withdrawn:
        raise Rejected(_("Both Paid In and Withdrawn have an amount."))
    if counts and not (paid_in or withdrawn):
        raise Rejected(_("The amount is missing."))
    return paid_in - withdrawn


MPESA = Mpesa()
