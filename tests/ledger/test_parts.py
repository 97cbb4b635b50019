"""A part of a deposit or a transfer goes back. All parts together are at most the whole."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from ledger import operations
from ledger.errors import AlreadyReversed, InvalidAmount, KeyReused, MoneyGone, PartTooLarge
from ledger.models import Transaction
from tests.books import assert_books_right, nothing_moves
from tests.factories import balance, deposit, new_key, send, withdraw
from tests.ledger.support.crowd import run_together
from tests.ledger.support.rows import insert, stored
from tests.tampering import violations, violations_after
from wallet import house
from wallet.context import Context

pytestmark = pytest.mark.django_db


def take(staff, record, cents, key=None) -> Transaction:
    context = Context(staff.pk, key=key or new_key())
    return operations.reverse_part(context, transaction_id=record.pk, amount_cents=cents)


def reverse(staff, record) -> Transaction:
    return operations.reverse(Context(staff.pk, key=new_key()), transaction_id=record.pk)


def test_parts_add_up_to_the_whole_and_no_further(finance, alice, bob):
    record = send(alice, bob, 300_00)
    first = take(finance, record, 120_00, key="one")
    assert (balance(alice), balance(bob)) == (820_00, 180_00)
    assert (first.type, first.part_of, first.reverses) == ("PARTIAL", record, None)
    assert take(finance, record, 120_00, key="one").is_replay
    with nothing_moves(), pytest.raises(KeyReused):
        take(finance, record, 100_00, key="one")
    with nothing_moves(), pytest.raises(PartTooLarge, match=record.reference):
        take(finance, record, 180_01)
    with nothing_moves(), pytest.raises(AlreadyReversed, match=first.reference):
        reverse(finance, record)
    take(finance, record, 180_00)
    assert (balance(alice), balance(bob)) == (1_000_00, 0)
    with nothing_moves(), pytest.raises(PartTooLarge):
        take(finance, record, 1)
    assert Transaction.objects.get(pk=record.pk).is_taken_back
    assert_books_right()
    assert violations() == []


def test_a_part_of_a_deposit_goes_into_suspense(finance, bob):
    part = take(finance, deposit(bob, 300_00), 50_00)
    assert sorted(part.entries.values_list("account_id", "amount_cents")) == sorted(
        [(bob.primary_account().pk, -50_00), (house.SUSPENSE.id, 50_00)]
    )
    # Finance resolves it like any item in suspense.
    assert list(Transaction.objects.in_suspense()) == [part]
    assert violations() == []


def test_refuses_what_cannot_be_taken(finance, alice, bob):
    record = send(alice, bob, 300_00)
    withdraw(bob, 250_00)
    for cents, refusal in ((0, InvalidAmount), (-1, InvalidAmount), (50_01, MoneyGone)):
        with nothing_moves(), pytest.raises(refusal):
            take(finance, record, cents)
    whole = send(alice, bob, 10_00)
    reverse(finance, whole)
    with nothing_moves(), pytest.raises(PartTooLarge):
        take(finance, whole, 1)


@pytest.mark.parametrize("wrong", [
    {"amount_cents": 180_01},
    {"from_account_id": "carol"},
    {"type": "REVERSAL", "reverses_id": "record", "part_of_id": None, "amount_cents": 300_00},
    {"part_of_id": "withdrawal", "amount_cents": 1},
])  # fmt: skip
def test_the_database_refuses_the_same(finance, alice, bob, carol, wrong):
    record = send(alice, bob, 300_00)
    row = stored(take(finance, record, 120_00))
    row |= {"id": 10**6, "reference": "NS-ANOTHER0", "idempotency_key": "b", "amount_cents": 1}
    cast = {"record": record.pk, "carol": carol.primary_account().pk}
    cast["withdrawal"] = withdraw(bob, 10_00).pk
    row |= {name: cast.get(value, value) for name, value in wrong.items()}
    with pytest.raises(IntegrityError, match="at most the whole"), transaction.atomic():
        insert("ledger_transaction", row)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_transaction SET part_of_id = NULL WHERE type = 'PARTIAL'")


@pytest.mark.django_db(transaction=True)
def test_two_together_take_no_more_than_the_whole(finance, alice, bob):
    record = send(alice, bob, 300_00)
    deposit(bob, 900_00)
    answers = run_together(*[lambda: take(finance, record, 200_00)] * 3)
    assert sorted(type(one).__name__ for one in answers) == [
        "PartTooLarge", "PartTooLarge", "Transaction",
    ]  # fmt: skip
    assert balance(alice) == 900_00
    assert violations() == []


@pytest.mark.parametrize("tamper", [
    "UPDATE ledger_transaction SET part_of_id = NULL WHERE id = {part}",
    "UPDATE ledger_transaction SET part_of_id = {other} WHERE id = {part}",
    "UPDATE ledger_transaction SET reverses_id = {record} WHERE id = {other}",
    "UPDATE ledger_transaction SET amount_cents = 50 WHERE id = {record}",
])  # fmt: skip
def test_verify_finds_a_part_that_was_changed(finance, alice, bob, carol, tamper):
    record, other = send(alice, bob, 300_00), send(alice, carol, 10_00)
    part = take(finance, record, 120_00)
    found = violations_after(tamper.format(part=part.pk, other=other.pk, record=record.pk))
    assert ("parts", f"transaction {part.pk}") in found
