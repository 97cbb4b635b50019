"""Several workers, members who act in the same moment, and a death at any statement."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from ledger import operations as money
from ledger.due_days import Days, Every
from ledger.models import Schedule, ScheduledRun
from ledger.schedules import operations
from ledger.schedules.booking import due_day
from ledger.schedules.runs import begin_next, carry_out, run_due
from tests.books import assert_books_right, nothing_moves
from tests.factories import account_id, balance, send
from tests.ledger.support.crowd import IS_NIGHTLY, run_together
from tests.ledger.support.deaths import dies_at, points
from tests.ledger.support.scheduled import paid, plan
from tests.ledger.test_crash import worth_dying_at
from tests.tampering import violations
from wallet.models import Message

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

CENTS = 1_00
ROUNDS = 40 if IS_NIGHTLY else 3


def due(payer, payee) -> Schedule:
    """A schedule that is due today, and not before next week again."""
    today = due_day()
    return Schedule.objects.create(
        source_id=account_id(payer),
        target_id=account_id(payee),
        amount_cents=CENTS,
        every=Every.WEEK,
        day=today.isoweekday(),
        next_on=today,
    )


def state(one: Schedule) -> str:
    return ScheduledRun.objects.get(schedule=one).state


def leases_end() -> None:
    ScheduledRun.objects.filter(state="begun").update(lease_until=timezone.now() - timedelta(1))


def test_several_workers_pay_each_schedule_once(alice, bob, carol):
    """Both ways, so that they want the same wallets."""
    send(alice, bob, 100_00)
    all_due = [due(*pair) for pair in ((alice, bob), (bob, alice), (alice, carol)) * ROUNDS]
    turns = run_together(*[run_due] * 4)
    leases_end()
    run_due()
    assert sum(turns) >= len(all_due)
    assert {(paid(one), state(one)) for one in all_due} == {(1, "done")}
    assert balance(carol) == ROUNDS * CENTS
    assert_books_right()


def test_two_workers_with_the_same_run_pay_once(alice, bob):
    """One hung, lost its lease to the other, and goes on."""
    for number in range(ROUNDS):
        one = due(alice, bob)
        mine = begin_next().run
        leases_end()
        theirs = begin_next().run
        assert mine == theirs
        run_together(partial(carry_out, mine), partial(carry_out, theirs))
        assert (paid(one), state(one), balance(bob)) == (1, "done", (number + 1) * CENTS)


def test_a_run_that_one_worker_wrote_as_missed_is_not_paid_by_another(alice, bob):
    one = due(alice, bob)
    hanging = begin_next().run
    leases_end()
    send(alice, bob, 1_000_00)
    run_due()
    assert state(one) == "missed"
    send(bob, alice, 1_000_00)
    with nothing_moves():
        carry_out(hanging)


def test_a_run_that_is_paid_while_another_worker_writes_it_as_missed_is_paid(
    alice, bob, monkeypatch
):
    one = due(alice, bob)
    hanging = begin_next().run
    leases_end()
    send(alice, bob, 1_000_00)
    perform = money.perform

    def refused_and_then_paid_by_the_other(*args, **more):
        monkeypatch.undo()
        try:
            return perform(*args, **more)
        finally:
            send(bob, alice, 1_000_00)
            carry_out(hanging)
            ScheduledRun.objects.update(state="begun", transaction=None, ended_at=None)

    monkeypatch.setattr(money, "perform", refused_and_then_paid_by_the_other)
    run_due()
    assert (state(one), paid(one)) == ("done", 1)


@pytest.mark.parametrize("act", ["cancel", "pause", "change"])
def test_what_a_member_stops_while_a_worker_pays_is_paid_or_stopped(alice, bob, act):
    for _round in range(ROUNDS):
        one = due(alice, bob)
        before = balance(bob)
        never_again = plan(alice, bob, Days(Every.ONCE, on=due_day() + timedelta(9)), 2 * CENTS)
        more = [never_again] if act == "change" else []
        run_together(run_due, partial(getattr(operations, act), one.pk, *more), run_due)
        sent = balance(bob) - before
        assert sent == paid(one) * CENTS
        leases_end()
        with nothing_moves():
            run_due()
        found = ScheduledRun.objects.filter(schedule=one)
        assert [run.state for run in found] == ["done"] * paid(one)
        one.refresh_from_db()
        assert one.state == {"cancel": "ended", "pause": "paused", "change": "active"}[act]
    assert_books_right()


@pytest.mark.parametrize("is_short", [False, True])
def test_a_worker_that_dies_at_any_statement_pays_once(alice, bob, is_short):
    if is_short:
        send(alice, bob, balance(alice))
    due(alice, bob)
    names = points(run_due)
    for number, name in worth_dying_at(names):
        one, before, heard = due(alice, bob), balance(bob), Message.objects.count()
        dies_at(None, number, run_due)
        assert_books_right()
        leases_end()
        run_due()
        run_due()
        expected = ("missed", 0) if is_short else ("done", 1)
        assert (state(one), paid(one)) == expected, name
        assert balance(bob) == before + CENTS * (not is_short)
        assert Message.objects.count() - heard == int(is_short)
    assert violations() == []
