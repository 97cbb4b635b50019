"""Every CHECK and UNIQUE constraint of the money tables holds against raw SQL, on both engines."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import CheckConstraint

from ledger import operations
from ledger.models import Entry, Transaction
from tests.factories import account_id, deposit, send
from tests.ledger.support.bad_rows import (
    ADJUSTMENT,
    BAD_ROWS,
    CLOSED_GOAL,
    DEPOSIT,
    REVERSAL,
    TOO_MUCH,
    WITHDRAWAL,
)
from tests.ledger.support.moves import FLOAT
from tests.ledger.support.rows import insert, stored
from tests.ledger.support.suspense import assign, stray
from wallet import house
from wallet.context import Context
from wallet.models import Account, User
from wallet.money import CEILING_CENTS

pytestmark = pytest.mark.django_db


@pytest.fixture
def good(alice, bob, carol):
    """A valid row for each model. Each bad row changes it."""
    User.objects.filter(pk=alice.pk).update(
        email="alice@example.com", phone="+254712000001", public_id="MB-000000000001"
    )
    deposit(bob, 1)
    record = send(alice, bob, 100_00, key="one")
    entry = record.entries.get(account_id=account_id(alice))
    rows = {row.__class__: stored(row) for row in (record, entry, alice.primary_account())}
    rows[User] = stored(User.objects.get(pk=alice.pk))
    rows[Transaction] |= {"reference": "NS-ANOTHER0", "idempotency_key": "another"}
    rows[User] |= {"email": "dan@example.com", "phone": "+254712000002"}
    rows[User] |= {"public_id": "MB-000000000002"}
    for row in rows.values():
        row["id"] = 10**6
    cast = {"alice": account_id(alice), "bob": account_id(bob), "first": record.reference}
    cast |= {"carol": carol.pk, "record": record.pk}
    reversed_one = send(alice, bob, 1_00)
    operations.reverse(Context(carol.pk), transaction_id=reversed_one.pk)
    cast["reversed"] = reversed_one.pk
    item = stray(bob, rail_code="simulated")
    assign(item, bob, carol)
    cast["item"] = item.pk
    # The bad accounts are inserted in place of Carol's wallet.
    Account.objects.filter(user=carol).delete()
    return rows, cast


def changed(good, model, wrong):
    rows, cast = good
    names = {key: cast.get(value, value) for key, value in wrong.items() if isinstance(value, str)}
    return rows[model] | wrong | names


def write(model, row):
    rows = [row]
    if model is Entry:
        # A second entry makes the sum zero, which PostgreSQL checks too.
        other = {"account_id": FLOAT, "balance_after_cents": None, "id": row["id"] + 1}
        rows += [row | other | {"amount_cents": -row["amount_cents"]}]
    insert(model._meta.db_table, *rows)


@pytest.mark.parametrize(("constraint", "model", "wrong"), BAD_ROWS)
def test_refuses_a_bad_row(good, constraint, model, wrong):
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        write(model, changed(good, model, wrong))
    assert is_named(str(refusal.value), constraint, model)


def is_named(message, constraint, model):
    """Whether the database refused the row because of this constraint and not another one."""
    if constraint in message:
        return True
    declared = {one.name: one for one in model._meta.constraints}.get(constraint)
    assert not isinstance(declared, CheckConstraint), message
    # For a UNIQUE, SQLite names the columns, and its guard against REPLACE comes first.
    return connection.vendor == "sqlite" and "UNIQUE constraint failed" in message


@pytest.mark.parametrize(
    ("model", "right"),
    [
        (Transaction, {}),
        *(
            (Transaction, crossing | state)
            for crossing in (DEPOSIT, WITHDRAWAL)
            for state in ({}, {"status": "PENDING", "settled_at": None}, {"status": "FAILED"})
        ),
        (Transaction, REVERSAL),
        # Of a deposit: into suspense now, and to the rail's float before.
        (Transaction, REVERSAL | {"to_account_id": None}),
        (Transaction, REVERSAL | {"to_account_id": None, "rail": "simulated"}),
        (Transaction, ADJUSTMENT),
        (Transaction, ADJUSTMENT | {"to_account_id": house.FEES.id}),
        (Transaction, ADJUSTMENT | {"to_account_id": house.SUSPENSE.id, "resolves_id": "record"}),
        (Transaction, {"amount_cents": 1}),
        (Transaction, {"amount_cents": CEILING_CENTS}),
        (Transaction, {"idempotency_key": None}),
        (Transaction, {"idempotency_key": "One"}),
        (Entry, {}),
        (Entry, {"balance_after_cents": 0}),
        (Account, {"user_id": "carol"}),
        (Account, {"user_id": "carol", "balance_cents": 0}),
        (Account, {"user_id": "carol", "balance_cents": CEILING_CENTS}),
        (Account, {"kind": "goal"}),
        (Account, {"kind": "goal", "is_locked": True}),
        (Account, CLOSED_GOAL),
        (Account, {"id": -9, "user_id": None, "kind": "float", "balance_cents": 0}),
        (User, {}),
        (User, {"email": None, "email_proved_at": None}),
        (User, {"phone": None, "phone_proved_at": None}),
    ],
)
def test_accepts_a_good_row(good, model, right):
    write(model, changed(good, model, right))
    connection.check_constraints()


@pytest.mark.parametrize("cents", [-1, TOO_MUCH])
def test_no_update_moves_a_balance_out_of_bounds(good, alice, cents):
    with pytest.raises(IntegrityError, match="account_balance"), transaction.atomic():
        Account.objects.filter(user=alice).update(balance_cents=cents)


@pytest.mark.parametrize("cents", [-1, 1])
def test_no_update_gives_a_house_account_a_balance(good, cents):
    with pytest.raises(IntegrityError, match="account_"), transaction.atomic():
        Account.objects.filter(pk=FLOAT).update(balance_cents=cents)


@pytest.mark.parametrize("model", [Transaction, Entry, Account])
def test_no_row_refers_to_a_missing_row(good, model):
    for field in model._meta.concrete_fields:
        if field.is_relation and stored(model.objects.order_by("-pk").first())[field.column]:
            with pytest.raises(IntegrityError), transaction.atomic():
                write_a_broken_reference(good, model, field.column)


def write_a_broken_reference(good, model, column):
    write(model, changed(good, model, {column: 10**9}))
    connection.check_constraints()


def test_every_constraint_has_a_bad_row():
    models = [Transaction, Entry, Account, User]
    declared = {one.name for model in models for one in model._meta.constraints}
    declared |= {
        field.name
        for model in models
        for field in model._meta.concrete_fields
        if field.unique and not field.primary_key
    }
    assert {constraint for constraint, _model, _wrong in BAD_ROWS} == declared
