"""A generated history obeys the same rules as the operations."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Max, Sum
from django.utils import timezone

from ledger import kinds
from ledger.closing import gate
from ledger.kinds import DEPOSIT, TRANSFER, WITHDRAWAL
from ledger.models import Entry, Transaction
from ledger.operations import Order
from ledger.querysets import day_start, nairobi_day
from nissmart.demo.history_generator import DAYS, is_allowed
from tests.books import assert_books_right
from tests.factories import balance, deposit, send
from wallet.models import Account, User

pytestmark = pytest.mark.django_db


def generate(members: int, transactions: int, seed: int = 7) -> None:
    arguments = [f"--members={members}", f"--transactions={transactions}", f"--seed={seed}"]
    call_command("generate_history", *arguments, stdout=StringIO())


def history() -> list[tuple]:
    """All transactions, with names in place of ids, which differ between databases."""
    names = dict(Account.objects.values_list("pk", "user__name"))
    rows = Transaction.objects.order_by("pk").values_list(
        "reference", "type", "amount_cents", "from_account", "to_account", "description",
        "idempotency_key", "created_at",
    )  # fmt: skip
    return [(*row[:3], names.get(row[3]), names.get(row[4]), *row[5:]) for row in rows]


def assert_right() -> None:
    assert_books_right()
    call_command("verify_ledger", stdout=StringIO())


def test_the_books_balance_and_have_every_kind():
    generate(members=30, transactions=600)
    assert User.objects.filter(is_active=True).count() == 30
    assert Transaction.objects.count() == 600
    # A reversal takes two members of staff, a stray payment a rail that errs, and no one has goals.
    others = {kind.code for kind in kinds.every() if kind.is_stray or kind.is_correction}
    others |= {kind.code for kind in kinds.every() if kind.moves_own or kind.is_ours}
    others |= {"REVERSAL", "PARTIAL"}
    types = {kind.code for kind in kinds.every()} - others
    assert set(Transaction.objects.values_list("type", flat=True)) == types
    assert_right()


def test_times_rise_with_the_ids_over_the_last_months():
    generate(members=5, transactions=400)
    times = list(Transaction.objects.order_by("pk").values_list("created_at", flat=True))
    assert times == sorted(times)
    days = (nairobi_day() - nairobi_day(times[0])).days
    assert DAYS - 5 < days <= DAYS
    assert times[-1] < timezone.now()
    hours = [timezone.localtime(at).hour for at in times]
    assert sum(7 <= hour < 22 for hour in hours) > 350


def test_the_same_seed_gives_the_same_history():
    first, again, other = (history_of_seed(seed) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def history_of_seed(seed: int) -> list[tuple]:
    """The history that this seed generates. Rolls it back."""
    start = transaction.savepoint_create()
    with time_machine.travel("2026-05-01T10:00+03:00"):
        generate(members=10, transactions=200, seed=seed)
    found = history()
    transaction.savepoint_rollback(start)
    return found


def test_a_generated_history_adds_to_the_existing_one(alice, bob):
    send(alice, bob, 250_00)
    generate(members=5, transactions=100)
    generate(members=5, transactions=100)
    assert User.objects.count() == 12
    assert Transaction.objects.count() == 2 + 200
    assert (balance(alice), balance(bob)) == (750_00, 250_00)
    deposit(bob, 10_00)
    assert_right()


@pytest.mark.parametrize("members", [1, 2])
def test_few_members_stay_within_the_limits(settings, members):
    settings.LIMIT_CENTS_PER_TRANSACTION = 5_000_00
    settings.LIMIT_CENTS_BALANCE = 20_000_00
    settings.LIMIT_CENTS_OUT_PER_DAY = 6_000_00
    generate(members=members, transactions=1_500)
    out = Transaction.objects.filter(from_account__isnull=False)
    sent = out.values("from_account", "created_at__date").annotate(cents=Sum("amount_cents"))
    assert 0 < max(row["cents"] for row in sent) <= 6_000_00
    biggest = Transaction.objects.aggregate(cents=Max("amount_cents"))["cents"]
    assert biggest <= 5_000_00
    richest = Entry.objects.aggregate(cents=Max("balance_after_cents"))["cents"]
    assert richest <= 20_000_00
    assert_right()


@pytest.mark.parametrize(
    ("order", "is_within_limits"),
    [
        (Order(WITHDRAWAL, 100, 1), True),
        (Order(WITHDRAWAL, 101, 1), False),
        (Order(TRANSFER, 101, 1, 2), False),
        (Order(TRANSFER, 100, 1, 2), True),
        (Order(TRANSFER, 100, 1, 3), False),
        (Order(DEPOSIT, 101, None, 2), True),
        (Order(DEPOSIT, 101, None, 3), False),
    ],
)
def test_an_order_may_reach_a_limit_but_not_pass_it(settings, order, is_within_limits):
    balances = {1: 500, 2: 0, 3: settings.LIMIT_CENTS_BALANCE - 99}
    sent_cents = Counter({1: settings.LIMIT_CENTS_OUT_PER_DAY - 100})
    assert is_allowed(order, balances, sent_cents) is is_within_limits


def test_a_history_without_members_is_refused():
    with pytest.raises(CommandError):
        generate(members=0, transactions=1)


def test_a_history_begins_after_the_closed_days():
    today = nairobi_day()
    gate.move_gate(day_start(today - timedelta(days=2)))
    generate(members=20, transactions=100)
    days = {nairobi_day(at) for at in Transaction.objects.values_list("created_at", flat=True)}
    assert days == {today - timedelta(days=2), today - timedelta(days=1)}
    assert_right()
    gate.move_gate(day_start(today))
    with pytest.raises(CommandError, match="All days before today are closed"):
        generate(members=20, transactions=100)
