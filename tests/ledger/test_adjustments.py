"""An adjustment moves an amount between two accounts that it names: once, and never below zero."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from ledger.errors import AlreadyResolved, InvalidAmount, MoneyGone, NotAdjustable, NotInSuspense
from ledger.kinds import STRAY_OUT
from ledger.models import Entry, Transaction
from ledger.movements import Movement
from tests.books import nothing_moves
from tests.conftest import staff
from tests.factories import UserFactory, account_id, balance, funded
from tests.ledger.support import paya
from tests.ledger.support.crowd import run_together
from tests.ledger.support.deaths import dies_at, points
from tests.ledger.support.payouts import assert_right, suspense_cents
from tests.ledger.support.suspense import adjust, stray
from tests.ledger.test_crash import worth_dying_at
from tests.tampering import violations_after
from wallet import house
from wallet import operations as wallet_operations
from wallet.context import SYSTEM

pytestmark = pytest.mark.django_db

ADJUSTMENTS, SUSPENSE, TRANSIT = house.ADJUSTMENTS.id, house.SUSPENSE.id, house.IN_TRANSIT.id
FLOAT = -1


@pytest.fixture
def person(db):
    return staff("finance", "Joseph Kiprono")


@pytest.fixture
def member(db):
    return funded(UserFactory(name="Bob Otieno"), 100_00)


@pytest.fixture
def rail(db):
    with paya.known() as rail:
        yield rail


def test_it_moves_between_wallets_and_house_accounts(member, person):
    other, own = UserFactory(), account_id(member)
    wallet_operations.freeze(SYSTEM, own)
    record = adjust(own, ADJUSTMENTS, 30_00, person)
    assert (record.source_name, record.target_name) == ("Bob Otieno", "Adjustments")
    adjust(ADJUSTMENTS, account_id(other), 20_00, person)
    adjust(account_id(other), own, 5_00, person)
    adjust(FLOAT, ADJUSTMENTS, 1_00, person)
    assert (balance(member), balance(other)) == (75_00, 15_00)
    assert_right()


def test_a_member_reads_an_honest_title(member, person):
    other = UserFactory()
    record = adjust(account_id(member), account_id(other), 5_00, person)
    taken, added = (Movement(record, each.primary_account()) for each in (member, other))
    assert (taken.title, added.title) == ("Correction by Nissmart",) * 2
    assert taken.heading == "Taken from your wallet by Nissmart"
    assert added.heading == "Added to your wallet by Nissmart"
    # It's no payment between the two.
    assert (taken.counterparty, added.counterparty) == (None, None)


def test_a_wallet_never_goes_below_zero(member, person):
    with nothing_moves(), pytest.raises(MoneyGone):
        adjust(account_id(member), ADJUSTMENTS, 100_01, person)
    adjust(account_id(member), ADJUSTMENTS, 100_00, person)
    assert balance(member) == 0


def test_time_never_runs_backwards_along_a_wallet(member, person, time_machine):
    last_at = Entry.objects.filter(account=account_id(member)).latest("pk").created_at
    time_machine.move_to(last_at - timedelta(hours=1), tick=False)
    assert adjust(account_id(member), ADJUSTMENTS, 1_00, person).created_at == last_at
    assert_right()


def test_an_adjustment_settles_what_suspense_lacks(member, rail, person):
    item = stray(member, 40_00, kind=STRAY_OUT)
    assert (item.source_name, item.target_name) == ("Suspense", "Paya")
    refusals = [
        (partial(adjust, account_id(member), SUSPENSE, 39_00, person, item), NotInSuspense),
        (partial(adjust, SUSPENSE, account_id(member), 40_00, person, item), NotInSuspense),
        (partial(adjust, account_id(member), ADJUSTMENTS, 40_00, person, item), NotAdjustable),
    ]
    for job, error in refusals:
        with nothing_moves(), pytest.raises(error):
            job()
    record = adjust(account_id(member), SUSPENSE, 40_00, person, item)
    assert (record.resolves, suspense_cents(), balance(member)) == (item, 0, 60_00)
    with nothing_moves(), pytest.raises(AlreadyResolved):
        adjust(account_id(member), SUSPENSE, 40_00, person, item)
    assert_right()


SIDES = [(TRANSIT, ADJUSTMENTS), (FLOAT, TRANSIT), (SUSPENSE, FLOAT), (FLOAT, SUSPENSE)]


@pytest.mark.parametrize(("source_id", "target_id"), SIDES)
def test_no_adjustment_touches_money_in_transit_or_the_whole_of_suspense(
    person, source_id, target_id
):
    with nothing_moves(), pytest.raises(NotAdjustable):
        adjust(source_id, target_id, 1_00, person)
    now = timezone.now()
    with pytest.raises(IntegrityError, match="house_sides"), transaction.atomic():
        Transaction.objects.create(
            type="ADJUSTMENT",
            status="SUCCESS",
            amount_cents=1_00,
            from_account_id=source_id,
            to_account_id=target_id,
            created_by=person,
            created_at=now,
            settled_at=now,
        )


def test_nonsense_is_refused(member, person):
    own = account_id(member)
    for job, error in [
        (partial(adjust, own, own, 1_00, person), NotAdjustable),
        (partial(adjust, own, ADJUSTMENTS, 0, person), InvalidAmount),
        (partial(adjust, own, ADJUSTMENTS, 1.5, person), InvalidAmount),
    ]:
        with nothing_moves(), pytest.raises(error):
            job()


def test_verify_finds_an_adjustment_with_other_entries(member, person):
    record = adjust(account_id(member), ADJUSTMENTS, 1_00, person)
    found = violations_after(
        f"UPDATE ledger_transaction SET to_account_id = -3 WHERE id = {record.pk}"
    )
    assert ("shapes", f"transaction {record.pk}") in found
    assert ("resolutions", f"transaction {record.pk}") in found


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_adjustments_never_take_the_same_money(member, person):
    job = partial(adjust, account_id(member), ADJUSTMENTS, 60_00, person)
    answers = run_together(*[job] * 6)
    assert [type(one) for one in answers].count(Transaction) == 1
    assert balance(member) == 40_00
    assert_right()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_crash_at_any_statement_adjusts_once(member, rail, person):
    def job(key: str) -> None:
        adjust(account_id(member), ADJUSTMENTS, 1_00, person, key=key)

    names = points(job, "correction first")
    for number, _name in worth_dying_at(names):
        before, key = balance(member), f"correction {number}"
        dies_at(rail, number, job, key)
        job(key)
        assert balance(member) == before - 1_00, names[number]
    assert_right()
