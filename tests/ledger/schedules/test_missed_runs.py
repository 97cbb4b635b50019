"""A run that is missed costs nothing, and its member hears why."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from ledger.due_days import Days, Every
from ledger.schedules.runs import begin_next, carry_out, run_due
from tests.books import nothing_moves
from tests.factories import balance, deposit, send, withdraw
from tests.ledger.support.scheduled import (
    CENTS,
    MONDAY,
    paid,
    runs,
    schedule,
)
from wallet.models import Account, Delivery, Message, User

pytestmark = pytest.mark.django_db

WEEK = timedelta(days=7)


@pytest.mark.parametrize(
    ("days_late", "states"),
    [
        (0, ["done"]),
        (6, ["done"]),
        (7, ["missed", "done"]),
        (27, ["missed", "missed", "missed", "done"]),
    ],
)
def test_after_a_stop_one_run_is_made_up(now, rent, alice, days_late, states):
    heard = Message.objects.count()
    now(MONDAY + timedelta(days=days_late))
    run_due()
    assert [state for _day, state, _why in runs(rent)] == states
    assert balance(alice) == 900_00
    # One message for all of them.
    assert Message.objects.count() - heard == int("missed" in states)


def test_a_payment_that_is_weeks_late_is_not_made(now, alice, bob):
    monthly = schedule(alice, bob, Days(Every.MONTH, 1))
    once = schedule(alice, bob, Days(Every.ONCE, on=date(2026, 12, 1)))
    now(date(2026, 12, 9))
    with nothing_moves():
        run_due()
    assert runs(monthly) == runs(once) == [(date(2026, 12, 1), "missed", "late")]
    once.refresh_from_db()
    assert once.has_ended


def freeze(alice, bob):
    Account.objects.filter(user=alice).update(is_frozen=True, frozen_by="staff")


def help_to_sign_in(alice, bob):
    until = timezone.now() + timedelta(hours=1)
    Account.objects.filter(user=alice).update(no_payouts_until=until)


def spend(alice, bob):
    send(alice, bob, 900_01)


def close_payee(alice, bob):
    User.objects.filter(pk=bob.pk).update(is_active=False)


def fill_payee(alice, bob):
    for _each in range(2):
        deposit(bob, 250_000_00)


def prove_nothing(person):
    nothing = {"phone": None, "email": None, "phone_proved_at": None, "email_proved_at": None}
    User.objects.filter(pk=person.pk).update(prove_by=timezone.now(), **nothing)


@pytest.mark.parametrize(
    ("happen", "why", "words"),
    [
        (spend, "money", "Your wallet had too little money."),
        (freeze, "frozen", "Your wallet was frozen."),
        (help_to_sign_in, "hold", "We changed how you sign in."),
        (close_payee, "payee_closed", "Their account is closed."),
        (fill_payee, "payee_full", "Their wallet can't hold that much."),
        (lambda alice, bob: prove_nothing(bob), "unproved_to", "They can't receive money yet."),
    ],
)
def test_a_missed_run_costs_nothing_and_says_why(now, rent, alice, bob, happen, why, words):
    now(MONDAY)
    happen(alice, bob)
    with nothing_moves():
        run_due()
    assert runs(rent) == [(MONDAY, "missed", why)]
    sms = Delivery.objects.filter(user=alice, channel="sms").latest("pk").text
    payee = bob.short_name
    assert sms == f"Your scheduled KES 100.00 to {payee}, due 30 Nov, wasn't sent. {words}"
    assert len(sms) <= 160
    rent.refresh_from_db()
    assert rent.has_ended == (why == "payee_closed")


def test_limits_count_on_the_day(now, rent, alice, settings):
    now(MONDAY)
    settings.LIMIT_CENTS_OUT_PER_DAY = CENTS
    withdraw(alice, 1_00)
    run_due()
    settings.LIMIT_CENTS_PER_TRANSACTION = CENTS - 1
    now(MONDAY + WEEK)
    run_due()
    settings.LIMIT_CENTS_PER_TRANSACTION, settings.LEAST_TRANSFER_CENTS = CENTS, CENTS + 1
    now(MONDAY + 2 * WEEK)
    run_due()
    assert [why for _day, _state, why in runs(rent)] == ["day_limit", "limit", "too_small"]
    prove_nothing(alice)
    settings.LEAST_TRANSFER_CENTS = 1
    now(MONDAY + 3 * WEEK)
    run_due()
    assert (runs(rent)[-1][2], paid(rent)) == ("unproved", 0)


def test_a_payer_who_is_closed_at_that_moment_is_not_taken_for_the_payee(now, rent, alice):
    now(MONDAY)
    run = begin_next().run
    User.objects.filter(pk=alice.pk).update(is_active=False)
    heard = Message.objects.count()
    with nothing_moves():
        carry_out(run)
    rent.refresh_from_db()
    assert (rent.ended_by, runs(rent)) == ("owner", [(MONDAY, "missed", "refused")])
    assert Message.objects.count() == heard
