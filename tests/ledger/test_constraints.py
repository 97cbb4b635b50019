"""Every CHECK and UNIQUE constraint of the money tables holds against raw SQL, on both engines."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import CheckConstraint

from ledger import operations
from ledger.models import Entry, Transaction
from tests.factories import account_id, deposit, send
from tests.ledger.support.moves import FLOAT
from tests.ledger.support.rows import insert, stored
from tests.ledger.support.suspense import assign, stray
from wallet import house
from wallet.context import Context
from wallet.models import Account, User
from wallet.money import CEILING_CENTS

pytestmark = pytest.mark.django_db

TOO_MUCH = CEILING_CENTS + 1
AT = "2026-01-01 00:00:00+00:00"
CLOSED_GOAL = {"kind": "goal", "balance_cents": 0, "closed_at": AT}

# The good row is a transfer. These changes make it another kind.
DEPOSIT = {"type": "DEPOSIT", "from_account_id": None, "rail": "simulated"}
WITHDRAWAL = {"type": "WITHDRAW", "to_account_id": None, "rail": "simulated"}
REVERSAL = {"type": "REVERSAL", "reverses_id": "record"}
ADJUSTMENT = {"type": "ADJUSTMENT"}

# (constraint, table, the wrong values). "alice" and "bob" stand for the ids of their accounts.
# A bad account or user is a copy of Alice's with another id, email and phone number.
BAD_ROWS = [
    *(
        ("transaction_amount_above_zero", Transaction, {"amount_cents": cents})
        for cents in (0, -1, TOO_MUCH)
    ),
    *(
        ("transaction_shape_by_type", Transaction, shape)
        for shape in (
            {"type": "DEPOSIT", "from_account_id": "alice", "rail": "simulated"},
            {"type": "DEPOSIT", "to_account_id": None, "rail": "simulated"},
            DEPOSIT | {"to_account_id": None},
            {"type": "TRANSFER", "from_account_id": None, "to_account_id": "bob"},
            {"type": "TRANSFER", "from_account_id": "alice", "to_account_id": None},
            {"type": "WITHDRAW", "to_account_id": "bob", "rail": "simulated"},
            WITHDRAWAL | {"from_account_id": None},
            {"type": "REFUND"},
            REVERSAL | {"from_account_id": None},
            {"type": "transfer"},
            {"type": ""},
            # Deposits and withdrawals have a rail; transfers and reversals of them don't.
            DEPOSIT | {"rail": ""},
            WITHDRAWAL | {"rail": ""},
            {"rail": "simulated"},
            REVERSAL | {"rail": "simulated"},
            # Only kinds with a rail can be pending or failed.
            {"status": "PENDING", "settled_at": None},
            {"status": "FAILED"},
            REVERSAL | {"status": "FAILED"},
            # Only a reversal names another transaction.
            {"type": "REVERSAL"},
            {"reverses_id": "record"},
            DEPOSIT | {"reverses_id": "record"},
            {"type": "PARTIAL"},
        )
    ),
    ("reverses", Transaction, REVERSAL | {"reverses_id": "reversed"}),
    *(
        ("transaction_house_sides", Transaction, ADJUSTMENT | wrong)
        for wrong in (
            {"to_account_id": house.IN_TRANSIT.id},
            {"from_account_id": house.IN_TRANSIT.id},
            # Only an adjustment that settles an item names suspense, and it has to.
            {"to_account_id": house.SUSPENSE.id},
            {"from_account_id": house.SUSPENSE.id},
            {"resolves_id": "record"},
        )
    ),
    (
        "transaction_resolves_once",
        Transaction,
        {"type": "ASSIGN", "from_account_id": None, "resolves_id": "item"},
    ),
    ("transaction_fee_not_negative", Transaction, {"fee_cents": -1}),
    ("transaction_ordered_by_a_person", Transaction, DEPOSIT | {"created_by_id": None}),
    ("transaction_from_and_to_differ", Transaction, {"to_account_id": "alice"}),
    *(
        ("transaction_settled_when_not_pending", Transaction, state)
        for state in (
            DEPOSIT | {"status": "PENDING"},
            {"status": "SUCCESS", "settled_at": None},
            DEPOSIT | {"status": "FAILED", "settled_at": None},
            {"status": "DONE"},
            {"status": "DONE", "settled_at": None},
        )
    ),
    ("transaction_once_per_key", Transaction, {"idempotency_key": "one"}),
    ("reference", Transaction, {"reference": "first"}),
    *(
        ("entry_amount_not_zero", Entry, {"amount_cents": cents})
        for cents in (0, TOO_MUCH, -TOO_MUCH)
    ),
    *(
        ("entry_balance_for_members_only", Entry, wrong)
        for wrong in (
            {"balance_after_cents": None},
            {"balance_after_cents": -1},
            {"account_id": FLOAT, "balance_after_cents": 0},
            {"account_id": 0},
            {"account_id": 0, "balance_after_cents": None},
        )
    ),
    *(
        ("account_balance_not_negative", Account, {"user_id": "carol", "balance_cents": cents})
        for cents in (-1, TOO_MUCH)
    ),
    *(
        ("account_house_has_no_user_and_no_balance", Account, wrong)
        for wrong in (
            {"id": -9, "user_id": None, "kind": "float", "balance_cents": 1},
            {"user_id": None, "kind": "float", "balance_cents": 0},
            {"id": -9, "user_id": None, "kind": "wallet", "balance_cents": 0},
            {"user_id": None},
            {"user_id": "carol", "kind": "suspense"},
            {"user_id": "carol", "kind": "suspense", "balance_cents": 0},
            {"id": -9, "user_id": "carol"},
            {"id": 0, "user_id": "carol"},
            {"id": -9, "user_id": None, "kind": "goal", "balance_cents": 0},
            {"user_id": None, "kind": "goal"},
        )
    ),
    *(
        ("account_currency_known", Account, {"user_id": "carol", "currency": currency})
        for currency in ("USD", "kes", "")
    ),
    *(
        ("account_frozen_by_someone", Account, {"user_id": "carol"} | frozen)
        for frozen in ({"is_frozen": True}, {"frozen_by": "member"})
    ),
    *(
        ("account_closed_goal_is_empty", Account, {"user_id": "carol", "closed_at": AT} | wrong)
        for wrong in ({}, {"balance_cents": 0}, {"kind": "goal"})
    ),
    ("account_closed_goal_is_empty", Account, CLOSED_GOAL | {"is_locked": True}),
    ("account_locks_only_goals", Account, {"user_id": "carol", "is_locked": True}),
    ("account_one_wallet_per_user_and_currency", Account, {}),
    (
        "account_one_house_account_per_kind",
        Account,
        {"id": -9, "user_id": None, "kind": "suspense", "balance_cents": 0},
    ),
    ("email", User, {"email": "alice@example.com"}),
    ("user_email_any_case", User, {"email": "ALICE@example.com"}),
    ("user_email_null_not_empty", User, {"email": ""}),
    ("user_name_is_not_the_houses", User, {"name": "The System"}),
    ("user_name_does_not_read_like_the_houses", User, {"search_name": "nissmart"}),
    ("user_name_does_not_hold_the_houses", User, {"name_skeleton": "ask nlsmart"}),
    ("public_id", User, {"public_id": "MB-000000000001"}),
    ("phone", User, {"phone": "+254712000001"}),
    ("user_email_is_proved", User, {"email_proved_at": None}),
    ("user_phone_is_proved", User, {"phone_proved_at": None}),
    *(
        ("user_phone_e164", User, {"phone": phone})
        for phone in (
            "",
            "0712000002",
            "254712000002",
            "+255712000002",
            "+254712",
            "+25471200000212",
            "+254712 000 002",
            "+254712000002\n",
            "x+254712000002",
            "+25471200000٢",
        )
    ),
]


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
