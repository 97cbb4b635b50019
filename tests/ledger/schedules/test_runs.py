"""The worker pays what is due, once."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

import pytest
from django.utils import timezone

from ledger import operations as money
from ledger.due_days import Days, Every
from ledger.leaving import operations as leaving
from ledger.models import ScheduledRun, Transaction
from ledger.schedules import operations
from ledger.schedules.errors import NoDayLeft, ScheduleEnded
from ledger.schedules.kinds import order_of
from ledger.schedules.runs import begin_next, run_due
from nissmart import worker_state
from tests.books import assert_books_right, nothing_moves
from tests.factories import balance, deposit, send
from tests.ledger.support.scheduled import (
    CENTS,
    MONDAY,
    MONDAYS,
    TODAY,
    at,
    paid,
    plan,
    runs,
    schedule,
)
from tests.tampering import violations_after
from wallet.context import Context
from wallet.models import Delivery, Message, User

pytestmark = pytest.mark.django_db

WEEK = timedelta(days=7)


def people(one) -> tuple[User, User]:
    return one.source.user, one.payee


def test_it_pays_on_its_day_in_kenya_from_six_o_clock(now, rent, alice, bob):
    now(MONDAY, 5, 59)
    assert run_due() == 0
    now(MONDAY, 6)
    assert run_due() == 1
    assert (balance(alice), balance(bob)) == (900_00, CENTS)
    record = Transaction.objects.latest("pk")
    assert (record.type, record.description, record.created_by) == ("TRANSFER", "Rent", alice)
    assert record.scheduled_run.schedule == rent
    rent.refresh_from_db()
    assert (rent.next_on, runs(rent)) == (MONDAY + WEEK, [(MONDAY, "done", "")])
    with nothing_moves():
        assert run_due() == 0
    assert_books_right()


def test_one_for_a_single_day_ends_with_it(now, alice, bob):
    one = schedule(alice, bob, Days(Every.ONCE, on=date(2028, 2, 29)))
    now(date(2028, 2, 28), 23)
    assert run_due() == 0
    now(date(2028, 2, 29), 6)
    assert run_due() == 1
    one.refresh_from_db()
    assert (one.state, one.ended_by, one.next_on, paid(one)) == ("ended", "done", None, 1)


def test_a_clock_that_jumps_back_pays_no_day_twice(now, rent, alice):
    now(MONDAY + 2 * WEEK)
    run_due()
    assert [state for _day, state, _why in runs(rent)] == ["missed", "missed", "done"]
    now(MONDAY)
    assert run_due() == 0
    operations.change(rent.pk, plan(*people(rent), Days(Every.WEEK, 2)))
    operations.change(rent.pk, plan(*people(rent)))
    for week in range(4):
        now(MONDAY + week * WEEK)
        run_due()
    assert [state for _day, state, _why in runs(rent)] == ["missed", "missed", "done", "done"]
    assert balance(alice) == 800_00


def test_paused_changed_and_cancelled(now, rent, alice, bob, carol):
    operations.pause(rent.pk)
    now(MONDAY)
    assert run_due() == 0
    operations.resume(rent.pk)
    rent.refresh_from_db()
    assert (rent.is_active, rent.next_on, runs(rent)) == (True, MONDAY + WEEK, [])
    tuesdays = Days(Every.WEEK, 2)
    operations.change(rent.pk, plan(alice, carol, tuesdays, 1_00, "Water"))
    now(MONDAY + WEEK)
    run_due()
    record = Transaction.objects.latest("pk")
    assert (record.to_account.user, record.amount_cents, record.description) == (
        carol,
        100,
        "Water",
    )
    assert runs(rent) == [(MONDAY + timedelta(days=1), "done", "")]
    operations.cancel(rent.pk)
    now(MONDAY + 3 * WEEK)
    with nothing_moves():
        assert run_due() == 0
    rent.refresh_from_db()
    assert (rent.ended_by, rent.next_on) == ("member", None)


def test_a_run_that_is_begun_stops_with_its_schedule(now, rent, alice, bob, monkeypatch):
    """The worker hangs between the claim and the order; meanwhile the member acts."""
    acts = [
        lambda: operations.pause(rent.pk),
        lambda: operations.change(rent.pk, plan(alice, bob, cents=5_00)),
        lambda: operations.cancel(rent.pk),
    ]
    perform = money.perform

    def act_first(*args, **more):
        acts.pop(0)()
        return perform(*args, **more)

    monkeypatch.setattr(money, "perform", act_first)
    now(MONDAY)
    with nothing_moves():
        run_due()
    rent.refresh_from_db()
    assert (rent.state, rent.next_on, runs(rent)) == ("paused", MONDAY, [])
    operations.resume(rent.pk)
    now(MONDAY + WEEK)
    with nothing_moves():
        run_due()
    # Then it begins again with the new amount, and is cancelled in that moment.
    rent.refresh_from_db()
    assert (runs(rent), rent.amount_cents, rent.has_ended) == ([], 5_00, True)


def test_a_member_who_leaves_has_no_schedules(now, alice, bob):
    schedule(alice, bob)
    theirs = schedule(bob, alice, cents=1_00) if deposit(bob, 1_00) else None
    send(alice, bob, 1_000_00)
    leaving.close(Context(alice.pk), alice.pk)
    now(MONDAY)
    with nothing_moves():
        run_due()
    own = alice.primary_account().schedules.get()
    assert (own.ended_by, runs(own)) == ("owner", [])
    theirs.refresh_from_db()
    assert theirs.ended_by == "payee"


def test_one_made_by_the_same_form_is_made_once(now, alice, bob):
    context = Context(alice.pk, key="one")
    first = operations.create(context, plan(alice, bob))
    assert operations.create(context, plan(alice, bob)) == first
    assert operations.create(context, plan(alice, bob, cents=5_00)) != first
    alerts = Message.objects.filter(user=alice, topic="schedule_set")
    assert alerts.count() == 2
    sms = Delivery.objects.filter(message=alerts.first(), channel="sms").get().text
    assert sms.startswith(
        f"Nissmart: KES 100.00 to {bob.short_name} is scheduled. "
        "Every Monday, next 30 Nov. Not you?"
    )
    with pytest.raises(NoDayLeft):
        schedule(alice, bob, Days(Every.ONCE, on=TODAY))


def test_an_empty_wallet_learns_nothing_about_strangers(now, alice, bob, carol):
    send(alice, bob, 1_000_00)
    schedule(alice, bob)
    with pytest.raises(money.rules.errors.InsufficientFunds):
        schedule(alice, carol)


@pytest.mark.parametrize("act", [operations.pause, partial(operations.change, plan=None)])
def test_a_last_run_that_is_paid_but_not_booked_has_ended_the_schedule(now, alice, bob, act):
    """Its worker died between the two. Its member may act before the next one comes."""
    one = schedule(alice, bob, Days(Every.ONCE, on=MONDAY))
    now(MONDAY)
    run = begin_next().run
    money.perform(Context(alice.pk, key=run.key), order_of(run))
    with nothing_moves(), pytest.raises(ScheduleEnded):
        act(one.pk)
    now(MONDAY, 10)
    run_due()
    one.refresh_from_db()
    assert (one.state, one.ended_by, paid(one)) == ("ended", "done", 1)


def test_verify_ledger_finds_a_run_that_moved_another_amount(now, rent):
    now(MONDAY)
    run_due()
    run = ScheduledRun.objects.get()
    tamper = f"UPDATE ledger_transaction SET amount_cents = 1 WHERE id = {run.transaction_id}"
    assert ("schedules", f"scheduled run {run.pk}") in violations_after(tamper)


def test_a_key_that_was_used_for_another_payment_pays_nothing_more(now, rent, alice, carol):
    send(alice, carol, 1_00, key=f"schedule:{rent.pk}:{MONDAY}")
    now(MONDAY)
    with nothing_moves():
        run_due()
    assert runs(rent) == [(MONDAY, "missed", "refused")]


def test_operators_see_what_is_late(now, rent):
    now(MONDAY, 6, 6)
    [job] = [one for one in worker_state.jobs() if "Scheduled" in str(one.name)]
    assert (job.due, job.due_since, job.is_late) == (1, at(MONDAY, 6), True)
    run_due()
    [job] = [one for one in worker_state.jobs() if "Scheduled" in str(one.name)]
    assert (job.due, job.last_at) == (0, timezone.now())


def test_the_weeks_go_by(now, rent, alice):
    """Whatever the days on which a worker runs, each Monday is paid once while there is money."""
    for number in range(0, 90, 4):
        now(TODAY + timedelta(days=number))
        run_due()
        run_due()
    states = [state for _day, state, _why in runs(rent)]
    assert states == ["done"] * 10 + ["missed"] * 3
    assert (balance(alice), ScheduledRun.objects.count()) == (0, 13)
    assert_books_right()
    assert MONDAYS.first_after(TODAY) == MONDAY
