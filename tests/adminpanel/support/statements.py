"""Statements as files: M-PESA's, and those of banks."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from adminpanel.models import Statement
from adminpanel.reconciliation import operations
from ledger.rails.mpesa import MPESA
from wallet import house
from wallet.context import SYSTEM, Context

FLOAT = MPESA.float_account.id
BANK = house.BANK.id

PREAMBLE = [["Organization Name:", "NISSMART"], ["Short Code:", "600000"], []]
HEADER = [
    *("Receipt No.", "Completion Time", "Initiation Time", "Details", "Transaction Status"),
    *("Paid In", "Withdrawn", "Balance", "Balance Confirmed", "Reason Type"),
    *("Other Party Info", "Linked Transaction ID", "A/C No."),
]
MT940 = """{1:F01BANK}{2:O940}{4:
:20:START
:25:KES/0123456789
:28C:1/1
:60F:C260901KES1000,00
:61:2609020902D120,50NTRFREF1//BANK1
:86:Payout to JANE
:61:2609020902C300,00NMSCNONREF
:86:Deposit
second line
:61:2609030903RC10,00NMSCREF3
:62F:C260903KES1169,50
-}
"""


def line(
    receipt: str,
    amount: str = "",
    *,
    balance: str = "",
    at: str = "2026-09-04 16:02:10",
    status: str = "Completed",
    kind: str = "Pay Bill Online",
    **more: str,
) -> list[str]:
    """A row of M-PESA's table. `amount` is below zero when money went out."""
    paid_in, withdrawn = ("", amount) if amount.startswith("-") else (amount, "")
    cells = dict.fromkeys(HEADER, "") | {
        "Receipt No.": receipt,
        "Completion Time": at,
        "Initiation Time": at,
        "Details": "Pay Bill from 254712345678 - JANE DOE Acc. NS482913",
        "Transaction Status": status,
        "Paid In": paid_in,
        "Withdrawn": withdrawn,
        "Balance": balance,
        "Balance Confirmed": "TRUE",
        "Reason Type": kind,
    }
    return list((cells | more).values())


# Latest first, and its running balance is whole.
LINES = [
    line("SJ4", "200.00", balance="1,191.00", at="2026-09-05 08:00:00"),
    line("SJ3", "-9.00", balance="991.00", kind="Business Payment Charge"),
    line("SJ3", "-500.00", balance="1,000.00", kind="Business Payment to Customer via API"),
    line("SJ2", "70.00", status="Failed", balance="", at="2026-09-04 15:00:00"),
    line("SJ1", "1,500.00", balance="1,500.00", at="2026-09-04 14:00:00"),
]


def table(rows: Iterable[list[str]], *, delimiter: str = ",") -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return file.getvalue()


def mpesa(rows: Iterable[list[str]] = LINES, header: list[str] = HEADER) -> bytes:
    return table([*PREAMBLE, header, *rows]).encode()


def workbook(rows: Iterable[list[Any]]) -> bytes:
    book, file = Workbook(), io.BytesIO()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


def upload(
    content: bytes, account_id: int = FLOAT, *, by: Context = SYSTEM, **more: Any
) -> Statement:
    name = more.pop("name", "statement.csv")
    given = operations.Upload(account_id, io.BytesIO(content), name, len(content), **more)
    return operations.upload(by, given)[0]


def imported(content: bytes, account_id: int = FLOAT, **more: Any) -> Statement:
    """Upload, confirm and import a statement."""
    statement = upload(content, account_id, **more)
    assert statement.state == Statement.State.PREVIEW, statement.findings
    operations.confirm(SYSTEM, statement.pk)
    operations.read_now(statement)
    assert statement.state == Statement.State.IMPORTED, statement.findings
    return statement


def saved(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return str(path)
