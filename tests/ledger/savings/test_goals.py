"""Savings goals are accounts of their member: orders move money in, out and between them."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from adminpanel.overview import totals
from ledger import alerts, operations
from ledger.errors import (
    AccountFrozen,
    BalanceLimitReached,
    InsufficientFunds,
    KeyReused,
    LowerLimitReached,
    MoneyGone,
    NotReversible,
    PayoutsOnHold,
    UnknownAccount,
)
from ledger.goal_errors import (
    GoalClosed,
    GoalFull,
    GoalKeyReused,
    GoalShort,
    TooManyGoals,
)
from ledger.kinds import MOVE, SAVE, TAKE, TRANSFER, WITHDRAWAL
from ledger.models import Goal, Transaction
from ledger.operations import Order
from ledger.querysets import nairobi_day
from ledger.savings import operations as savings
from tests.books import assert_books_right, nothing_moves, total_in_wallets
from tests.factories import account_id, balance, deposit, new_key, send, withdraw
from tests.ledger.support import goals
from tests.ledger.support.goals import held, move, open_goal, save, saving, take
from tests.ledger.support.moves import lines
from tests.ledger.support.rows import insert, stored
from tests.tampering import violations, violations_after
from wallet import operations as wallet_operations
from wallet import safety
from wallet.context import SYSTEM, Context
from wallet.models import Account, Message

pytestmark = pytest.mark.django_db

FRESH = {"id": 10**6, "reference": "NS-STANDIN0", "idempotency_key": "another"}


def test_money_moves_in_out_and_between_goals_as_transactions(alice):
    school, rent = open_goal(alice), open_goal(alice, "Rent")
    record = save(school, 300_00)
    wallet = account_id(alice)
    assert (record.type, record.status, record.description) == ("SAVE", "SUCCESS", "")
    assert lines(record) == [(wallet, -300_00, 700_00), (school.pk, 300_00, 300_00)]
    assert lines(move(school, rent, 120_00)) == [
        (school.pk, -120_00, 180_00),
        (rent.pk, 120_00, 120_00),
    ]
    assert lines(take(rent, 20_00)) == [(rent.pk, -20_00, 100_00), (wallet, 20_00, 720_00)]
    assert (balance(alice), held(school), held(rent)) == (720_00, 180_00, 100_00)
    assert_books_right()
    assert violations() == []


def test_what_is_saved_counts_in_the_total_value_but_is_not_available(alice, bob):
    saving(alice, 900_00)
    assert totals.summary().total_value_cents == total_in_wallets() == 1_000_00
    assert sum(row.cents for row in totals.books()) == 0
    with nothing_moves(), pytest.raises(InsufficientFunds):
        send(alice, bob, 100_01)


def test_a_key_moves_money_once_and_opens_one_goal(alice):
    goal, key = open_goal(alice), new_key()
    first = save(goal, 50_00, key)
    again = save(goal, 50_00, key)
    assert (again.pk, again.is_replay) == (first.pk, True)
    with nothing_moves(), pytest.raises(KeyReused):
        take(goal, 50_00, key)
    context, plan = Context(alice.pk, key=key), savings.GoalPlan("Rent", target_cents=1_00)
    made, is_replay = savings.open_goal(context, alice.pk, plan)
    assert not is_replay
    assert savings.open_goal(context, alice.pk, plan) == (made, True)
    with pytest.raises(GoalKeyReused):
        savings.open_goal(context, alice.pk, plan._replace(name="Phone"))
    assert Goal.objects.of_member(alice.pk).count() == 2


def test_a_goal_never_goes_below_zero(alice):
    goal = saving(alice, 10_00)
    with nothing_moves(), pytest.raises(GoalShort, match="This goal has"):
        take(goal, 10_01)
    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.filter(pk=goal.pk).update(balance_cents=-1)


def test_moving_ones_own_money_has_no_limit_but_what_an_account_may_hold(alice, settings):
    settings.LIMIT_CENTS_PER_TRANSACTION = settings.LIMIT_CENTS_OUT_PER_DAY = 5_00
    goal = saving(alice, 900_00)
    take(goal, 100_00)
    assert operations.sent_cents(account_id(alice), nairobi_day()) == 0
    settings.LIMIT_CENTS_BALANCE = 850_00
    with nothing_moves(), pytest.raises(GoalFull, match=r"A goal holds .* add KES.50\.00"):
        save(goal, 50_01)
    with nothing_moves(), pytest.raises(BalanceLimitReached, match="A wallet holds"):
        take(goal, 700_00)


def test_a_frozen_wallet_takes_money_from_a_goal_but_saves_none(alice):
    goal = saving(alice, 100_00)
    saved = stored(Transaction.objects.latest("pk"))
    wallet_operations.freeze(SYSTEM, account_id(alice))
    with nothing_moves(), pytest.raises(AccountFrozen):
        save(goal, 1_00)
    with pytest.raises(IntegrityError, match="not out of a frozen one"), transaction.atomic():
        insert("ledger_transaction", saved | FRESH)
    take(goal, 100_00)
    assert balance(alice) == 1_000_00
    with pytest.raises(Account.DoesNotExist):
        wallet_operations.freeze(SYSTEM, goal.pk)


def test_money_in_goals_stays_within_a_hold_and_the_limits_of_a_day(alice, bob, settings):
    goal = saving(alice, 900_00)
    safety.changed(Context(bob.pk), alice.pk, safety.Change.HELP)
    save(goal, 10_00)
    take(goal, 700_00)
    for leave in (send, withdraw):
        with nothing_moves(), pytest.raises(PayoutsOnHold):
            leave(alice, *([bob] if leave is send else []), 1_00)
    Account.objects.update(no_payouts_until=None)
    settings.LOWER_LIMIT_CENTS_OUT_PER_DAY = 50_00
    # What was saved and taken out counts neither for the limit nor against it.
    with nothing_moves(), pytest.raises(LowerLimitReached):
        send(alice, bob, 50_01)
    paid = stored(withdraw(alice, 50_00))
    with pytest.raises(IntegrityError, match="paid out of a goal"), transaction.atomic():
        insert("ledger_transaction", paid | FRESH | {"from_account_id": goal.pk})


def wrong_orders(alice, bob):
    """Orders that take a goal for a wallet, a wallet for a goal, or another member's goal."""
    mine, theirs = saving(alice, 50_00), open_goal(bob)
    wallet = account_id(alice)
    sides = [
        *((TRANSFER, mine.pk, account_id(bob)), (TRANSFER, wallet, theirs.pk)),
        *((WITHDRAWAL, mine.pk, None), (SAVE, wallet, theirs.pk), (SAVE, mine.pk, wallet)),
        *((TAKE, mine.pk, account_id(bob)), (TAKE, wallet, mine.pk), (MOVE, mine.pk, theirs.pk)),
        *((MOVE, wallet, mine.pk), (SAVE, wallet, account_id(bob))),
    ]
    return [Order(kind, 10_00, source, target) for kind, source, target in sides]


def test_no_order_takes_a_goal_for_a_wallet_or_reaches_another_members_goal(alice, bob):
    for wanted in wrong_orders(alice, bob):
        with nothing_moves(), pytest.raises(UnknownAccount):
            operations.perform(Context(alice.pk, key=new_key()), wanted)


def test_verify_finds_each_of_these(alice, bob):
    goal = open_goal(alice)
    wanted = wrong_orders(alice, bob)
    records = [save(goal, 10_00) for _each in wanted]
    tamper = ";".join(
        f"UPDATE ledger_transaction SET type = '{each.kind.code}',"
        f" from_account_id = {each.source_id}, to_account_id = {each.target_id or 'NULL'}"
        f" WHERE id = {record.pk}"
        for each, record in zip(wanted, records, strict=True)
    )
    found = violations_after(tamper)
    assert {("orders", f"transaction {record.pk}") for record in records} <= set(found)


def test_a_trigger_refuses_a_move_between_accounts_that_are_not_of_one_member(alice, bob):
    record = save(open_goal(alice), 10_00)
    for wanted in wrong_orders(alice, bob):
        row = {"type": wanted.kind.code, "amount_cents": 1, "created_by": alice}
        row |= {"from_account_id": wanted.source_id, "to_account_id": wanted.target_id}
        row |= {"created_at": record.created_at, "settled_at": record.created_at}
        if wanted.kind.moves_own:
            with pytest.raises(IntegrityError, match="of one member"), transaction.atomic():
                Transaction.objects.create(status="SUCCESS", **row)


def test_no_reversal_and_no_correction_reaches_into_a_goal(alice, bob):
    sent = send(alice, bob, 100_00)
    goal = saving(bob, 100_00)
    context = Context(alice.pk, key=new_key())
    with nothing_moves(), pytest.raises(NotReversible):
        operations.reverse(context, transaction_id=Transaction.objects.latest("pk").pk)
    with nothing_moves(), pytest.raises(MoneyGone):
        operations.reverse(context, transaction_id=sent.pk)
    with nothing_moves(), pytest.raises(UnknownAccount):
        operations.adjust(context, source_id=goal.pk, target_id=-4, amount_cents=1_00, item_id=None)


def test_closing_returns_all_the_money_in_the_same_commit(alice, settings):
    settings.LIMIT_CENTS_PER_TRANSACTION = 5_00
    goal = saving(alice, 250_00)
    record = goals.close(goal)
    assert lines(record) == [(goal.pk, -250_00, 0), (account_id(alice), 250_00, 1_000_00)]
    assert goals.now(goal).account.closed_at == record.created_at
    with nothing_moves():
        assert goals.close(goal) is None
    for wanted in (savings.order_to_add(goal, 1), savings.order_to_take(goal, 1)):
        with nothing_moves(), pytest.raises(GoalClosed):
            goals.order(goal, wanted)
    with nothing_moves(), pytest.raises(GoalClosed):
        savings.change_goal(goal.pk, savings.GoalPlan("Rent"))
    assert violations() == []


def test_a_goal_whose_money_the_wallet_cannot_hold_stays_open(alice, settings):
    goal = saving(alice, 250_00)
    settings.LIMIT_CENTS_BALANCE = 900_00
    with nothing_moves(), pytest.raises(BalanceLimitReached):
        goals.close(goal)
    assert not goals.now(goal).is_closed


def test_the_database_closes_no_account_that_holds_money_and_no_wallet(alice, bob):
    goal = saving(alice, 1_00)
    for pk in (goal.pk, account_id(bob)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Account.objects.filter(pk=pk).update(closed_at=goal.account.created_at)


@pytest.mark.parametrize(
    "tamper",
    [
        "DELETE FROM ledger_goal WHERE account_id = {id}",
        "UPDATE wallet_account SET closed_at = '2040-01-01 00:00:00+00:00' WHERE id = {id}",
        "UPDATE wallet_account SET kind = 'wallet' WHERE id = {id}",
    ],
)
def test_verify_finds_a_goal_that_is_wrong(alice, tamper):
    goal = saving(alice, 1_00)
    assert ("goals", f"account {goal.pk}") in violations_after(tamper.format(id=goal.pk))


def test_a_member_may_have_twenty_goals(alice):
    made = [open_goal(alice, f"Goal {number}") for number in range(savings.GOALS_AT_MOST)]
    with pytest.raises(TooManyGoals):
        open_goal(alice)
    goals.close(made[0])
    open_goal(alice)


def test_the_member_hears_of_each_move_once_with_the_name_of_the_goal(alice):
    school, rent = open_goal(alice), open_goal(alice, "Rent")
    alerts.skip()
    save(school, 300_00)
    move(school, rent, 100_00)
    take(rent, 50_00)
    assert alerts.write_due() == 2
    heard = Message.objects.filter(user=alice).order_by("pk")
    assert [(one.topic, one.facts["name"]) for one in heard] == [
        ("saved", "School fees"),
        ("taken_out", "Rent"),
    ]


def test_what_is_suggested_a_week_reaches_the_target_in_time(alice):
    today = date(2026, 11, 28)
    goal = saving(alice, 100_00, target_cents=1_500_00, target_date=date(2026, 12, 20))
    # 22 days are three whole weeks: 1,400 in three is 466.67, in whole shillings 467.
    assert goal.weekly_cents(today) == 467_00
    assert (goal.percent, goal.left_cents) == (6, 1_400_00)
    assert goal.weekly_cents(date(2026, 12, 20)) is None
    deposit(alice, 1_400_00)
    save(goal, 1_400_00)
    reached = goals.now(goal)
    assert (reached.is_reached, reached.percent, reached.weekly_cents(today)) == (True, 100, None)
