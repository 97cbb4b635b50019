"""The worker sends each payment once, whatever its rail answers, and asks until it knows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import DatabaseError
from django.utils import timezone

from ledger.models import Attempt, RailEvent, Transaction
from ledger.payouts import keeping, leases, worker
from tests.conftest import staff
from tests.factories import balance, deposit, withdraw
from tests.ledger.support.payouts import (
    assert_right,
    make_due,
    now_is,
    ordered,
    script,
    state,
)
from wallet.errors import Busy

pytestmark = pytest.mark.django_db

HELD = 1_000_00


def test_a_payout_is_sent_and_asked_about_until_it_ended(alice, rail):
    attempt = ordered(alice)
    assert worker.do_due() == 1
    assert state(attempt) == "SENT"
    assert (attempt.rail_id, attempt.fence) == (f"P-{attempt.reference}", 1)
    assert 30 <= (attempt.next_look_at - attempt.sent_at).total_seconds() <= 33
    assert worker.do_due() == 0
    now_is(attempt, seconds=40)
    assert worker.do_due() == 1
    assert (state(attempt), attempt.receipt) == ("SUCCEEDED", f"R1-{attempt.reference}")
    assert attempt.transaction.rail == "paya"
    assert Transaction.objects.get(pk=attempt.transaction_id).status == "SUCCESS"
    assert rail.lines() == {attempt.reference: 1}
    assert_right()


def test_a_deposit_is_collected(alice, rail):
    attempt = Attempt.objects.get(transaction=deposit(alice, 300_00))
    script(rail, "instant")
    worker.do_due()
    assert (state(attempt), balance(alice)) == ("SUCCEEDED", HELD + 300_00)
    assert_right()


def test_a_failed_payout_is_back_in_the_wallet(alice, rail):
    rail.fails = lambda reference: True
    attempt = ordered(alice)
    worker.do_due()
    now_is(attempt, seconds=40)
    worker.do_due()
    assert (state(attempt), attempt.failure_code, attempt.failure_words) == (
        "FAILED",
        "2040",
        "Refused",
    )
    assert balance(alice) == HELD
    assert_right()


def test_a_rejected_payout_is_back_in_the_wallet(alice, rail):
    script(rail, "rejected")
    attempt = ordered(alice)
    worker.do_due()
    assert (state(attempt), balance(alice)) == ("FAILED", HELD)
    assert_right()


def test_what_was_not_taken_is_sent_again_later(alice, rail):
    script(rail, "busy", "busy")
    attempt = ordered(alice)
    worker.do_due()
    assert state(attempt) == "READY"
    assert attempt.sent_at is None
    wait_s = [(attempt.next_look_at - timezone.now()).total_seconds()]
    Attempt.objects.update(next_look_at=timezone.now())
    worker.do_due()
    attempt.refresh_from_db()
    wait_s.append((attempt.next_look_at - timezone.now()).total_seconds())
    assert 1.5 < wait_s[0] < 3.1 < 3.5 < wait_s[1] < 6.1
    Attempt.objects.update(next_look_at=timezone.now())
    worker.do_due()
    assert state(attempt) == "SENT"
    assert rail.lines() == {attempt.reference: 1}


@pytest.mark.parametrize("fault", ["done_but_lost", "breaks"])
def test_a_lost_answer_is_found_out_and_not_sent_again(alice, rail, fault):
    script(rail, fault)
    attempt = ordered(alice)
    worker.do_due()
    assert state(attempt) == "UNKNOWN"
    assert balance(alice) == HELD - 300_00
    now_is(attempt, seconds=40)
    worker.do_due()
    assert state(attempt) == "SUCCEEDED"
    assert rail.lines() == {attempt.reference: 1}
    assert_right()


def test_what_the_rail_never_saw_is_sent_again_under_the_same_reference(alice, rail):
    script(rail, "lost")
    attempt = ordered(alice)
    worker.do_due()
    now_is(attempt, seconds=40)
    worker.do_due()
    assert state(attempt) == "READY"
    assert attempt.sent_at is not None
    Attempt.objects.update(next_look_at=timezone.now())
    worker.do_due()
    assert state(attempt) == "SENT"
    assert rail.lines() == {attempt.reference: 1}


def test_a_rail_that_may_pay_twice_is_never_sent_the_same_again(alice, rail):
    rail.pays_a_reference_once = False
    script(rail, "lost")
    attempt = ordered(alice)
    worker.do_due()
    for _look in range(5):
        now_is(attempt, hours=2)
        worker.do_due()
        assert state(attempt) == "UNKNOWN"
    assert not rail.lines()


def test_a_deposit_is_never_asked_of_its_member_twice(alice, rail):
    script(rail, "lost")
    attempt = Attempt.objects.get(transaction=deposit(alice, 300_00))
    worker.do_due()
    now_is(attempt, seconds=40)
    worker.do_due()
    assert (state(attempt), balance(alice)) == ("FAILED", HELD)
    assert not rail.lines()


def test_a_refusal_of_what_was_sent_twice_gives_no_money_back(alice, rail):
    script(rail, "lost", "", "rejected")
    attempt = ordered(alice)
    worker.do_due()
    now_is(attempt, seconds=40)
    worker.do_due()
    Attempt.objects.update(next_look_at=timezone.now())
    worker.do_due()
    assert (state(attempt), balance(alice)) == ("UNKNOWN", HELD - 300_00)


def test_looks_follow_the_schedule_then_come_hourly_then_people_are_asked(alice, rail):
    rail.script = lambda call, reference: "working" if call == "ask" else ""
    attempt = ordered(alice)
    worker.do_due()
    ages = []
    while state(attempt) != "UNKNOWN":
        ages.append((attempt.next_look_at - attempt.sent_at).total_seconds())
        now_is(attempt, seconds=(attempt.next_look_at - timezone.now()).total_seconds() + 0.01)
        assert worker.do_due() == 1
    assert [round(age / 10) * 10 for age in ages[:2]] == [30, 60]
    assert 120 <= ages[2] < 130
    gaps = [later - earlier for earlier, later in pairwise(ages[2:])]
    assert all(3000 < gap < 4000 for gap in gaps[:-1]), gaps
    assert 24 * 3600 <= ages[-1] < 25.5 * 3600
    assert attempt.next_look_at is None
    assert [event.finding for event in RailEvent.objects.exclude(finding=None)] == ["overdue"]
    assert worker.do_due() == 0


def test_an_answer_by_callback_is_asked_for_and_says_nothing_yet(alice, rail):
    script(rail, "done_but_lost", "by callback")
    attempt = ordered(alice)
    worker.do_due()
    now_is(attempt, seconds=40)
    worker.do_due()
    assert state(attempt) == "UNKNOWN"
    asked = RailEvent.objects.get(rail_id=f"Q-{attempt.reference}")
    assert asked.attempt == attempt


def test_each_request_and_answer_is_kept(alice, rail):
    attempt = ordered(alice)
    worker.do_due()
    kept = RailEvent.objects.order_by("pk").values_list("kind", "attempt", "status_code", "body")
    assert list(kept) == [
        ("pay-request", attempt.pk, None, "pay"),
        ("pay-answer", attempt.pk, 200, "accepted"),
    ]


@pytest.mark.parametrize("order", [withdraw, deposit])
@pytest.mark.parametrize("step", [(keeping, "write_events"), (leases, "may_send")])
def test_a_request_that_can_not_be_kept_or_checked_is_sent_later(
    alice, rail, monkeypatch, step, order
):
    """Nothing has gone out, so its outcome isn't unknown."""

    attempt = Attempt.objects.get(transaction=order(alice, 300_00))
    claimed = leases.claim()
    with monkeypatch.context() as broken:
        broken.setattr(*step, raises(DatabaseError("the database is gone")))
        worker.handle(claimed)
    assert (state(attempt), attempt.sent_at) == ("READY", None)
    # Not in a loop while the database is gone.
    assert worker.do_due() == 0
    assert not rail.lines()
    make_due()
    worker.do_due()
    assert state(attempt) == "SENT"


@pytest.mark.parametrize("order", [withdraw, deposit])
def test_what_may_have_been_sent_is_not_sent_again_when_it_can_not_be_asked_about(
    alice, rail, monkeypatch, order
):
    """The worker died after its request went out. The next one asks, and can't even do that."""
    rail.pays_a_reference_once = False
    attempt = Attempt.objects.get(transaction=order(alice, 300_00))
    leases.claim()
    RailEvent.objects.create(rail=rail.code, attempt=attempt, kind="pay-request")
    make_due()
    with monkeypatch.context() as broken:
        broken.setattr(keeping, "write_events", raises(Busy()))
        worker.handle(leases.claim())
    assert (state(attempt), rail.lines()) == ("UNKNOWN", {})
    make_due()
    assert not leases.claim().is_send


def raises(error: Exception) -> Callable[..., None]:
    def fail(*args: object, **more: object) -> None:
        raise error

    return fail


# --- The simulated rail's amounts


def test_the_amounts_that_show_each_state(alice, time_machine):
    deposit(alice, 20_000_00)
    fails, slow, unknown = (ordered(alice, cents) for cents in (4_001_00, 4_002_00, 4_003_00))
    began = timezone.now()
    assert worker.do_due() == 3
    assert [state(each) for each in (fails, slow, unknown)] == ["SENT", "SENT", "UNKNOWN"]
    time_machine.move_to(began + timedelta(seconds=2.5))
    worker.do_due()
    assert [state(each) for each in (fails, slow, unknown)] == ["FAILED", "SENT", "UNKNOWN"]
    for seconds in (6, 9, 12, 14):
        time_machine.move_to(began + timedelta(seconds=seconds))
        worker.do_due()
    assert [state(each) for each in (fails, slow, unknown)] == ["FAILED", "SUCCEEDED", "UNKNOWN"]
    assert balance(alice) == HELD + 20_000_00 - 8_005_00
    assert_right()
    assert withdraw(alice, 4_004_00).status == "SUCCESS"


def test_an_approved_payout_on_an_instant_rail_is_paid_by_the_worker(alice, settings):
    settings.APPROVE_ONE_ABOVE_CENTS = 0
    attempt = ordered(alice)
    assert worker.do_due() == 0
    finance = staff("finance")
    from ledger.payouts import operations
    from wallet.context import Context

    operations.approve(Context(finance.pk), attempt_id=attempt.pk, fingerprint=attempt.fingerprint)
    assert worker.do_due() == 1
    assert (state(attempt), attempt.receipt) == ("SUCCEEDED", f"SIM-{attempt.reference}")
    assert_right()
