"""The worker sends each payment once, whatever its rail answers, and asks until it knows."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone

from ledger.models import Attempt, Pause, RailEvent, Transaction
from ledger.payouts import worker
from ledger.rails import recording
from tests.books import assert_books_right
from tests.conftest import staff
from tests.factories import account_id, balance, deposit, withdraw
from tests.ledger.support import paya
from tests.tampering import violations
from wallet import operations as wallet_operations
from wallet.context import SYSTEM
from wallet.models import User

pytestmark = pytest.mark.django_db

HELD = 1_000_00


@pytest.fixture
def rail(alice):
    with paya.known() as rail:
        yield rail


def ordered(user: User, cents: int = 300_00) -> Attempt:
    return Attempt.objects.get(transaction=withdraw(user, cents))


def now_is(attempt: Attempt, **passed: float) -> None:
    """As if this time had passed since the attempt was sent."""
    attempt.refresh_from_db()
    by = timedelta(**passed)
    columns = {"sent_at": attempt.sent_at - by}
    if attempt.next_look_at:
        columns["next_look_at"] = attempt.next_look_at - by
    if attempt.lease_until:
        columns["lease_until"] = attempt.lease_until - by
    Attempt.objects.filter(pk=attempt.pk).update(**columns)


def state(attempt: Attempt) -> str:
    attempt.refresh_from_db()
    return attempt.state


def do_due() -> int:
    return worker.do_due()


def assert_right() -> None:
    assert_books_right()
    assert violations() == []


def script(rail: paya.Paya, *faults: str) -> None:
    """What the next calls do; those after them do as they should."""
    left = list(faults)
    rail.script = lambda call, reference: left.pop(0) if left else ""


def test_a_payout_is_sent_and_asked_about_until_it_ended(alice, rail):
    attempt = ordered(alice)
    assert do_due() == 1
    assert state(attempt) == "SENT"
    assert (attempt.rail_id, attempt.fence) == (f"P-{attempt.reference}", 1)
    assert 30 <= (attempt.next_look_at - attempt.sent_at).total_seconds() <= 33
    assert do_due() == 0
    now_is(attempt, seconds=40)
    assert do_due() == 1
    assert (state(attempt), attempt.receipt) == ("SUCCEEDED", f"R-{attempt.reference}")
    assert attempt.transaction.rail == "paya"
    assert Transaction.objects.get(pk=attempt.transaction_id).status == "SUCCESS"
    assert rail.lines() == {attempt.reference: 1}
    assert_right()


def test_a_deposit_is_collected(alice, rail):
    attempt = Attempt.objects.get(transaction=deposit(alice, 300_00))
    script(rail, "instant")
    do_due()
    assert (state(attempt), balance(alice)) == ("SUCCEEDED", HELD + 300_00)
    assert_right()


def test_a_failed_payout_is_back_in_the_wallet(alice, rail):
    rail.fails = lambda reference: True
    attempt = ordered(alice)
    do_due()
    now_is(attempt, seconds=40)
    do_due()
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
    do_due()
    assert (state(attempt), balance(alice)) == ("FAILED", HELD)
    assert_right()


def test_what_was_not_taken_is_sent_again_later(alice, rail):
    script(rail, "busy", "busy")
    attempt = ordered(alice)
    do_due()
    assert state(attempt) == "READY"
    assert attempt.sent_at is None
    wait_s = [(attempt.next_look_at - timezone.now()).total_seconds()]
    Attempt.objects.update(next_look_at=timezone.now())
    do_due()
    attempt.refresh_from_db()
    wait_s.append((attempt.next_look_at - timezone.now()).total_seconds())
    assert 1.5 < wait_s[0] < 3.1 < 3.5 < wait_s[1] < 6.1
    Attempt.objects.update(next_look_at=timezone.now())
    do_due()
    assert state(attempt) == "SENT"
    assert rail.lines() == {attempt.reference: 1}


@pytest.mark.parametrize("fault", ["done_but_lost", "breaks"])
def test_a_lost_answer_is_found_out_and_not_sent_again(alice, rail, fault):
    script(rail, fault)
    attempt = ordered(alice)
    do_due()
    assert state(attempt) == "UNKNOWN"
    assert balance(alice) == HELD - 300_00
    now_is(attempt, seconds=40)
    do_due()
    assert state(attempt) == "SUCCEEDED"
    assert rail.lines() == {attempt.reference: 1}
    assert_right()


def test_what_the_rail_never_saw_is_sent_again_under_the_same_reference(alice, rail):
    script(rail, "lost")
    attempt = ordered(alice)
    do_due()
    now_is(attempt, seconds=40)
    do_due()
    assert state(attempt) == "READY"
    assert attempt.sent_at is not None
    Attempt.objects.update(next_look_at=timezone.now())
    do_due()
    assert state(attempt) == "SENT"
    assert rail.lines() == {attempt.reference: 1}


def test_a_rail_that_may_pay_twice_is_never_sent_the_same_again(alice, rail):
    rail.pays_a_reference_once = False
    script(rail, "lost")
    attempt = ordered(alice)
    do_due()
    for _look in range(5):
        now_is(attempt, hours=2)
        do_due()
        assert state(attempt) == "UNKNOWN"
    assert not rail.lines()


def test_a_deposit_is_never_asked_of_its_member_twice(alice, rail):
    script(rail, "lost")
    attempt = Attempt.objects.get(transaction=deposit(alice, 300_00))
    do_due()
    now_is(attempt, seconds=40)
    do_due()
    assert (state(attempt), balance(alice)) == ("FAILED", HELD)
    assert not rail.lines()


def test_a_refusal_of_what_was_sent_twice_gives_no_money_back(alice, rail):
    script(rail, "lost", "", "rejected")
    attempt = ordered(alice)
    do_due()
    now_is(attempt, seconds=40)
    do_due()
    Attempt.objects.update(next_look_at=timezone.now())
    do_due()
    assert (state(attempt), balance(alice)) == ("UNKNOWN", HELD - 300_00)


def test_looks_follow_the_schedule_then_come_hourly_then_people_are_asked(alice, rail):
    rail.script = lambda call, reference: "working" if call == "ask" else ""
    attempt = ordered(alice)
    do_due()
    ages = []
    while state(attempt) != "UNKNOWN":
        ages.append((attempt.next_look_at - attempt.sent_at).total_seconds())
        now_is(attempt, seconds=(attempt.next_look_at - timezone.now()).total_seconds() + 0.01)
        assert do_due() == 1
    assert [round(age / 10) * 10 for age in ages[:2]] == [30, 60]
    assert 120 <= ages[2] < 130
    gaps = [later - earlier for earlier, later in pairwise(ages[2:])]
    assert all(3000 < gap < 4000 for gap in gaps[:-1]), gaps
    assert 24 * 3600 <= ages[-1] < 25.5 * 3600
    assert attempt.next_look_at is None
    assert [event.finding for event in RailEvent.objects.exclude(finding=None)] == ["overdue"]
    assert do_due() == 0


def test_an_answer_by_callback_is_asked_for_and_says_nothing_yet(alice, rail):
    script(rail, "done_but_lost", "by callback")
    attempt = ordered(alice)
    do_due()
    now_is(attempt, seconds=40)
    do_due()
    assert state(attempt) == "UNKNOWN"
    asked = RailEvent.objects.get(rail_id=f"Q-{attempt.reference}")
    assert asked.attempt == attempt


def test_each_request_and_answer_is_kept(alice, rail):
    attempt = ordered(alice)
    do_due()
    kept = RailEvent.objects.order_by("pk").values_list("kind", "attempt", "status_code", "body")
    assert list(kept) == [
        ("pay-request", attempt.pk, None, "pay"),
        ("pay-answer", attempt.pk, 200, "accepted"),
    ]


def test_a_request_that_can_not_be_kept_is_not_sent(alice, rail, monkeypatch):
    def fail(*args, **more):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(worker, "write_events", fail)
    attempt = ordered(alice)
    do_due()
    assert state(attempt) == "UNKNOWN"
    assert not rail.lines()


# --- Who holds it


def test_an_attempt_is_claimed_by_one(alice, rail):
    attempt = ordered(alice)
    claimed = worker.claim()
    assert (claimed.attempt, claimed.is_send, claimed.fence) == (attempt, True, 1)
    assert worker.claim() is None
    assert state(attempt) == "SENDING"


def test_after_its_lease_it_is_asked_about_first(alice, rail):
    attempt = ordered(alice)
    worker.claim()
    now_is(attempt, seconds=200)
    claimed = worker.claim()
    assert (claimed.is_send, claimed.fence) == (False, 2)


def test_a_worker_that_lost_its_lease_sends_nothing(alice, rail):
    attempt = ordered(alice)
    stopped = worker.claim()
    now_is(attempt, seconds=200)
    do_due()
    assert state(attempt) == "READY"
    worker.handle(stopped)
    assert not rail.lines()
    assert state(attempt) == "READY"


def test_a_lease_that_ran_out_unnoticed_stops_a_worker_too(alice, rail):
    attempt = ordered(alice)
    stopped = worker.claim()
    now_is(attempt, seconds=200)
    worker.handle(stopped)
    assert not rail.lines()


def test_a_worker_that_was_stopped_in_its_call_changes_nothing_but_a_success(alice, rail):
    """Another worker has sent the payment since. What the first hears of a failure is old."""
    attempt = ordered(alice)
    script(rail, "rejected")
    stopped = worker.claim()

    def others_go_on(reference: str) -> None:
        rail.on_the_way = lambda reference: None
        rail.script = paya.as_it_should
        now_is(attempt, seconds=200)
        do_due()
        Attempt.objects.update(next_look_at=timezone.now())
        do_due()
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
    do_due()
    assert state(attempt) == "READY"
    assert set(rail.lines()) == {Attempt.objects.get(transaction=collected).reference}
    people = staff("finance"), staff("finance")
    Pause.objects.filter(pk=pause.pk).update(
        lift_proposed_by=people[0], lifted_by=people[1], lifted_at=timezone.now()
    )
    do_due()
    assert state(attempt) == "SENT"


def test_a_pause_of_another_rail_or_one_that_is_over_stops_nothing(alice, rail):
    Pause.objects.create(rail="mpesa", reason="A drill")
    Pause.objects.create(
        rail="", reason="A drill", until=timezone.now() + timedelta(microseconds=1000)
    )
    paya.wait_until(lambda: not Pause.objects.holding(timezone.now()).filter(rail="").exists())
    attempt = ordered(alice)
    do_due()
    assert state(attempt) == "SENT"


def test_a_pause_between_the_claim_and_the_call_holds(alice, rail):
    attempt = ordered(alice)
    claimed = worker.claim()
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
    do_due()
    assert state(attempt) == "READY"
    assert not rail.lines()


def test_paused_payouts_are_still_looked_up(alice, rail):
    attempt = ordered(alice)
    do_due()
    Pause.objects.create(rail="", reason="A drill")
    now_is(attempt, seconds=40)
    do_due()
    assert state(attempt) == "SUCCEEDED"


@pytest.mark.parametrize("what", ["frozen", "closed"])
def test_a_payout_of_a_frozen_or_closed_member_does_not_start(alice, rail, what):
    attempt = ordered(alice)
    if what == "frozen":
        wallet_operations.freeze(SYSTEM, account_id(alice))
    else:
        User.objects.filter(pk=alice.pk).update(is_active=False)
    assert do_due() == 0
    assert state(attempt) == "READY"
    if what == "frozen":
        wallet_operations.unfreeze(SYSTEM, account_id(alice))
        do_due()
        assert state(attempt) == "SENT"


def test_a_worker_that_is_to_stop_finishes_what_it_has(alice, rail):
    for _each in range(3):
        ordered(alice, 10_00)
    assert worker.do_due(lambda: len(rail.lines()) >= 2) == 2
    assert sorted(Attempt.objects.values_list("state", flat=True)) == ["READY", "SENT", "SENT"]


def test_one_that_goes_wrong_keeps_no_other_waiting(alice, rail, monkeypatch):
    first, second = ordered(alice, 10_00), ordered(alice, 20_00)
    really = worker.outcomes.take_in

    def fail_once(attempt, heard):
        if attempt == first:
            raise RuntimeError("a bug")
        return really(attempt, heard)

    monkeypatch.setattr(worker.outcomes, "take_in", fail_once)
    with pytest.raises(ExceptionGroup):
        do_due()
    assert (state(first), state(second)) == ("SENDING", "SENT")


def test_what_is_recorded_outside_a_worker_is_forgotten(rail):
    recording.record(recording.Event("x", "y"))
    assert not RailEvent.objects.exists()


# --- The simulated rail's amounts


def test_the_amounts_that_show_each_state(alice, time_machine):
    deposit(alice, 20_000_00)
    fails, slow, unknown = (ordered(alice, cents) for cents in (4_001_00, 4_002_00, 4_003_00))
    began = timezone.now()
    assert do_due() == 3
    assert [state(each) for each in (fails, slow, unknown)] == ["SENT", "SENT", "UNKNOWN"]
    time_machine.move_to(began + timedelta(seconds=2.5))
    do_due()
    assert [state(each) for each in (fails, slow, unknown)] == ["FAILED", "SENT", "UNKNOWN"]
    for seconds in (6, 9, 12, 14):
        time_machine.move_to(began + timedelta(seconds=seconds))
        do_due()
    assert [state(each) for each in (fails, slow, unknown)] == ["FAILED", "SUCCEEDED", "UNKNOWN"]
    assert balance(alice) == HELD + 20_000_00 - 8_005_00
    assert_right()
    assert withdraw(alice, 4_004_00).status == "SUCCESS"


def test_an_approved_payout_on_an_instant_rail_is_paid_by_the_worker(alice, settings):
    settings.APPROVE_ONE_ABOVE_CENTS = 0
    attempt = ordered(alice)
    assert do_due() == 0
    finance = staff("finance")
    from ledger.payouts import operations
    from wallet.context import Context

    operations.approve(Context(finance.pk), attempt_id=attempt.pk, fingerprint=attempt.fingerprint)
    assert do_due() == 1
    assert (state(attempt), attempt.receipt) == ("SUCCEEDED", f"SIM-{attempt.reference}")
    assert_right()
