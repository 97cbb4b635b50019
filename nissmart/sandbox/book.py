"""The simulator's book: every requested payment and every shilling moved. Nothing ends twice.

Amounts are whole shillings. The caller holds the simulator's lock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from nissmart.sandbox import results
from nissmart.sandbox.journal import Journal
from nissmart.sandbox.merchant import (
    B2C_MINIMUM,
    DAILY_MAXIMUM,
    MAXIMUM,
    UTILITY,
    Merchant,
    b2c_charge,
)
from nissmart.sandbox.payments import B2C, C2B, FAILED, PAID, PENDING, REVERSAL, STK, Payment
from nissmart.sandbox.wire import EAT

SAME_AGAIN_WITHIN = timedelta(minutes=2)


class Duplicate(Exception):
    """A request with this id was accepted before."""


@dataclass(frozen=True)
class Movement:
    """One line of an account's statement. `payment` is None when the bank moved the money."""

    shortcode: str
    account: str
    amount: int
    balance: int
    at: datetime
    reason: str
    receipt: str
    payment: Payment | None = None


@dataclass(frozen=True)
class BankTransfer:
    """Money that the bank moves between itself and one of the organisation's accounts."""

    serial: int
    shortcode: str
    account: str
    amount: int
    receipt: str
    at: datetime


class Book:
    def __init__(self, merchant: Merchant, journal: Journal) -> None:
        self.merchant = merchant
        self.journal = journal
        self.payments: list[Payment] = []
        self.movements: list[Movement] = []
        self.highest_serial = 0
        self._by_id: dict[str, Payment] = {}
        self._requests: set[str] = set()
        self._balances: Counter[tuple[str, str]] = Counter()
        self._daily: Counter[tuple[str, str, str]] = Counter()
        self._last_paid: dict[tuple[str, int], datetime] = {}
        self._reversed: set[str] = set()
        for shortcode in merchant.shortcodes():
            self._balances[shortcode, UTILITY] = merchant.float_shillings
        for event in journal.read():
            self._replay(event)

    def accept(self, payment: Payment) -> None:
        """Accept a request. Raises Duplicate if its id was accepted before."""
        if payment.request_id in self._requests:
            raise Duplicate
        self.journal.append({"asked": payment.to_json()})
        self._add(payment)

    def find(self, name: str) -> Payment | None:
        """The payment with this receipt, request id or conversation id."""
        return self._by_id.get(name)

    def end(self, payment: Payment, code: str, now: datetime) -> bool:
        """End a payment with this result, and move the money if it's a success.

        Returns False and changes nothing if it has already ended. If a limit or a balance forbids
        a success, the payment fails with the matching code.
        """
        if payment.state != PENDING:
            return False
        if code == results.SUCCESS:
            code = self._refusal(payment, now) or code
        self.journal.append({"ended": payment.serial, "code": code, "at": now.isoformat()})
        self._end(payment, code, now)
        return True

    def balance(self, shortcode: str, account: str) -> int:
        return self._balances[shortcode, account]

    def move(self, transfer: BankTransfer) -> None:
        """Move money from or to the organisation's bank."""
        self.journal.append({"moved": asdict(transfer) | {"at": transfer.at.isoformat()}})
        self._move(transfer)

    def pending(self) -> list[Payment]:
        return [payment for payment in self.payments if payment.state == PENDING]

    def paid(self) -> Iterable[Payment]:
        return (payment for payment in self.payments if payment.is_paid)

    def is_reversed(self, receipt: str) -> bool:
        return receipt in self._reversed

    def _refusal(self, payment: Payment, now: datetime) -> str:
        """The code with which M-PESA would refuse this, or ""."""
        minimum = B2C_MINIMUM if payment.kind == B2C else 1
        if payment.kind == REVERSAL:
            return self._lacks_funds(payment)
        if payment.amount < minimum:
            return results.BELOW_MINIMUM
        if payment.amount > MAXIMUM:
            return results.ABOVE_MAXIMUM
        if self._daily[self._day(payment, now)] + payment.amount > DAILY_MAXIMUM:
            return results.DAILY_LIMIT
        if payment.kind == STK:
            last = self._last_paid.get((payment.phone, payment.amount))
            return results.SAME_AGAIN if last and now - last < SAME_AGAIN_WITHIN else ""
        return self._lacks_funds(payment)

    def _lacks_funds(self, payment: Payment) -> str:
        if payment.kind == C2B:
            return ""
        needed = payment.amount
        if payment.kind == B2C and self.merchant.charges_from == UTILITY:
            needed += b2c_charge(payment.amount)
        held = self._balances[payment.shortcode, UTILITY]
        return results.INSUFFICIENT if held < needed else ""

    @staticmethod
    def _day(payment: Payment, now: datetime) -> tuple[str, str, str]:
        direction = "out" if payment.kind == B2C else "in"
        return payment.phone, direction, now.astimezone(EAT).date().isoformat()

    def _add(self, payment: Payment) -> None:
        self.payments.append(payment)
        self.highest_serial = max(self.highest_serial, payment.serial)
        self._requests.add(payment.request_id)
        for name in (payment.receipt, payment.request_id, payment.conversation_id):
            self._by_id[name] = payment

    def _end(self, payment: Payment, code: str, now: datetime) -> None:
        payment.code = code
        payment.ended_at = now
        payment.state = PAID if code == results.SUCCESS else FAILED
        if payment.is_paid:
            self._pay(payment, now)

    def _pay(self, payment: Payment, now: datetime) -> None:
        self._enter(payment, UTILITY, payment.signed_amount(), now)
        if payment.kind == B2C:
            payment.charge = b2c_charge(payment.amount)
            if payment.charge:
                self._enter(payment, self.merchant.charges_from, -payment.charge, now, "charge")
        if payment.kind == REVERSAL:
            self._reversed.add(payment.original)
            return
        self._daily[self._day(payment, now)] += payment.amount
        if payment.kind == STK:
            self._last_paid[payment.phone, payment.amount] = now

    def _enter(
        self, payment: Payment, account: str, amount: int, now: datetime, reason: str = ""
    ) -> None:
        self._balances[payment.shortcode, account] += amount
        balance = self._balances[payment.shortcode, account]
        line = (payment.shortcode, account, amount, balance, now)
        self.movements.append(Movement(*line, reason or payment.kind, payment.receipt, payment))

    def _move(self, transfer: BankTransfer) -> None:
        self.highest_serial = max(self.highest_serial, transfer.serial)
        where = (transfer.shortcode, transfer.account)
        self._balances[where] += transfer.amount
        line = (*where, transfer.amount, self._balances[where], transfer.at)
        self.movements.append(Movement(*line, "bank", transfer.receipt))

    def _replay(self, event: dict[str, Any]) -> None:
        if "asked" in event:
            self._add(Payment.from_json(event["asked"]))
        elif "ended" in event:
            payment = next(one for one in reversed(self.payments) if one.serial == event["ended"])
            self._end(payment, event["code"], datetime.fromisoformat(event["at"]))
        else:
            at = datetime.fromisoformat(event["moved"]["at"])
            self._move(BankTransfer(**event["moved"] | {"at": at}))
