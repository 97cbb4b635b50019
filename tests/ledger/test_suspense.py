"""An item in suspense is assigned or returned by its whole amount, once, in races and crashes."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from ledger import operations
from ledger.errors import AlreadyResolved, KeyReused, NotInSuspense, PayerUnknown, RailWholeAmount
from ledger.kinds import STRAY_OUT
from ledger.models import Entry, Transaction
from ledger.models.tariffs import Purpose
from ledger.payouts import worker
from tests.books import nothing_moves
from tests.conftest import staff
from tests.factories import UserFactory, account_id, balance, deposit
from tests.ledger.support import paya
from tests.ledger.support.crowd import run_together
from tests.ledger.support.deaths import dies_at, points
from tests.ledger.support.payouts import assert_right, go_on, say, script, suspense_cents
from tests.ledger.support.prices import price
from tests.ledger.support.suspense import PHONE, assign, attempt_of, by, give_back, stray
from tests.ledger.test_crash import worth_dying_at
from tests.tampering import violations_after
from wallet import house
from wallet import operations as wallet_operations
from wallet.context import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(db):
    return staff("finance", "Joseph Kiprono")


@pytest.fixture
def payer(db):
    return UserFactory(name="Bob Otieno")


@pytest.fixture
def rail(db):
    with paya.known() as rail:
        yield rail


def transit_cents() -> int:
    entries = Entry.objects.filter(account=house.IN_TRANSIT.id)
    return sum(entries.values_list("amount_cents", flat=True))


def test_an_assignment_lands_even_in_a_frozen_closed_or_full_wallet(rail, payer, person, settings):
    settings.LIMIT_CENTS_BALANCE = settings.LIMIT_CENTS_PER_TRANSACTION = 1_00
    wallet_operations.freeze(SYSTEM, account_id(payer))
    payer.is_active = False
    payer.save()
    item = stray(payer)
    assert list(Transaction.objects.in_suspense()) == [item]
    record = assign(item, payer, person)
    assert (record.status, record.resolves, balance(payer)) == ("SUCCESS", item, 300_00)
    assert (record.source_name, record.target_name) == ("Suspense", "Bob Otieno")
    assert suspense_cents() == 0
    assert not Transaction.objects.in_suspense()
    assert_right()


def test_a_return_goes_through_transit_and_the_worker(rail, payer, person):
    item = stray(payer)
    assert (item.source_name, item.target_name) == ("Paya", "Suspense")
    record = give_back(item, person)
    assert (record.status, record.rail, attempt_of(record).phone) == ("PENDING", "paya", PHONE)
    assert (suspense_cents(), transit_cents()) == (0, 300_00)
    assert not Transaction.objects.in_suspense()
    assert_right()
    assert go_on(attempt_of(record)) == "SUCCEEDED"
    assert rail.lines()[attempt_of(record).reference] == 1
    assert (suspense_cents(), transit_cents()) == (0, 0)
    assert_right()


def test_a_return_costs_what_a_withdrawal_does(rail, payer, person):
    price((1_00, 9_00), rail="paya", purpose=Purpose.CHARGE)
    record = give_back(stray(payer), person)
    assert go_on(attempt_of(record)) == "SUCCEEDED"
    charge = Transaction.objects.get(type="CHARGE")
    assert (charge.amount_cents, charge.description) == (9_00, f"Charge for {record.reference}")
    assert_right()


def test_a_return_that_fails_opens_its_item_again(rail, payer, person):
    item = stray(payer)
    script(rail, "rejected")
    first = give_back(item, person)
    worker.do_due()
    first.refresh_from_db()
    assert (first.status, suspense_cents(), transit_cents()) == ("FAILED", 300_00, 0)
    assert list(Transaction.objects.in_suspense()) == [item]
    assert_right()
    second = give_back(item, person)
    assert go_on(attempt_of(second)) == "SUCCEEDED"
    assert suspense_cents() == 0
    assert_right()


@pytest.mark.parametrize("is_resolved", [False, True])
def test_a_return_paid_after_it_failed_resolves_its_item(rail, payer, person, is_resolved):
    """If something else resolved the item since, suspense lacks the money, openly."""
    item = stray(payer)
    record = give_back(item, person)
    worker.do_due()
    attempt = attempt_of(record)
    assert say(rail, attempt, outcome="failed", receipt="") == "applied"
    if is_resolved:
        assign(item, payer, person)
    assert say(rail, attempt, outcome="succeeded") == "late_success"
    late = Transaction.objects.get(type=STRAY_OUT.code)
    if is_resolved:
        assert (late.resolves, suspense_cents()) == (None, -300_00)
        assert list(Transaction.objects.in_suspense()) == [late]
    else:
        assert (late.resolves, suspense_cents()) == (item, 0)
        with pytest.raises(AlreadyResolved, match=late.reference):
            give_back(item, person)
    with nothing_moves():
        assert say(rail, attempt, outcome="succeeded") == "duplicate"
    assert_right()


def test_a_failed_return_paid_with_another_amount_leaves_its_item_open(rail, payer, person):
    item = stray(payer)
    attempt = attempt_of(give_back(item, person))
    worker.do_due()
    assert say(rail, attempt, outcome="failed", receipt="") == "applied"
    assert say(rail, attempt, outcome="succeeded", cents=299_00) == "wrong_amount"
    late = Transaction.objects.get(type=STRAY_OUT.code)
    assert (late.resolves, late.amount_cents, suspense_cents()) == (None, 299_00, 1_00)
    assert set(Transaction.objects.in_suspense()) == {item, late}
    assert_right()


def test_an_item_is_resolved_once(rail, payer, person):
    item = stray(payer)
    record = assign(item, payer, person, key="correction 1")
    with nothing_moves():
        again = assign(item, payer, person, key="correction 1")
    assert (again, again.is_replay) == (record, True)
    other = stray(payer)
    refusals = [
        (partial(assign, item, payer, person), AlreadyResolved),
        (partial(give_back, item, person), AlreadyResolved),
        (partial(give_back, other, person, "correction 1"), KeyReused),
        (partial(assign, other, payer, person, "correction 1"), KeyReused),
        (partial(assign, item, UserFactory(), person, "correction 1"), KeyReused),
        (partial(assign, record, payer, person), NotInSuspense),
        (partial(assign, deposit(payer, 1_00), payer, person), NotInSuspense),
    ]
    for job, error in refusals:
        with nothing_moves(), pytest.raises(error):
            job()


def test_a_return_needs_a_phone_and_an_amount_that_its_rail_carries(rail, payer, person):
    with pytest.raises(PayerUnknown):
        operations.return_to_payer(by(person), item_id=stray(payer).pk, rail_code="paya")
    rail.takes_cents = False
    with pytest.raises(RailWholeAmount):
        give_back(stray(payer, 1_50), person)


def test_the_database_refuses_a_second_resolution(rail, payer, person):
    item = stray(payer)
    assign(item, payer, person)
    now = timezone.now()
    columns = {"rail": "paya", "amount_cents": 300_00, "created_by": person, "created_at": now}
    with pytest.raises(IntegrityError), transaction.atomic():
        Transaction.objects.create(type="RETURN", status="PENDING", resolves=item, **columns)
    with pytest.raises(IntegrityError, match="shape_by_type"), transaction.atomic():
        Transaction.objects.create(type="RETURN", status="PENDING", **columns)


@pytest.mark.parametrize("tamper", [
    "UPDATE ledger_transaction SET resolves_id = {other} WHERE id = {record}",
    "UPDATE ledger_transaction SET resolves_id = {small} WHERE id = {record}",
    "UPDATE ledger_transaction SET resolves_id = {record} WHERE id = {record}",
])  # fmt: skip
def test_verify_finds_what_resolves_the_wrong_item(rail, payer, person, tamper):
    other, small, item = stray(payer), stray(payer, 1_00), stray(payer)
    assign(other, payer, person)
    record = assign(item, payer, person)
    ids = {"other": other.pk, "small": small.pk, "record": record.pk}
    found = violations_after(tamper.format(**ids))
    assert found == [("resolutions", f"transaction {record.pk}")]


# --- Races and crashes

ROUNDS = 4


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_an_item_is_assigned_or_returned_but_never_both(rail, payer, person):
    for number in range(ROUNDS):
        item, before = stray(payer), balance(payer)
        jobs = [partial(assign, item, payer, person), partial(give_back, item, person)] * 3
        answers = run_together(*jobs[:: 1 if number % 2 else -1])
        [done] = [one for one in answers if isinstance(one, Transaction)]
        assert {type(one) for one in answers} == {Transaction, AlreadyResolved}
        assert balance(payer) == before + (300_00 if done.type == "ASSIGN" else 0)
        assert item.resolutions.get() == done
    assert suspense_cents() == 0
    assert_right()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("job", [assign, give_back])
def test_a_crash_at_any_statement_resolves_an_item_once(rail, payer, person, job):
    def resolve(item: Transaction) -> None:
        args = (item, payer, person) if job is assign else (item, person)
        job(*args, key=f"correction {item.pk}")

    names = points(resolve, stray(payer))
    for number, _name in worth_dying_at(names):
        item = stray(payer)
        dies_at(rail, number, resolve, item)
        is_committed = "COMMITTED" in names[: number + 1]
        assert item.resolutions.count() == is_committed, names[number]
        resolve(item)
        assert item.resolutions.count() == 1
    assert suspense_cents() == 0
    assert_right()
