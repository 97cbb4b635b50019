"""Days of a finance team: payments with planted faults, the rail's statement, matching, a close.

Each day the simulator's statement is imported by the real importer, everything is matched, and the
day is closed by two people. `run` returns nothing: it asserts after each day that all that was
planted is found, and that nothing else is.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from adminpanel.close import operations as closings
from adminpanel.integrity import operations as integrity
from adminpanel.models import Movement, StatementLine
from adminpanel.reconciliation import by_hand, operations, reading, standing, taking_in
from ledger.closing import periods
from ledger.models import Close, Entry
from ledger.querysets import day_start
from nissmart.sandbox.merchant import b2c_charge
from nissmart.sandbox.payments import B2C, C2B, REVERSAL
from tests.adminpanel.support.bank import Bank
from tests.adminpanel.support.matching import came_in, new_receipt, places, went_out
from tests.adminpanel.support.statements import FLOAT, upload
from wallet.context import SYSTEM, Context
from wallet.models import User

MORNING, NOON, MINUTE = timedelta(hours=7), timedelta(hours=10), timedelta(minutes=1)
DAY = timedelta(days=1)
# In shillings.
LEAST, MOST = 150, 400


class Month:
    """One member's payments. `planted` has receipts by place, as `places` gives them."""

    def __init__(self, member: User, maker: User, approver: User, clock: Any, seed: int) -> None:
        self.member, self.maker, self.approver, self.clock = member, maker, approver, clock
        self.bank = Bank()
        self.random = random.Random(seed)
        self.planted: dict[str, list[str]] = defaultdict(list)
        self.late: list[tuple[str, int]] = []
        self.faults = 0
        self.kinds: dict[str, int] = defaultdict(int)

    def run(self, first: date, days: int, payments: int, faults: int) -> None:
        """Play these days, with this many payments and faults each, and close each one."""
        for number in range(days):
            day = first + number * DAY
            self.clock.move_to(day_start(day) + NOON, tick=False)
            if number == 0:
                self.deposit(9_000)
            jobs: list[Callable[[], None]] = [self.pay] * payments
            jobs += [self.fault_of(self.faults + one) for one in range(faults)]
            self.random.shuffle(jobs)
            for job in jobs:
                self.clock.shift(MINUTE)
                job()
            self.faults += faults
            self.next_morning(day)

    # --- Payments

    def shillings(self) -> int:
        return self.random.randint(LEAST, MOST)

    def deposit(self, amount: int) -> None:
        receipt, _record = came_in(self.member, amount * 100)
        self.bank.pay(C2B, receipt, amount)

    def pay(self) -> None:
        """One that both books have: money in, or money out with its charge."""
        if self.random.random() < 0.6:
            self.deposit(self.shillings())
        else:
            amount = self.shillings()
            receipt, _record = went_out(self.member, amount * 100, b2c_charge(amount) * 100)
            self.bank.pay(B2C, receipt, amount)

    # --- Faults

    def fault_of(self, number: int) -> Callable[[], None]:
        """In turn, so that each kind comes up."""
        kinds = (
            *(self.no_charge, self.only_ours, self.only_theirs, self.another_amount),
            *(self.twice, self.taken_back, self.booked_late),
        )
        fault = kinds[number % len(kinds)]
        self.kinds[fault.__name__] += 1
        return fault

    def no_charge(self) -> None:
        amount = self.shillings()
        receipt, _record = went_out(self.member, amount * 100)
        self.bank.pay(B2C, receipt, amount)
        self.planted["charge"].append(receipt)

    def only_ours(self) -> None:
        receipt, _record = came_in(self.member, self.shillings() * 100)
        self.planted["ours"].append(f"{receipt}!")

    def only_theirs(self) -> None:
        receipt = new_receipt()
        self.bank.pay(C2B, receipt, self.shillings())
        self.planted["theirs"].append(receipt)

    def another_amount(self) -> None:
        amount = self.shillings()
        receipt, _record = came_in(self.member, amount * 100)
        self.bank.pay(C2B, receipt, amount + self.random.randint(1, 1_000))
        self.planted["differs"] += [receipt, f"{receipt}!"]

    def twice(self) -> str:
        """The payer paid our one deposit twice."""
        amount, again = self.shillings(), new_receipt()
        receipt, record = came_in(self.member, amount * 100)
        for each in (receipt, again):
            self.bank.pay(C2B, each, amount, reference=record.attempt.reference)
        self.planted["duplicate"].append(again)
        return again

    def taken_back(self) -> None:
        """A payment that only the rail has, and takes back again."""
        receipt, back, amount = new_receipt(), new_receipt(), self.shillings()
        self.bank.pay(C2B, receipt, amount)
        self.bank.pay(REVERSAL, back, amount, original=receipt)
        self.planted["theirs"] += [receipt, back]

    def booked_late(self) -> None:
        """We hear of it only on the next morning, after its statement."""
        receipt, amount = new_receipt(), self.shillings()
        self.bank.pay(C2B, receipt, amount)
        self.planted["theirs"].append(receipt)
        self.late.append((receipt, amount))

    # --- The team

    def next_morning(self, day: date) -> None:
        """Import the statement, look at what is open, book what came late, and close the day."""
        self.clock.move_to(day_start(day + DAY) + MORNING, tick=False)
        self.deposit(self.shillings())
        self.clock.shift(MINUTE)
        self.import_statement(day)
        self.compare()
        late, self.late = self.late, []
        for receipt, amount in late:
            came_in(self.member, amount * 100, receipt)
            self.planted["theirs"].remove(receipt)
        taking_in.take_in_due()
        self.compare()
        for one in standing.exceptions().filter(owner__isnull=True):
            by_hand.own(Context(self.maker.pk), movement_id=one.pk, owner_id=self.maker.pk)
        self.close(periods.next_day())

    def import_statement(self, day: date) -> None:
        """The file of this day and of the next until now: it overlaps the file before it."""
        found = upload(self.bank.file(day, day + DAY), by=Context(self.maker.pk))
        operations.confirm(Context(self.maker.pk), found.pk)
        reading.do_next()
        taking_in.take_in_due()
        found.refresh_from_db()
        equation = standing.equation(found.cutoff)
        assert equation.unexplained_cents == 0, equation
        assert equation.statement_cents == self.bank.book.balance(*self.bank.account) * 100

    def compare(self) -> None:
        """All that was planted is found, and nothing else; and each line and entry has a place."""
        wanted = {(place, one) for place, found in self.planted.items() for one in found}
        given = {
            (place, one) for place, found in places().items() if place != "matched" for one in found
        }
        assert given == wanted, f"invented {given - wanted}, not found {wanted - given}"
        lines = StatementLine.objects.filter(counts=True).count()
        entries = Entry.objects.filter(account=FLOAT).count()
        assert Movement.objects.count() == lines + entries

    def close(self, period: periods.Period) -> None:
        integrity.request_run(SYSTEM)
        integrity.run_next()
        signed = closings.sign(Context(self.maker.pk), period)
        closings.approve(Context(self.approver.pk), proposal_id=signed.pk)
        assert closings.post_approved() == 1
        newest = Close.objects.newest()
        assert newest
        assert (newest.last_day, newest.act) == (period.last_day, period.act)
