"""Workers, callbacks and people race: a payout is paid once, and its money is in one place."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from ledger.models import Attempt, Transaction
from ledger.payment_errors import AlreadySent
from ledger.payouts import callbacks, operations, worker
from tests.books import assert_books_right
from tests.factories import balance, deposit
from tests.ledger.support import paya
from tests.ledger.support.crowd import (
    IS_NIGHTLY,
    run_together,
)
from tests.ledger.support.payouts import assert_paid_once, go_on, make_due, ordered, script
from tests.tampering import violations
from wallet.context import SYSTEM, Context
from wallet.errors import Refusal, TooLate

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

AMOUNT = 1_00
ROUNDS = 40 if IS_NIGHTLY else 4


def tried(job: Callable[[], object]) -> Callable[[], object]:
    """A refusal is an answer, as is what isn't there to refuse."""

    def run() -> object:
        try:
            return job()
        except Refusal as refusal:
            return refusal

    return run


def test_cancelling_and_claiming(alice, rail):
    for _round in range(ROUNDS):
        attempt, before = ordered(alice, AMOUNT), balance(alice)
        cancel = partial(
            operations.cancel, Context(alice.pk), transaction_id=attempt.transaction_id
        )
        cancelled, *_sent = run_together(*map(tried, [cancel, worker.do_due, worker.do_due]))
        state = go_on(attempt)
        if isinstance(cancelled, AlreadySent):
            assert state == "SUCCEEDED"
            assert_paid_once(rail, attempt, alice, before)
        else:
            assert (state, balance(alice)) == ("CANCELLED", before + AMOUNT)
            assert attempt.reference not in rail.lines()
    assert violations() == []


def test_approving_and_refusing(alice, rail, people, settings):
    settings.APPROVE_ONE_ABOVE_CENTS = 0
    for _round in range(ROUNDS):
        attempt, before = ordered(alice, AMOUNT), balance(alice)
        jobs = [
            partial(
                verb,
                Context(person, reason="Because"),
                attempt_id=attempt.pk,
                fingerprint=attempt.fingerprint,
            )
            for verb, person in zip((operations.approve, operations.refuse), people, strict=True)
        ]
        _approved, refused, _sent = run_together(*map(tried, [*jobs, worker.do_due]))
        state = go_on(attempt)
        if isinstance(refused, Refusal):
            assert isinstance(refused, AlreadySent | TooLate)
            assert state == "SUCCEEDED"
        else:
            assert (state, balance(alice)) == ("CANCELLED", before + AMOUNT)
            assert attempt.reference not in rail.lines()
    assert violations() == []


@pytest.mark.parametrize("fails", [True, False])
def test_a_callback_a_look_and_people(alice, rail, people, fails):
    """Whichever comes first, the money is in one place, and what came too late is in suspense."""
    rail.fails = lambda reference: fails
    for _round in range(ROUNDS):
        rail.script = lambda call, reference: "done_but_lost"
        attempt, before = ordered(alice, AMOUNT), balance(alice)
        worker.do_due()
        rail.script = paya.as_it_should
        first, second = people
        say = {"attempt_id": attempt.pk, "outcome": "not_paid", "evidence": "The statement"}
        operations.resolve(Context(first), **say)
        make_due()
        message = partial(callbacks.store, rail, "paid", rail.message(attempt.reference))
        run_together(
            *map(
                tried,
                [
                    lambda message=message: callbacks.apply(message()),
                    lambda message=message: callbacks.apply(message()),
                    worker.do_due,
                    partial(operations.resolve, Context(second), **say),
                ],
            )
        )
        go_on(attempt)
        strays = Transaction.objects.filter(
            type="STRAY_OUT", idempotency_key=f"stray {attempt.reference}"
        ).count()
        if attempt.state == "SUCCEEDED":
            assert (balance(alice), strays, fails) == (before, 0, False)
        else:
            assert attempt.state == "FAILED"
            assert (balance(alice), strays) == (before + AMOUNT, 0 if fails else 1)
    assert violations() == []


def test_a_first_verdict_and_a_rail_that_never_saw_it(alice, rail, people):
    """Either it's sent again, or people decide: never both."""
    for number in range(ROUNDS):
        script(rail, "lost")
        attempt = ordered(alice, AMOUNT)
        worker.do_due()
        make_due()
        say = {"attempt_id": attempt.pk, "outcome": "not_paid", "evidence": "The statement"}
        jobs = [partial(operations.resolve, Context(person), **say) for person in people]
        run_together(*map(tried, [*jobs, worker.do_due, worker.do_due]))
        if IS_NIGHTLY or number == 0:
            assert violations() == []
        state = go_on(attempt)
        operations.end_agreed()
        attempt.refresh_from_db()
        was_judged = attempt.verdicts.exists()
        assert (state == "SUCCEEDED") != was_judged
        assert (attempt.reference in rail.lines()) != was_judged
    assert violations() == []


def test_many_workers_send_each_once(alice, rail):
    rail.pays_a_reference_once = False
    attempts = [ordered(alice, AMOUNT) for _each in range(30)]
    run_together(*[worker.do_due] * 4)
    assert rail.lines() == {attempt.reference: 1 for attempt in attempts}


def test_threads_of_one_worker_send_each_once(alice, rail, settings):
    settings.PAYOUT_THREADS = 4
    rail.pays_a_reference_once = False
    attempts = [ordered(alice, AMOUNT) for _each in range(30)]
    assert worker.do_due() == 30
    assert rail.lines() == {attempt.reference: 1 for attempt in attempts}
    assert deposit(alice, 1).status == "PENDING"


def test_no_send_begins_later_than_a_second_after_the_pause(alice, rail, settings):
    settings.PAYOUT_THREADS = 4
    began: list[float] = []

    def note(reference: str) -> None:
        began.append(paya.time.monotonic())
        paya.time.sleep(0.02)

    rail.on_the_way = note
    for _each in range(120):
        ordered(alice, AMOUNT)

    def pause() -> float:
        paya.wait_until(lambda: len(began) > 8)
        operations.pause(SYSTEM.because("A drill"))
        return paya.time.monotonic()

    *_done, paused_at = run_together(worker.do_due, worker.do_due, pause)
    assert max(began) < paused_at + 1
    left = Attempt.objects.filter(state="READY", sent_at=None).count()
    assert left > 10
    assert left + len(began) == 120
    assert_books_right()
