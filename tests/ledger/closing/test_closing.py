"""Closing days and months: in order, chained, equal to the books, and reopened from the newest."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from ledger import closing, operations
from ledger.closing import links, periods
from ledger.closing.errors import DaysOpen, NotNewest, NotNext, NotOver
from ledger.goal_errors import NoLock
from ledger.leaving import operations as leaving
from ledger.models import Books, Close, Entry, Transaction
from ledger.querysets import day_start
from tests.factories import UserFactory, account_id, balance, deposit, send, withdraw
from tests.ledger.closing.support import at, close, day, reopen, signature
from tests.ledger.support import goals
from tests.ledger.support.later import waiting_withdrawal
from tests.ledger.support.rates import rate
from tests.ledger.support.suspense import adjust, stray
from tests.tampering import violations
from wallet import house
from wallet.context import Context
from wallet.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def members():
    """Two members with a payment on each of the last three days."""
    amina, brian = UserFactory(name="Amina"), UserFactory(name="Brian")
    for ago in (3, 2, 1):
        deposit(amina, 500_00, at=at(ago, 9))
        send(amina, brian, 100_00, at=at(ago, 10), description="Rent, é")
    return amina, brian


def by_hand(first: datetime, last: datetime) -> str:
    """The hash of the entries of one day, as docs/closing.md says, without the product's code."""
    lines = []
    for entry in Entry.objects.filter(created_at__gte=first, created_at__lt=last).order_by("pk"):
        row = [
            f"{entry.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z",
            *(entry.pk, entry.transaction_id, entry.account_id, entry.amount_cents),
            entry.balance_after_cents,
        ]
        lines.append(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def test_the_first_close_covers_all_before_it_and_the_chain_holds(members):
    first, second = close(2), close(1)
    assert (first.number, first.first_day, first.last_day) == (1, day(3), day(2))
    assert (second.number, second.previous, second.first_day) == (2, first, day(1))
    assert links.facts_of(second)["previous"] == first.hash
    assert (first.entries, first.transactions, second.entries) == (8, 4, 4)
    stored = second.content["days"][str(day(1))]["entries"]
    assert stored == [4, by_hand(day_start(day(1)), day_start(day(0)))]
    [*_, wallets] = (line for line in second.content["trial_balance"] if line["code"] == "2100")
    assert wallets == {
        "code": "2100",
        "opening_cents": 1000_00,
        "debit_cents": 100_00,
        "credit_cents": 600_00,
        "closing_cents": 1500_00,
    }
    assert sum(line["closing_cents"] for line in second.content["trial_balance"]) == 0
    assert Books.objects.open_from() == day_start(day(0))
    assert violations() == []
    # Repeated, it's the same close.
    assert close(1) == second
    assert Close.objects.count() == 2


def test_days_are_closed_in_order_once_they_are_over(members):
    with pytest.raises(NotOver):
        close(0)
    close(3)
    with pytest.raises(NotNext):
        close(1)
    assert periods.next_day().last_day == day(2)


def test_what_comes_late_is_dated_to_the_first_open_moment(members):
    """A machine whose clock is behind loses nothing, and a payout that was under way settles."""
    amina, brian = members
    open_one = waiting_withdrawal(amina, 50_00, at=at(1, 22))
    close(1)
    first_moment = day_start(day(0))
    late = [
        deposit(brian, 10_00, at=first_moment - timedelta(microseconds=1)),
        send(amina, brian, 10_00, at=at(1, 23)),
        operations.settle(transaction_id=open_one.pk, at=at(1, 23)),
        withdraw(brian, 5_00, at=at(2)),
    ]
    assert [(record.created_at, record.settled_at) for record in late] == [
        *[(first_moment, first_moment)] * 2,
        (at(1, 22), first_moment),
        (first_moment, first_moment),
    ]
    assert balance(brian) == 315_00
    assert violations() == []


def test_what_the_ledger_writes_without_an_order_is_dated_to_the_first_open_moment(
    members, time_machine
):
    amina, brian = members
    close(1)
    first_moment = day_start(day(0))
    time_machine.move_to(first_moment - timedelta(minutes=1), tick=False)
    stray(brian, rail_code="simulated")
    operations.credit(operations.Paid("simulated", "R1", 10_00), account_id=account_id(amina))
    adjust(house.ADJUSTMENTS.id, account_id(brian), 1_00, amina)
    for record in Transaction.objects.order_by("-pk")[:3]:
        assert (record.created_at, record.settled_at) == (first_moment, first_moment), record.type
    time_machine.move_to(first_moment, tick=False)
    assert violations() == []


def test_a_goal_that_a_late_clock_closes_has_earned_the_closed_day(members, time_machine):
    amina, _brian = members
    time_machine.move_to(at(0, 9), tick=False)
    rate(3_65)
    goal, other = goals.saving(amina, 1000_00), goals.open_goal(amina)
    time_machine.shift(timedelta(days=2))
    close(1)
    first_moment = day_start(day(0))
    time_machine.move_to(first_moment - timedelta(minutes=1), tick=False)
    with pytest.raises(NoLock):
        operations.lock_goal(goal_id=other.pk, until=day(-1))
    lock = operations.lock_goal(goal_id=other.pk, until=day(-2))
    taken = goals.close(goal)
    assert taken
    assert taken.amount_cents == 1000_20
    times = {taken.created_at, goals.now(goal).account.closed_at, lock.locked_at}
    times |= set(Transaction.objects.filter(type="INTEREST").values_list("created_at", flat=True))
    assert times == {first_moment}
    time_machine.move_to(first_moment, tick=False)
    assert violations() == []


def test_the_database_refuses_what_is_dated_into_a_closed_day(members):
    amina, _brian = members
    open_one = waiting_withdrawal(amina, 50_00, at=at(0, 0))
    close(1)
    moment = connection.ops.adapt_datetimefield_value(day_start(day(0)) - timedelta(seconds=1))
    same = {"at": moment, "of": open_one.pk, "account": house.IN_TRANSIT.id}
    attacks = [
        """INSERT INTO ledger_entry (transaction_id, account_id, amount_cents, created_at)
           VALUES (%(of)s, %(account)s, 1, %(at)s), (%(of)s, %(account)s, -1, %(at)s)""",
        """INSERT INTO ledger_transaction
           (reference, type, rail, status, amount_cents, to_account_id, description,
            created_by_id, created_at)
           SELECT 'NS-11111111', 'DEPOSIT', rail, 'PENDING', 5, from_account_id, '',
                  created_by_id, %(at)s FROM ledger_transaction WHERE id = %(of)s""",
        """UPDATE ledger_transaction SET status = 'SUCCESS', settled_at = %(at)s
           WHERE id = %(of)s AND created_at <= %(at)s OR id = %(of)s""",
        "UPDATE ledger_books SET open_from = %(at)s",
        "DELETE FROM ledger_books",
        "DELETE FROM ledger_close",
        "UPDATE ledger_close SET reason = 'x'",
    ]
    for sql in attacks:
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, same)


def test_only_the_newest_close_is_reopened_and_the_rows_stay(members):
    first, second = close(2), close(1)
    with pytest.raises(NotNewest):
        reopen(first)
    with pytest.raises(IntegrityError, match="newest"), transaction.atomic():
        links.add(second, signature("x"), act="reopen", reopens=first, **dates(first))
    reopening = reopen(second)
    assert (reopening.number, reopening.reopens, reopening.previous) == (3, second, second)
    assert reopen(second) == reopening
    assert Books.objects.open_from() == day_start(day(1))
    amina, brian = members
    assert send(amina, brian, 1_00, at=at(1, 23)).created_at == at(1, 23)
    again = close(1)
    assert (again.number, again.entries, again.previous) == (4, 6, reopening)
    assert [one.number for one in Close.objects.live()] == [4, 1]
    reopen(again)
    reopen(first)
    assert Books.objects.open_from() == day_start(day(3))
    assert violations() == []
    assert close(1).first_day == day(3)
    assert violations() == []


def dates(one: Close) -> dict[str, object]:
    names = ("first_day", "last_day", "starts_at", "ends_at")
    return {name: getattr(one, name) for name in names}


def test_a_month_is_closed_after_its_days(time_machine):
    time_machine.move_to("2026-10-30T09:00:00Z", tick=False)
    amina = UserFactory()
    deposit(amina, 100_00)
    time_machine.move_to("2026-11-01T09:00:00Z", tick=False)
    deposit(amina, 7_00)
    time_machine.move_to("2026-11-02T09:00:00Z", tick=False)
    close(3)
    with pytest.raises(DaysOpen):
        closing.close_month(signature(), day(3))
    assert periods.next_month() is None
    close(2)
    assert str(periods.next_month()) == "October 2026"
    made = closing.close_month(signature(), day(3))
    assert (made.period, made.entries, len(made.content["covers"])) == ("2026-10", 2, 2)
    lines = {line["code"]: line["closing_cents"] for line in made.content["trial_balance"]}
    assert lines == {"1190": -100_00, "2100": 100_00}
    assert violations() == []
    with pytest.raises(NotNewest):
        reopen(Close.objects.get(number=2))
    assert periods.next_month() is None
    reopen(made)
    assert Books.objects.open_from() == day_start(day(1))


def test_a_member_who_leaves_breaks_no_hash(members):
    _amina, brian = members
    close(1)
    withdraw(brian, balance(brian))
    leaving.close(Context(brian.pk), brian.pk)
    assert not User.objects.get(pk=brian.pk).phone
    assert violations() == []
    assert Transaction.objects.filter(to_account=account_id(brian)).exists()
