"""Random sequences of orders: every balance and refusal is what plain arithmetic says."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ledger import errors, payment_errors
from ledger.models import Transaction
from tests.books import assert_books_right
from tests.factories import UserFactory, account_id
from tests.ledger.support.crowd import IS_NIGHTLY
from tests.ledger.support.moves import call
from wallet import operations as wallet_operations
from wallet.context import SYSTEM
from wallet.models import Account, User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

EXAMPLES, STEPS = (2_000, 50) if IS_NIGHTLY else (15, 40)

# Small, so that the orders often reach every limit.
PER_TRANSACTION, PER_DAY, PER_WALLET = 80, 100, 200

type Refused = type[errors.Refusal]


class Wallet:
    """The expected state of a member's wallet, by plain arithmetic."""

    def __init__(self) -> None:
        self.user_id = (user := UserFactory()).pk
        self.account_id = account_id(user)
        self.held = self.sent_today = 0
        self.is_frozen = self.is_closed = False
        # For each of the member's keys: the order, and the reference of its answer.
        self.done: dict[str, tuple[Order, str]] = {}


@dataclass(frozen=True)
class Order:
    move: str
    actor: Wallet
    source: Wallet | None
    target: Wallet | None
    amount: int
    note: str
    key: str

    def arguments(self) -> dict[str, Any]:
        names = ("source_id", "target_id") if self.move == "transfer" else ("account_id",) * 2
        sides = zip(names, (self.source, self.target), strict=True)
        return {name: side.account_id for name, side in sides if side} | {
            "actor_id": self.actor.user_id,
            "amount_cents": self.amount,
            "description": self.note,
            "key": self.key,
        }

    def refusal(self) -> Refused | None:
        """The refusal that this order must get now, or None. A replay is never refused."""
        if self.amount <= 0:
            return errors.InvalidAmount
        if self.source is self.target:
            return errors.SelfTransfer
        if self.amount > PER_TRANSACTION:
            return errors.TransactionLimitReached
        if self.key in self.actor.done:
            return None if self.actor.done[self.key][0] == self else errors.KeyReused
        return self.refusal_out() or self.refusal_in()

    def refusal_out(self) -> Refused | None:
        if not self.source:
            return None
        if self.source.is_closed:
            return errors.AccountClosed
        if self.source.is_frozen:
            return errors.AccountFrozen
        if self.source.held < self.amount:
            return errors.InsufficientFunds
        is_over = self.source.sent_today + self.amount > PER_DAY
        return errors.DailyLimitReached if is_over else None

    def refusal_in(self) -> Refused | None:
        if self.target and self.target.is_closed:
            return errors.AccountClosed
        if not self.target or self.target.held + self.amount <= PER_WALLET:
            return None
        return errors.RecipientLimitReached if self.source else errors.BalanceLimitReached

    def take_effect(self) -> None:
        if self.source:
            self.source.held -= self.amount
            self.source.sent_today += self.amount
        if self.target:
            self.target.held += self.amount


class Bank(RuleBasedStateMachine):
    outcomes: Counter[str] = Counter()

    wallets = Bundle("wallets")
    orders = Bundle("orders")

    # Round amounts, so that they often equal a balance or a limit.
    amounts = st.sampled_from([20, 40, 60, 80] * 3 + [0, 1, 81])
    # Two fixed keys, so that the same member and others reuse them.
    keys = st.uuids().map(str) | st.sampled_from(["a", "b"])
    notes = st.sampled_from(["", "Lunch"])

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Wallet] = []
        self.staff = UserFactory()
        # For each key of staff: the id of the reversed transaction, and the reversal's reference.
        self.reversals: dict[str, tuple[int, str]] = {}
        self.now = datetime(2030, 1, 1, 9, tzinfo=UTC)

    @initialize(target=wallets)
    def begin(self):
        return multiple(self.open(), self.open(), self.open())

    @precondition(lambda self: len(self.all) < 5)
    @rule(target=wallets)
    def open(self):
        self.all.append(to := Wallet())
        self.place(Order("deposit", to, None, to, PER_TRANSACTION, "", "first"))
        return to

    @rule(target=orders, to=wallets, amount=amounts, note=notes, key=keys)
    def deposit(self, to, amount, note, key):
        return self.place(Order("deposit", to, None, to, amount, note, key))

    @rule(target=orders, source=wallets, to=wallets, amount=amounts, note=notes, key=keys)
    def transfer(self, source, to, amount, note, key):
        return self.place(Order("transfer", source, source, to, amount, note, key))

    @rule(target=orders, source=wallets, amount=amounts, note=notes, key=keys)
    def withdraw(self, source, amount, note, key):
        return self.place(Order("withdraw", source, source, None, amount, note, key))

    @rule(order=orders, key=keys)
    def reverse(self, order, key):
        """Reverse this order's transaction, if it has one."""
        made = order.actor.done.get(order.key)
        if made and made[0] == order:
            self.take_back(order, Transaction.objects.get(reference=made[1]), key)

    @rule(order=orders)
    def ask_again(self, order):
        self.place(order)

    @rule(order=orders, change=st.sampled_from([{"note": "Rent"}, {"amount": 2}]))
    def use_the_key_for_something_else(self, order, change):
        self.place(replace(order, **change))

    @rule(wallet=wallets, is_frozen=st.booleans())
    def freeze(self, wallet, is_frozen):
        wallet.is_frozen = is_frozen
        operation = wallet_operations.freeze if is_frozen else wallet_operations.unfreeze
        operation(SYSTEM, wallet.account_id)

    # Reopened more often than closed, or soon all members would be closed.
    @rule(wallet=wallets, is_closed=st.sampled_from([False, False, True]))
    def close(self, wallet, is_closed):
        wallet.is_closed = is_closed
        User.objects.filter(pk=wallet.user_id).update(is_active=not is_closed)

    @rule()
    def let_a_day_pass(self):
        self.now = self.now.replace(hour=21, minute=0, second=0) + timedelta(days=1)
        for wallet in self.all:
            wallet.sent_today = 0

    def place(self, order: Order) -> Order:
        self.now += timedelta(seconds=1)
        expected = order.refusal()
        arguments = order.arguments() | {"at": self.now}
        if expected:
            with pytest.raises(expected):
                call(order.move, arguments)
        else:
            self.take_in(order, call(order.move, arguments))
        self.outcomes[expected.__name__ if expected else order.move] += 1
        return order

    def take_in(self, order: Order, record: Transaction) -> None:
        done = order.actor.done
        assert record.is_replay == (order.key in done)
        if record.is_replay:
            self.outcomes["replay"] += 1
        else:
            order.take_effect()
        assert done.setdefault(order.key, (order, record.reference))[1] == record.reference

    def take_back(self, order: Order, record: Transaction, key: str) -> None:
        self.now += timedelta(seconds=1)
        arguments = {
            "actor_id": self.staff.pk,
            "transaction_id": record.pk,
            "key": key,
            "at": self.now,
        }
        expected = self.refusal_to_reverse(order, record, key)
        if expected:
            with pytest.raises(expected):
                call("reverse", arguments)
        else:
            self.take_in_reversal(order, call("reverse", arguments), key)
        self.outcomes[expected.__name__ if expected else "reverse"] += 1

    def refusal_to_reverse(self, order: Order, record: Transaction, key: str) -> Refused | None:
        if order.move == "withdraw":
            return errors.NotReversible
        if key in self.reversals:
            return None if self.reversals[key][0] == record.pk else errors.KeyReused
        if record.pk in {taken for taken, _reference in self.reversals.values()}:
            return errors.AlreadyReversed
        assert order.target
        return errors.MoneyGone if order.target.held < order.amount else None

    def take_in_reversal(self, order: Order, reversal: Transaction, key: str) -> None:
        assert reversal.is_replay == (key in self.reversals)
        if not reversal.is_replay:
            # Frozen and closed wallets and limits don't stop a reversal, and it uses up no limit.
            order.target.held -= order.amount
            if order.source:
                order.source.held += order.amount
        made = (reversal.reverses_id, reversal.reference)
        assert self.reversals.setdefault(key, made) == made

    @invariant()
    def wallets_hold_what_they_should(self):
        held = {wallet.account_id: wallet.held for wallet in self.all}
        mine = Account.objects.filter(pk__in=held)
        assert dict(mine.values_list("pk", "balance_cents")) == held

    def teardown(self):
        references = {reference for wallet in self.all for _, reference in wallet.done.values()}
        mine = Transaction.objects.filter(created_by__in=[wallet.user_id for wallet in self.all])
        assert sorted(mine.values_list("reference", flat=True)) == sorted(references)
        taken_back = Transaction.objects.filter(created_by=self.staff)
        expected = sorted(reference for _taken, reference in self.reversals.values())
        assert sorted(taken_back.values_list("reference", flat=True)) == expected
        assert_books_right()


def test_the_books_follow_the_model(settings):
    settings.LIMIT_CENTS_PER_TRANSACTION = PER_TRANSACTION
    settings.LIMIT_CENTS_OUT_PER_DAY = PER_DAY
    settings.LIMIT_CENTS_BALANCE = PER_WALLET
    run_state_machine_as_test(
        Bank,
        settings=hypothesis_settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            print_blob=True,
            # Shrinking takes minutes, and 40 steps are readable without it.
            phases=[one for one in Phase if IS_NIGHTLY or one != Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(Bank.outcomes)
    if IS_NIGHTLY:
        assert min(Bank.outcomes[name] for name in WANTED) >= 100


NEED_A_RAIL = (
    payment_errors.PaymentRefused,
    errors.PhoneMissing,
    errors.RailAmount,
    errors.SettledOtherwise,
)
WANTED = {"deposit", "transfer", "withdraw", "reverse", "replay"} | {
    error.__name__
    for error in vars(errors).values()
    if isinstance(error, type)
    and error.__module__ == errors.__name__
    and not error.__subclasses__()
    and error is not errors.UnknownAccount
    # These need a rail that answers later, or that has limits.
    and not issubclass(error, NEED_A_RAIL)
}
