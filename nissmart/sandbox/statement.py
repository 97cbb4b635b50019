"""The organisation's statement of one account, in the CSV format of the M-PESA portal."""

from __future__ import annotations

import csv
import io
from datetime import date

from nissmart.sandbox.book import Book, Movement
from nissmart.sandbox.payments import B2C, C2B, REVERSAL, STK, Payment
from nissmart.sandbox.wire import EAT, with_dashes

COLUMNS = (
    "Receipt No.",
    "Completion Time",
    "Initiation Time",
    "Details",
    "Transaction Status",
    "Paid In",
    "Withdrawn",
    "Balance",
    "Balance Confirmed",
    "Reason Type",
    "Other Party Info",
    "Linked Transaction ID",
    "A/C No.",
)
REASONS = {
    STK: "Pay Bill Online",
    C2B: "Pay Bill Online",
    B2C: "Business Payment to Customer via API",
    REVERSAL: "Transaction Reversal",
    "charge": "Business Payment Charge",
}


def write(
    book: Book, shortcode: str, account: str, start: date | None = None, end: date | None = None
) -> bytes:
    """The lines of a period, latest first."""
    lines = [line for line in book.movements if line.shortcode == shortcode]
    lines = [line for line in lines if line.account == account and within(line, start, end)]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(["Organization Name:", book.merchant.name])
    writer.writerow(["Short Code:", shortcode])
    writer.writerow(["Account:", account])
    writer.writerow(["Time Period:", period(lines, start, end)])
    writer.writerow([])
    writer.writerow(COLUMNS)
    writer.writerows(row(line) for line in reversed(lines))
    return file.getvalue().encode()


def day(line: Movement) -> date:
    return line.at.astimezone(EAT).date()


def within(line: Movement, start: date | None, end: date | None) -> bool:
    return (start is None or start <= day(line)) and (end is None or day(line) <= end)


def period(lines: list[Movement], start: date | None, end: date | None) -> str:
    first = start or (day(lines[0]) if lines else None)
    last = end or (day(lines[-1]) if lines else None)
    return " - ".join(one.strftime("%d-%m-%Y") if one else "" for one in (first, last))


def row(line: Movement) -> list[str]:
    payment = line.payment
    return [
        line.receipt,
        with_dashes(line.at),
        with_dashes(payment.asked_at if payment else line.at),
        details(line),
        "Completed",
        money(line.amount) if line.amount > 0 else "",
        money(line.amount) if line.amount < 0 else "",
        money(line.balance),
        "TRUE",
        reason(line),
        other_party(payment) if payment else "",
        payment.original if payment else "",
        payment.reference if payment and payment.kind in (STK, C2B) else "",
    ]


def money(shillings: int) -> str:
    return f"{shillings:,}.00"


def reason(line: Movement) -> str:
    if line.payment is None:
        return "Deposit of Funds" if line.amount > 0 else "Withdraw Funds to Bank"
    return REASONS[line.reason]


def details(line: Movement) -> str:
    payment = line.payment
    if payment is None:
        return "Deposit of Funds from Bank" if line.amount > 0 else "Organization Settle to Bank"
    customer = f"{payment.phone} - {payment.name}"
    if line.reason == "charge":
        return "Business Payment Charge"
    if payment.kind == B2C:
        return f"Business Payment to {customer}"
    if payment.kind == REVERSAL:
        return f"Reversal of {payment.original} to {customer}"
    return f"Pay Bill from {customer} Acc. {payment.reference}"


def other_party(payment: Payment) -> str:
    return f"{payment.phone[:4]}****{payment.phone[-4:]} - {payment.name}"
