"""Payments over M-PESA in our books, and statements of it, written as an import writes them."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count

from django.utils import timezone

from adminpanel.models import Movement, Statement, StatementLine
from adminpanel.models.matches import Place
from adminpanel.reconciliation import standing, taking_in
from ledger import operations, rails
from ledger.models import Transaction
from ledger.operations import Paid
from tests.factories import withdraw
from tests.ledger.support.later import sent
from wallet.models import User

RAIL = "mpesa"
numbers = count(1)


def new_receipt() -> str:
    return f"TKR{next(numbers):07}"


def came_in(user: User, cents: int, receipt: str = "") -> tuple[str, Transaction]:
    """A deposit that its payer started, and its receipt."""
    receipt = receipt or new_receipt()
    paid = Paid(RAIL, receipt, cents, account_number=user.primary_account().number)
    return receipt, operations.credit(paid, account_id=user.primary_account().pk)


def went_out(user: User, cents: int, charge_cents: int = 0) -> tuple[str, Transaction]:
    """A payout that was paid, and its receipt. Needs the setting RAIL."""
    receipt = new_receipt()
    record = sent(withdraw(user, cents))
    return receipt, operations.settle(
        transaction_id=record.pk, receipt=receipt, charge_cents=charge_cents
    )


class Sheet:
    """A statement in the making: `say` adds a line, `imported` writes it and takes it in."""

    def __init__(
        self, opening_cents: int = 0, at: datetime | None = None, rail: str = RAIL
    ) -> None:
        self.rail, self.float_id = rail, rails.of(rail).float_account.id
        self.opening_cents = opening_cents
        self.at = at or timezone.now() - timedelta(minutes=30)
        self.lines: list[dict[str, object]] = []

    def say(self, receipt: str, cents: int, kind: str = "Pay Bill Online", **more: object) -> None:
        line = {"receipt": receipt, "amount_cents": cents, "kind": kind, "at": timezone.now()}
        self.lines.append(line | {"counts": True, "status": "Completed"} | more)

    def imported(self, closing_cents: int | None = None, *, take_in: bool = True) -> Statement:
        total = sum(int(line["amount_cents"]) for line in self.lines if line["counts"])
        if closing_cents is None:
            closing_cents = self.opening_cents + total
        serial = next(numbers)
        statement = Statement.objects.create(
            account_id=self.float_id,
            rail=self.rail,
            format="mpesa",
            file_name=f"statement-{serial}.csv",
            size=1,
            sha256=f"{serial:064}",
            first_at=self.at,
            last_at=timezone.now(),
            opening_cents=self.opening_cents,
            closing_cents=closing_cents,
            lines_count=len(self.lines),
            state=Statement.State.IMPORTED,
            imported_at=timezone.now(),
        )
        StatementLine.objects.bulk_create(
            StatementLine(
                statement=statement,
                account_id=self.float_id,
                number=number,
                fingerprint=f"{next(numbers):032}",
                **line,
            )
            for number, line in enumerate(self.lines, 1)
        )
        if take_in:
            taking_in.take_in_due()
        return statement


def places() -> dict[str, list[str]]:
    """The receipts in each place: of lines as they are, of our movements with an exclamation."""
    found: dict[str, list[str]] = {}
    for one in Movement.objects.order_by("pk"):
        mark = "" if one.is_line else "!"
        found.setdefault(one.place, []).append(f"{one.receipt}{mark}")
    return {place: sorted(receipts) for place, receipts in found.items()}


def one_of_each(user: User) -> Sheet:
    """One matched deposit, one that only M-PESA knows, one that only we know."""
    sheet = Sheet(opening_cents=5_000_00)
    both, _record = came_in(user, 900_00)
    sheet.say(both, 900_00)
    sheet.say(new_receipt(), 250_00, details="Pay Bill from a customer")
    came_in(user, 250_00)
    return sheet


def of_place(place: Place) -> list[Movement]:
    return list(Movement.objects.filter(place=place).order_by("pk"))


def equation_of(statement: Statement) -> standing.Equation:
    statement.refresh_from_db()
    return standing.equation(statement.cutoff)


def assert_adds_up(statement: Statement) -> standing.Equation:
    found = equation_of(statement)
    assert found.unexplained_cents == 0, found
    lines = statement.lines.filter(counts=True).count()
    assert Movement.objects.lines().count() >= lines
    return found
