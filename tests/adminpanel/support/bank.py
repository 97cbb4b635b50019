"""The M-PESA simulator's book, beside our own, and its statement."""

from __future__ import annotations

from datetime import date

from django.utils import timezone

from nissmart.sandbox import statement
from nissmart.sandbox.book import Book
from nissmart.sandbox.journal import Journal
from nissmart.sandbox.merchant import UTILITY, Merchant
from nissmart.sandbox.payments import Payment


class Bank:
    """The simulator's book, beside our own."""

    def __init__(self) -> None:
        self.merchant = Merchant()
        self.book = Book(self.merchant, Journal(None))
        self.serial = 0

    def pay(
        self, kind: str, receipt: str, amount: int, reference: str = "", original: str = ""
    ) -> None:
        """The payment under this receipt is made there. A payout has a charge of KES 9."""
        self.serial += 1
        name = f"request-{self.serial}"
        now = timezone.now()
        ours = (kind, self.merchant.shortcode, "254712345678", "JANE DOE", amount, reference)
        payment = Payment(
            self.serial, *ours, name, f"conversation-{self.serial}", receipt, now, original=original
        )
        self.book.accept(payment)
        assert self.book.end(payment, "0", now)

    @property
    def account(self) -> tuple[str, str]:
        return self.merchant.shortcode, UTILITY

    def file(self, first: date | None = None, last: date | None = None) -> bytes:
        return statement.write(self.book, self.merchant.shortcode, UTILITY, first, last)
