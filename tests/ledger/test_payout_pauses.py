"""Anyone of finance stops payouts; two people let them go on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from ledger.models import Attempt, Pause
from ledger.payouts import operations, worker
from ledger.rails import Alarm, Answer, Outcome
from tests.ledger.support.payouts import acts, by, decide, sent, state
from wallet.context import SYSTEM, Context
from wallet.errors import NotAllowed, Refusal, TooLate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("approval_for_every_payout")]


def test_finance_pauses_and_two_people_let_it_go_on(held, wambui, joseph):
    pause = operations.pause(by(wambui), rail="paya")
    assert operations.pause(by(wambui), rail="paya").is_replay
    with pytest.raises(Refusal, match="propose this first"):
        operations.lift(by(joseph), pause_id=pause.pk)
    operations.propose_lift(by(wambui), pause_id=pause.pk)
    assert operations.propose_lift(by(wambui), pause_id=pause.pk).is_replay
    with pytest.raises(NotAllowed, match="You proposed"):
        operations.lift(by(wambui), pause_id=pause.pk)
    decide(operations.approve, wambui, held)
    assert worker.do_due() == 0
    operations.lift(by(joseph), pause_id=pause.pk)
    assert operations.lift(by(joseph), pause_id=pause.pk).is_replay
    assert worker.do_due() == 1
    assert acts() == ["pause_payouts", "propose_lift", "approve_payout", "lift_pause"]
    for late in (operations.lift, operations.propose_lift):
        with pytest.raises(TooLate):
            late(by(wambui), pause_id=pause.pk)


def test_only_finance_pauses_and_lifts(rail, auditor, operator, alice, wambui):
    pause = operations.pause(by(wambui))
    operations.propose_lift(by(wambui), pause_id=pause.pk)
    for person in (auditor, operator, alice):
        with pytest.raises(NotAllowed):
            operations.pause(by(person))
        for verb in (operations.propose_lift, operations.lift):
            with pytest.raises(NotAllowed):
                verb(by(person), pause_id=pause.pk)
    assert Pause.objects.holding(timezone.now()).count() == 1


def test_a_pause_has_a_reason_and_an_end_that_lies_ahead(rail, wambui):
    with pytest.raises(Refusal):
        operations.pause(Context(wambui.pk))
    with pytest.raises(Refusal):
        operations.pause(by(wambui), until=timezone.now())
    pause = operations.pause(by(wambui), until=timezone.now() + timedelta(hours=1))
    assert not Pause.objects.holding(pause.until).exists()


def test_the_system_pauses_once(rail):
    first = operations.pause(SYSTEM.because("The books don't balance"))
    assert operations.pause(SYSTEM.because("They still don't")) == first
    assert first.paused_by is None


def test_a_rail_that_says_it_is_our_mistake_stops_payouts(alice, rail, settings):
    settings.APPROVE_ONE_ABOVE_CENTS = 10**9
    rail.pay = lambda asked: Answer(Outcome.NOT_TAKEN, code="2001", alarm=Alarm.STOP)
    attempt = sent(alice)
    pause = Pause.objects.get()
    assert (pause.rail, pause.paused_by) == ("paya", None)
    assert state(attempt) == "READY"
    Attempt.objects.update(next_look_at=timezone.now())
    assert worker.do_due() == 0
