"""What a member sends and withdraws in one Nairobi day stays within the daily limit."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from adminpanel.members import queries as members
from ledger import operations
from ledger.errors import DailyLimitReached
from ledger.kinds import WITHDRAWAL
from ledger.operations import Order
from tests.books import nothing_moves
from tests.factories import account_id, balance, deposit, send, withdraw
from tests.ledger.support.crowd import watch_statements

pytestmark = pytest.mark.django_db

# Nairobi is three hours ahead of UTC all year.
MIDNIGHT = datetime(2030, 6, 1, 21, 0, tzinfo=UTC)
LAST_INSTANT = MIDNIGHT - timedelta(microseconds=1)
NEW_YEAR = datetime(2030, 12, 31, 21, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def limit(settings):
    settings.LIMIT_CENTS_OUT_PER_DAY = 500_00


def test_refuses_more_than_the_limit_and_says_what_is_left(alice, bob):
    send(alice, bob, 200_00)
    withdraw(alice, 100_00)
    with nothing_moves(), pytest.raises(DailyLimitReached) as refusal:
        send(alice, bob, 200_01)
    assert refusal.value.code == "limit_exceeded"
    assert str(refusal.value) == (
        "You can send and withdraw up to KES\u00a0500.00 a day. "
        "You have KES\u00a0200.00 left today."
    )
    with nothing_moves(), pytest.raises(DailyLimitReached):
        withdraw(alice, 200_01)
    withdraw(alice, 200_00)


def test_after_a_lowered_limit_zero_is_left_and_not_less(alice, settings):
    withdraw(alice, 300_00)
    settings.LIMIT_CENTS_OUT_PER_DAY = 200_00
    with nothing_moves(), pytest.raises(DailyLimitReached, match=r"have KES.0\.00 left"):
        withdraw(alice, 1)


def test_money_in_does_not_count(alice, bob):
    deposit(bob, 100_00)
    send(alice, bob, 500_00)
    send(bob, alice, 500_00)
    assert balance(bob) == 100_00


@pytest.mark.parametrize("midnight", [MIDNIGHT, NEW_YEAR])
def test_a_new_day_begins_at_midnight_in_nairobi(alice, midnight):
    last_instant = midnight - timedelta(microseconds=1)
    withdraw(alice, 400_00, at=midnight - timedelta(days=1))
    with nothing_moves(), pytest.raises(DailyLimitReached):
        withdraw(alice, 100_01, at=last_instant)
    withdraw(alice, 100_00, at=last_instant)
    deposit(alice, 500_00, at=midnight)
    withdraw(alice, 500_00, at=midnight)
    with nothing_moves(), pytest.raises(DailyLimitReached):
        withdraw(alice, 1, at=midnight)


def test_midnight_in_london_is_the_middle_of_a_day(alice):
    withdraw(alice, 500_00, at=datetime(2030, 6, 1, 23, 59, 59, tzinfo=UTC))
    with nothing_moves(), pytest.raises(DailyLimitReached):
        withdraw(alice, 1, at=datetime(2030, 6, 2, 0, 0, tzinfo=UTC))


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue"])
def test_the_active_time_zone_changes_no_preview_and_no_page(alice, zone):
    """At any time, one of these zones has another date than Nairobi."""
    withdraw(alice, 500_00)
    order = Order(WITHDRAWAL, 1, source_id=account_id(alice))
    with timezone.override(zone):
        with pytest.raises(DailyLimitReached):
            operations.preview(order)
        used, _room = members.limits_today(alice.primary_account())
        assert used.used_cents == 500_00


def test_the_clock_decides_the_day(alice, bob):
    with time_machine.travel(LAST_INSTANT, tick=False):
        assert send(alice, bob, 500_00).created_at == LAST_INSTANT
        with nothing_moves(), pytest.raises(DailyLimitReached):
            send(alice, bob, 1)
    with time_machine.travel(MIDNIGHT, tick=False):
        assert send(alice, bob, 500_00).created_at == MIDNIGHT


def test_an_order_that_waits_over_midnight_counts_for_the_new_day(alice, bob):
    deposit(alice, 1_000_00)

    with time_machine.travel(LAST_INSTANT, tick=False) as clock:

        def wait(sql):
            if "FROM wallet_account" in sql:
                clock.move_to(MIDNIGHT)

        send(alice, bob, 500_00)
        with watch_statements(wait):
            assert send(alice, bob, 400_00).created_at == MIDNIGHT
        with nothing_moves(), pytest.raises(DailyLimitReached):
            send(alice, bob, 100_01)
