"""Statements in every layout that we know, and what reading one gives."""

from __future__ import annotations

import io
from datetime import datetime

from adminpanel.reconciliation.findings import Tally
from adminpanel.reconciliation.formats import format_of
from adminpanel.reconciliation.formats.rows import RejectedLine, Row
from tests.adminpanel.support.statements import HEADER, LINES, PREAMBLE, mpesa, table, workbook


def read(content: bytes, **options: object) -> tuple[str, list[Row], dict]:
    """The format, the rows that can be read, and what was found. Raises Unreadable."""
    file, tally, rows = io.BytesIO(content), Tally(), []
    found = format_of(file)
    for one in found.read(file, tally.facts, options):
        if isinstance(one, RejectedLine):
            tally.reject(one)
        else:
            tally.add(one)
            rows.append(one)
    return found.code, rows, tally.as_json() | {"balances": tally.balances()}


def money(rows: list[Row]) -> list[tuple[str, int, bool]]:
    return [(row.receipt, row.amount_cents, row.counts) for row in rows]


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

BANK_TABLE = [
    ["Statement of account 0123"],
    ["Txn", "When", "Narration", "Debit", "Credit", "Balance"],
    ["A1", "02/09/2026", "Settlement", "", "1,000.00", "1,000.00"],
    ["A2", "03/09/2026", "Fee", "25.00", "", "975.00"],
    ["", "", "Carried forward", "", "", "975.00"],
]
