"""A statement adds up, to the cent, whatever happened and whichever days it covers."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from random import Random

import pytest

from ledger import account_days, operations
from ledger.models import Entry, Goal, Transaction
from ledger.querysets import nairobi_day
from ledger.statements import csv as spreadsheet
from ledger.statements import lines, statement
from ledger.statements.period import Period
from ledger.status import Status
from tests.books import assert_books_right
from tests.factories import UserFactory, deposit, new_key, send, withdraw
from tests.ledger.support import goals
from tests.ledger.support.later import end, waiting_deposit, waiting_withdrawal
from tests.ledger.support.prices import price
from wallet.context import Context
from wallet.errors import Refusal
from wallet.models import Account, User

pytestmark = pytest.mark.django_db

FIRST = date(2026, 1, 30)
DAYS = 25


def happen(draw: Random, members: list[User], staff: User) -> None:
    """Something happens between the members. A refusal is fine too."""
    one, other = draw.sample(members, 2)
    # Often the fee itself, so that the amount and the fee are two equal entries.
    cents = draw.choice([10_00, 10_00, 25_00, draw.randint(1_00, 600_00)])
    waiting = list(Transaction.objects.filter(status=Status.PENDING))
    done = Transaction.objects.filter(status=Status.SUCCESS, type__in=["DEPOSIT", "TRANSFER"])
    try:
        match draw.randrange(9):
            case 0:
                deposit(one, cents * 5)
            case 1:
                send(one, other, cents)
            case 2:
                withdraw(one, cents)
            case 3:
                waiting_withdrawal(one, cents)
            case 4:
                waiting_deposit(one, cents)
            case 5 if waiting:
                end(draw.choice(waiting), draw.choice(["SUCCESS", "FAILED"]))
            case 6 if done:
                take_back(draw.choice([record.pk for record in done]), staff)
            case 7 | 8:
                move_own(draw, list(Goal.objects.of_member(one.pk)), cents)
    except Refusal:
        pass


def move_own(draw: Random, mine: list[Goal], cents: int) -> None:
    """Into a goal, out of it, or from one to the other. Sometimes all that it holds."""
    goal, other = draw.sample(mine, 2)
    if draw.random() < 0.2:
        cents = goal.balance_cents or cents
    match draw.randrange(4):
        case 0 | 1:
            goals.save(goal, cents)
        case 2:
            goals.take(goal, cents)
        case 3:
            goals.move(goal, other, cents)


def history(seed: int, staff: User, time_machine) -> list[User]:
    """Three members after 25 days in which much happened, some of it around midnight."""
    draw = Random(seed)
    time_machine.move_to(f"{FIRST}T00:00:00+03:00", tick=False)
    members = [UserFactory() for _each in range(3)]
    for user in members:
        goals.open_goal(user)
        goals.open_goal(user, "Rent")
    price((1_00, 10_00), (500_00, 25_00))
    for day in range(DAYS):
        for _each in range(draw.choice([0, 2, 6])):
            time = draw.choice(["00:00:00", "23:59:59.999999", "12:00:00"])
            time_machine.move_to(f"{FIRST + timedelta(day)}T{time}+03:00", tick=False)
            happen(draw, members, staff)
    # Whatever was drawn, one has a payout that failed, one that waits, and a deposit taken back.
    one = members[0]
    deposit(one, 500_00)
    end(waiting_withdrawal(one, 10_00), "FAILED")
    waiting_withdrawal(one, 25_00)
    take_back(deposit(one, 5_00).pk, staff)
    goals.save(Goal.objects.of_member(one.pk)[0], 30_00)
    return members


def take_back(transaction_id: int, staff: User) -> None:
    operations.reverse(Context(staff.pk, key=new_key()), transaction_id=transaction_id)


def raw_entries(account: Account) -> list[tuple[date, int]]:
    """The day and the cents of each, in the order of the books."""
    found = Entry.objects.filter(account=account).order_by("pk")
    rows = found.values_list("created_at", "amount_cents")
    return [(nairobi_day(at), cents) for at, cents in rows]


@pytest.mark.parametrize("seed", range(2))
def test_a_statement_of_any_period_adds_up(seed, finance, time_machine):
    members = history(seed, finance, time_machine)
    assert_books_right()
    draw = Random(seed)
    for account in Account.objects.filter(user__in=members).select_related("user", "goal"):
        entries = raw_entries(account)
        fees_by_day = [
            (nairobi_day(at), cents)
            for at, cents in Transaction.objects.filter(
                from_account=account, fee_cents__gt=0
            ).values_list("created_at", "fee_cents")
        ]
        for batch in (0, 50, 7):
            # Also when a part of the entries is folded, and then nearly all of them.
            if batch:
                account_days.fold(batch)
            first = FIRST + timedelta(draw.randrange(DAYS))
            period = Period(first, first + timedelta(draw.randrange(DAYS)))
            made = statement.of(account, period)
            before = sum(cents for day, cents in entries if day < period.first)
            within = [cents for day, cents in entries if period.first <= day <= period.last]
            fees = sum(fee for day, fee in fees_by_day if period.first <= day <= period.last)
            assert made.opening_cents == before
            assert made.closing_cents == before + sum(within)
            assert made.totals.in_cents == sum(cents for cents in within if cents > 0)
            assert made.totals.out_cents + fees == -sum(cents for cents in within if cents < 0)
            assert made.totals.fees_cents == fees
            assert made.is_right
            assert_lines_follow(made, within)
            assert_spreadsheet_agrees(made)
    account_days.fold_all(1)
    assert_books_right()


def assert_lines_follow(made: statement.Statement, within: list[int]) -> None:
    shown = list(made.every_line())
    assert [line.amount_cents for line in shown] == within
    assert len(shown) == made.totals.line_count
    balance = made.opening_cents
    for line in shown:
        balance += line.amount_cents
        assert line.balance_cents == balance
    assert balance == made.closing_cents
    taken = [line for line in shown if line.is_fee and line.amount_cents < 0]
    assert -sum(line.amount_cents for line in taken) == made.totals.fees_cents
    assert all(-line.amount_cents == line.fee_cents for line in taken)
    # A page in the middle shows the same lines.
    assert made.some_lines(2, 3) == shown[2:5]


def assert_spreadsheet_agrees(made: statement.Statement) -> None:
    text = b"".join(spreadsheet.download(made).streaming_content).decode().removeprefix("\ufeff")
    _headings, opening, *rows, closing = csv.reader(io.StringIO(text))

    def cents(cell: str) -> int:
        return round(float(cell or 0) * 100)

    assert cents(opening[-1]) == made.opening_cents
    sums = [sum(cents(row[column]) for row in rows) for column in (7, 8, 9)]
    assert sums == list(made.totals[:3]) == [cents(cell) for cell in closing[7:10]]
    assert cents(closing[-1]) == made.closing_cents


def test_what_happens_meanwhile_is_not_in_it(alice, bob):
    send(alice, bob, 100_00)
    today = nairobi_day()
    made = statement.of(alice.primary_account(), Period(today, today))
    send(alice, bob, 50_00)
    assert made.closing_cents == 900_00
    assert made.is_right
    assert [line.amount_cents for line in made.every_line()] == [1_000_00, -100_00]


def test_a_long_statement_is_read_in_batches(alice, bob, django_assert_num_queries, monkeypatch):
    """The sums take five queries, and the lines one for each batch and the last, short one."""
    monkeypatch.setattr(lines, "BATCH", 4)
    for _each in range(8):
        send(alice, bob, 1_00)
    account, today = alice.primary_account(), nairobi_day()
    with django_assert_num_queries(5 + 3):
        made = statement.of(account, Period(today, today))
        assert len(list(made.every_line())) == 9
