"""Each operation is one short transaction that locks its accounts, lowest id first, before it
reads them. An operation that waits too long for a lock raises Busy, not a refusal."""

import random
import re
from functools import partial
from threading import Thread

import pytest
from django.db import OperationalError, connection, transaction

from ledger.errors import AccountClosed, AccountFrozen
from ledger.models import Transaction
from tests.books import assert_books_right, nothing_moves
from tests.factories import UserFactory, account_id, balance, funded, send
from tests.ledger.support.crowd import (
    IS_NIGHTLY,
    closing,
    hold_accounts,
    in_thread,
    lock_timeout,
    run_together,
    wait_at_most,
    wait_for_a_waiter,
    watch_statements,
)
from tests.ledger.support.moves import (
    FLOAT,
    MOVES,
    TRANSIT,
    accounts_locked_by,
    arguments_for,
    call,
)
from wallet import operations as wallet_operations
from wallet.context import SYSTEM
from wallet.errors import Busy
from wallet.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

MOST_STATEMENTS = 6
# Read the transaction to reverse, and check that it isn't reversed yet.
MORE_TO_REVERSE = 2
TRANSFERS = 10_000 if IS_NIGHTLY else 160

IS_SQLITE = connection.vendor == "sqlite"
TAKE = "BEGIN IMMEDIATE" if IS_SQLITE else "FOR UPDATE"
BEGINS = re.compile(r"BEGIN|SAVEPOINT|COMMIT")


@pytest.fixture
def owner(db):
    return funded(UserFactory(), 1_000_00)


@pytest.fixture
def other(db):
    return funded(UserFactory(), 1_000_00)


def statements_of(job, *args):
    names: list[str] = []
    with watch_statements(names.append):
        job(*args)
    return [" ".join(name.split()) for name in names]


def test_every_operation_is_one_short_transaction(owner, other):
    for move in MOVES:
        most = MOST_STATEMENTS + (MORE_TO_REVERSE if move == "reverse" else 0)
        one, two = (
            arguments_for(move, owner, other, key=f"{move} {key}") for key in ("one", "two")
        )
        for arguments in (one, one, two):
            sent = statements_of(call, move, arguments)
            assert sent[-2:] == ["COMMIT", "COMMITTED"]
            assert sent.count("COMMIT") == 1
            work = [sql for sql in sent if not BEGINS.match(sql)]
            assert len(work) <= most, work


def test_every_operation_locks_before_any_other_statement(owner, other):
    for move in MOVES:
        sent = statements_of(call, move, arguments_for(move, owner, other))
        if move == "reverse":
            # It reads the accounts of the transaction to reverse, which never change.
            assert 'FROM "ledger_transaction"' in sent.pop(0)
        first, *rest = sent
        assert TAKE in first
        if not IS_SQLITE:
            assert re.search(r"ORDER BY account\.id FOR UPDATE", first)
        assert any(sql.startswith("UPDATE wallet_account") for sql in rest)
        assert not any(TAKE in sql for sql in rest)


def can_lock(account):
    """Whether another connection can lock this account now (on SQLite: the write lock)."""

    def attempt():
        try:
            with lock_timeout(0.001), transaction.atomic(), connection.cursor() as cursor:
                strength = "" if IS_SQLITE else "FOR NO KEY UPDATE"
                cursor.execute(f"SELECT 1 FROM wallet_account WHERE id = %s {strength}", [account])
        except OperationalError:
            return False
        return True

    return in_thread(attempt)


def test_members_accounts_are_locked_until_commit_and_house_accounts_never(owner, other):
    for move in MOVES:
        arguments = arguments_for(move, owner, other)
        ids = accounts_locked_by(move, owner, other)
        seen = []

        def look(sql, ids=ids, seen=seen):
            if sql.strip().startswith("UPDATE wallet_account") or sql == "COMMIT":
                seen.append(sql)
                assert not any(can_lock(account) for account in ids)
                assert all(can_lock(house) == (not IS_SQLITE) for house in (FLOAT, TRANSIT))

        with watch_statements(look):
            call(move, arguments)
        assert len(seen) == 2
        assert all(can_lock(account) for account in ids)


@pytest.mark.skipif(IS_SQLITE, reason="SQLite has one lock, so no order of locks")
def test_the_lowest_id_is_locked_first_in_either_direction(owner, other):
    low, high = sorted([owner, other], key=account_id)
    for source, target in ((low, high), (high, low)):
        with hold_accounts(account_id(low)):
            waiting = Thread(target=closing(partial(send, source, target, 1)))
            waiting.start()
            wait_for_a_waiter()
            assert can_lock(account_id(high))
        waiting.join()
    assert_books_right()


def test_an_order_that_waits_too_long_is_busy_and_may_be_retried(owner, other):
    for move in MOVES:
        # Also with more than the wallet holds: an order that never got the lock can't know.
        for amount in (1_00,) if move == "reverse" else (1_00, 200_000_00):
            arguments = arguments_for(move, owner, other, amount)
            with hold_accounts(account_id(owner)), nothing_moves(), wait_at_most(0.2):
                assert_busy(move, arguments)
        if move != "reverse":
            arguments["amount_cents"] = 1_00
        assert not call(move, arguments).is_replay
    assert_books_right()


def assert_busy(move, arguments):
    with pytest.raises(Busy) as refusal:
        call(move, arguments)
    assert refusal.value.code == "busy"


def test_an_order_that_waits_a_little_is_carried_out(owner, other):
    for move in MOVES:
        arguments = arguments_for(move, owner, other, key=move)
        moves = Thread(target=closing(partial(call, move, arguments)))
        with hold_accounts(account_id(owner)):
            moves.start()
            moves.join(timeout=0.1)
            assert not Transaction.objects.filter(idempotency_key=move).exists()
        moves.join()
        assert Transaction.objects.filter(idempotency_key=move).exists()
    assert_books_right()


def test_opposite_transfers_never_deadlock():
    members = [funded(UserFactory(), 1_000_00) for _ in range(4)]
    deadlocks = []

    def many(seed):
        draw = random.Random(seed)
        with connection.execute_wrapper(notice_deadlocks):
            for _ in range(TRANSFERS // 8):
                send(*draw.sample(members, 2), draw.randint(1, 5))

    def notice_deadlocks(execute, *args):
        try:
            return execute(*args)
        except OperationalError as error:
            # Noticed here, because the operation retries and hides it.
            if getattr(error.__cause__, "sqlstate", None) == "40P01":
                deadlocks.append(error)
            raise

    run_together(*(partial(many, seed) for seed in range(8)))
    assert deadlocks == []
    assert sum(balance(member) for member in members) == 4_000_00
    assert_books_right()


def test_freezing_waits_for_a_payment_under_way(owner, other):
    freezes = Thread(target=closing(partial(freeze, owner)))

    def freeze_in_the_middle(sql):
        if sql == "COMMIT":
            freezes.start()
            freezes.join(timeout=0.1)
            assert not in_thread(lambda: owner.primary_account().is_frozen)

    with watch_statements(freeze_in_the_middle):
        send(owner, other, 1_00)
    freezes.join()
    assert owner.primary_account().is_frozen
    assert_books_right()


def freeze(user):
    wallet_operations.freeze(SYSTEM, account_id(user))


def close(user):
    User.objects.filter(pk=user.pk).update(is_active=False)


STOPS = {
    "payer frozen": (lambda payer, payee: freeze(payer), AccountFrozen),
    "payer closed": (lambda payer, payee: close(payer), AccountClosed),
    "payee closed": (lambda payer, payee: close(payee), AccountClosed),
}


@pytest.mark.parametrize(("stop", "refusal"), STOPS.values(), ids=STOPS.keys())
def test_a_payment_is_refused_if_an_account_is_frozen_or_closed_while_it_waits(
    owner, other, stop, refusal
):
    outcomes = []
    pays = Thread(target=lambda: outcomes.extend(run_together(partial(send, owner, other, 1_00))))
    with transaction.atomic():
        stop(owner, other)
        pays.start()
        pays.join(timeout=0.2)
        assert outcomes == []
    pays.join()
    assert [type(outcome) for outcome in outcomes] == [refusal]
    assert (balance(owner), balance(other)) == (1_000_00, 1_000_00)
    assert_books_right()
