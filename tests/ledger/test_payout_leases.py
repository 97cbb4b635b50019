"""One worker holds a payment at a time, and what must not go out doesn't."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from ledger.models import Attempt, Pause, RailEvent
from ledger.payouts import keeping, leases, worker
from ledger.rails import recording
from tests.conftest import staff
from tests.factories import account_id, balance, deposit, withdraw
from tests.ledger.support import paya
from tests.ledger.support.payouts import (
    assert_right,
    make_due,
    now_is,
    ordered,
    script,
    state,
)
from wallet import operations as wallet_operations
from wallet.context import SYSTEM
from wallet.models import User

pytestmark = pytest.mark.django_db

HELD = 1_000_00


# --- Who holds it


def test_an_attempt_is_claimed_by_one(alice, rail):
    attempt = ordered(alice)
    claimed = leases.claim()
    assert (claimed.attempt, claimed.is_send, claimed.fence) == (attempt, True, 1)
    assert leases.claim() is None
    assert state(attempt) == "SENDING"


def test_after_its_lease_it_is_asked_about_first(alice, rail):
    attempt = ordered(alice)
    asked = leases.claim().attempt
    keeping.write_events([keeping.event_of(asked, kind="pay-request")])
    now_is(attempt, seconds=200)
    claimed = leases.claim()
    assert (claimed.is_send, claimed.fence) == (False, 2)
    worker.handle(claimed)
    assert RailEvent.objects.filter(kind="ask-request").exists()
    assert not rail.lines()


@pytest.mark.parametrize("order", [withdraw, deposit])
def test_what_certainly_never_went_out_is_sent_without_asking(alice, rail, order):
    """Nothing can be asked about a collection without the rail's id, so it would stay unknown."""
    attempt = Attempt.objects.get(transaction=order(alice, 300_00))
    stopped = leases.claim()
    now_is(attempt, seconds=200)
    claimed = leases.claim()
    worker.handle(claimed)
    assert (state(attempt), attempt.sent_at) == ("READY", None)
    make_due()
    worker.do_due()
    assert state(attempt) == "SENT"
    worker.handle(stopped)
    assert rail.lines() == {attempt.reference: 1}
    assert state(attempt) == "SENT"


def test_a_lease_that_ran_out_unnoticed_stops_a_worker_too(alice, rail):
    attempt = ordered(alice)
    stopped = leases.claim()
    now_is(attempt, seconds=200)
    worker.handle(stopped)
    assert not rail.lines()


def test_a_worker_that_was_stopped_in_its_call_changes_nothing_but_a_success(alice, rail):
    """Another worker has sent the payment since. What the first hears of a failure is old."""
    attempt = ordered(alice)
    script(rail, "rejected")
    stopped = leases.claim()

    def others_go_on(reference: str) -> None:
        rail.on_the_way = lambda reference: None
        rail.script = paya.as_it_should
        now_is(attempt, seconds=200)
        worker.do_due()
        Attempt.objects.update(next_look_at=timezone.now())
        worker.do_due()
        assert state(attempt) == "SENT"

    rail.on_the_way = others_go_on
    worker.handle(stopped)
    assert state(attempt) == "SENT"
    assert balance(alice) == HELD - 300_00
    assert rail.lines() == {attempt.reference: 1}


# --- What stops it


@pytest.mark.parametrize("where", ["", "paya"])
def test_nothing_is_sent_while_payouts_are_paused(alice, rail, where):
    pause = Pause.objects.create(rail=where, reason="A drill")
    attempt = ordered(alice)
    collected = deposit(alice, 5_00)
    worker.do_due()
    assert state(attempt) == "READY"
    assert set(rail.lines()) == {Attempt.objects.get(transaction=collected).reference}
    people = staff("finance"), staff("finance")
    Pause.objects.filter(pk=pause.pk).update(
        lift_proposed_by=people[0], lifted_by=people[1], lifted_at=timezone.now()
    )
    worker.do_due()
    assert state(attempt) == "SENT"


def test_a_pause_of_another_rail_or_one_that_is_over_stops_nothing(alice, rail):
    Pause.objects.create(rail="mpesa", reason="A drill")
    Pause.objects.create(
        rail="", reason="A drill", until=timezone.now() + timedelta(milliseconds=100)
    )
    paya.wait_until(lambda: not Pause.objects.holding(timezone.now()).filter(rail="").exists())
    attempt = ordered(alice)
    worker.do_due()
    assert state(attempt) == "SENT"


def test_a_pause_between_the_claim_and_the_call_holds(alice, rail):
    attempt = ordered(alice)
    claimed = leases.claim()
    Pause.objects.create(rail="", reason="A drill")
    worker.handle(claimed)
    assert state(attempt) == "READY"
    assert attempt.sent_at is None
    assert not rail.lines()
    assert_right()


def test_a_pause_between_the_first_look_and_the_request_holds(alice, rail, monkeypatch):
    """Some rails fetch a token first, which takes a while."""
    really_pay = rail.pay

    def fetch_a_token_first(instruction):
        Pause.objects.create(rail="", reason="A drill")
        return really_pay(instruction)

    rail.pay = fetch_a_token_first
    attempt = ordered(alice)
    worker.do_due()
    assert state(attempt) == "READY"
    assert not rail.lines()


def test_paused_payouts_are_still_looked_up(alice, rail):
    attempt = ordered(alice)
    worker.do_due()
    Pause.objects.create(rail="", reason="A drill")
    now_is(attempt, seconds=40)
    worker.do_due()
    assert state(attempt) == "SUCCEEDED"


@pytest.mark.parametrize("what", ["frozen", "closed"])
def test_a_payout_of_a_frozen_or_closed_member_does_not_start(alice, rail, what):
    attempt = ordered(alice)
    if what == "frozen":
        wallet_operations.freeze(SYSTEM, account_id(alice))
    else:
        User.objects.filter(pk=alice.pk).update(is_active=False)
    assert worker.do_due() == 0
    assert state(attempt) == "READY"
    if what == "frozen":
        wallet_operations.unfreeze(SYSTEM, account_id(alice))
        worker.do_due()
        assert state(attempt) == "SENT"


def test_a_worker_that_is_to_stop_finishes_what_it_has(alice, rail):
    for _each in range(3):
        ordered(alice, 10_00)
    assert worker.do_due(lambda: len(rail.lines()) >= 2) == 2
    assert sorted(Attempt.objects.values_list("state", flat=True)) == ["READY", "SENT", "SENT"]


def test_one_that_goes_wrong_keeps_no_other_waiting(alice, rail, monkeypatch):
    first, second = ordered(alice, 10_00), ordered(alice, 20_00)
    script(rail, "lost", "lost")
    really = worker.outcomes.take_in

    def fail_once(attempt, heard):
        if attempt == first:
            raise RuntimeError("a bug")
        return really(attempt, heard)

    monkeypatch.setattr(worker.outcomes, "take_in", fail_once)
    with pytest.raises(ExceptionGroup):
        worker.do_due()
    assert (state(first), state(second)) == ("SENDING", "UNKNOWN")


def test_what_is_recorded_outside_a_worker_is_forgotten(rail):
    recording.record(recording.Event("x", "y"))
    assert not RailEvent.objects.exists()
