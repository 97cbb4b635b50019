"""Payouts survive a death at any statement, and at any moment of a call: none is paid twice."""

from __future__ import annotations

import os
import signal

import pytest
from django.utils import timezone

from ledger.models import Approval, Attempt, Pause, RailEvent, Transaction, Verdict
from ledger.payouts import callbacks, operations, worker
from tests.books import assert_books_right
from tests.factories import balance
from tests.ledger.support import paya
from tests.ledger.support.crowd import (
    process,
)
from tests.ledger.support.deaths import dies_at, points
from tests.ledger.support.payouts import assert_paid_once, go_on, make_due, ordered
from tests.ledger.test_crash import DIED, worth_dying_at
from tests.tampering import violations
from wallet.context import Context
from wallet.models import AuditEvent, User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

AMOUNT = 1_00


# --- A worker


def test_a_worker_that_dies_anywhere_pays_once(alice, rail):
    """At each statement of a send; the call itself lies between two of them."""
    ordered(alice, AMOUNT)
    names = points(worker.do_due)
    for number, _name in worth_dying_at(names):
        attempt, before = ordered(alice, AMOUNT), balance(alice)
        dies_at(rail, number, worker.do_due)
        assert rail.lines()[attempt.reference] <= 1
        assert_books_right()
        assert go_on(attempt) == "SUCCEEDED", names[number]
        assert_paid_once(rail, attempt, alice, before)
    assert violations() == []


def test_a_worker_that_dies_while_it_asks_ends_it_once(alice, rail):
    def sent() -> Attempt:
        attempt = ordered(alice, AMOUNT)
        worker.do_due()
        return attempt

    sent()
    names = points(look_again)
    for number, _name in worth_dying_at(names):
        attempt, before = sent(), balance(alice)
        dies_at(rail, number, look_again)
        assert go_on(attempt) == "SUCCEEDED", names[number]
        assert_paid_once(rail, attempt, alice, before)
    assert violations() == []


def look_again() -> None:
    make_due()
    worker.do_due()


def die_on_the_way(folder: str, when: str) -> None:
    """At the outbound call: before it reaches the rail, or after."""
    with paya.known(folder) as rail:
        really_carry_out = rail.carry_out

        def carry_out(asked: paya.Instruction) -> None:
            if when == "after":
                really_carry_out(asked)
            os._exit(DIED)

        rail.carry_out = carry_out
        worker.do_due()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_that_dies_in_the_call_pays_once(alice, rail, when):
    attempt, before = ordered(alice, AMOUNT), balance(alice)
    dying = process(die_on_the_way, str(rail.folder), when)
    dying.join()
    assert dying.exitcode == DIED
    assert rail.lines()[attempt.reference] == (when == "after")
    assert go_on(attempt) == "SUCCEEDED"
    assert_paid_once(rail, attempt, alice, before)


@pytest.mark.parametrize("when", ["before", "after"])
def test_on_a_rail_that_may_pay_twice_it_is_paid_at_most_once(alice, rail, when):
    rail.pays_a_reference_once = False
    attempt = ordered(alice, AMOUNT)
    dying = process(die_on_the_way, str(rail.folder), when)
    dying.join()
    assert go_on(attempt) == ("UNKNOWN" if when == "before" else "SUCCEEDED")
    assert rail.lines()[attempt.reference] == (when == "after")


def work_slowly(folder: str) -> None:
    with paya.known(folder) as rail:
        rail.on_the_way = lambda reference: paya.time.sleep(0.05)
        while True:
            worker.do_due()
            paya.time.sleep(0.01)


def test_a_killed_worker_leaves_nothing_behind(alice, rail):
    """kill -9, again and again."""
    attempts = [ordered(alice, AMOUNT) for _each in range(12)]
    for _kill in range(4):
        victim = process(work_slowly, str(rail.folder))
        already = len(rail.lines())
        paya.wait_until(lambda already=already: len(rail.lines()) > already)
        os.kill(victim.pid, signal.SIGKILL)
        victim.join()
        make_due()
    for _turn in range(6):
        make_due()
        worker.do_due()
    assert {Attempt.objects.get(pk=one.pk).state for one in attempts} == {"SUCCEEDED"}
    assert rail.lines() == {one.reference: 1 for one in attempts}
    assert violations() == []


def call_when_woken(folder: str, once: bool) -> None:
    """A worker that is stopped on the way to the rail until a file says that it may go on."""
    with paya.known(folder) as rail:
        rail.pays_a_reference_once = once
        flag = rail.folder.parent / f"{rail.folder.name}.woken"

        def wait(reference: str) -> None:
            (rail.folder.parent / f"{rail.folder.name}.stopped").touch()
            paya.wait_until(flag.exists, 30)

        rail.on_the_way = wait
        worker.do_due()


@pytest.mark.parametrize("once", [True, False])
def test_a_worker_stopped_past_its_lease_sends_nothing_twice(alice, rail, once):
    rail.pays_a_reference_once = once
    attempt, before = ordered(alice, AMOUNT), balance(alice)
    stopped = process(call_when_woken, str(rail.folder), once)
    flags = [rail.folder.parent / f"{rail.folder.name}.{name}" for name in ("stopped", "woken")]
    paya.wait_until(flags[0].exists, 30)
    # The other worker goes on as soon as the lease has run out.
    go_on(attempt)
    flags[1].touch()
    stopped.join()
    assert go_on(attempt) == "SUCCEEDED"
    assert_paid_once(rail, attempt, alice, before)
    for flag in flags:
        flag.unlink()


# --- People and messages

ACTS = ("approve", "refuse", "cancel", "pause", "propose_lift", "lift", "resolve", "callback")


def prepare(act: str, alice: User, people: tuple[int, int], rail: paya.Paya) -> int:
    """What the act is done to, ready for it; its id."""
    first, _second = people
    if act in ("pause", "propose_lift", "lift"):
        pause = Pause.objects.create(rail="paya", reason=f"A drill {timezone.now()}")
        if act == "lift":
            operations.propose_lift(Context(first), pause_id=pause.pk)
        return pause.pk
    attempt = ordered(alice, AMOUNT)
    if act in ("resolve", "callback"):
        rail.script = lambda call, reference: "done_but_lost"
        worker.do_due()
        rail.script = paya.as_it_should
    if act == "resolve":
        tell(Context(first), attempt.pk)
    if act == "callback":
        return callbacks.store(rail, "paid", rail.message(attempt.reference)).pk
    return attempt.pk


def tell(context: Context, attempt_id: int) -> None:
    operations.resolve(
        context, attempt_id=attempt_id, outcome="paid", evidence="Line 12", receipt=f"R{attempt_id}"
    )


def perform(act: str, pk: int, owner_id: int, person_id: int) -> None:
    context = Context(person_id, reason=f"Because {pk}")
    match act:
        case "approve" | "refuse":
            seen = Attempt.objects.get(pk=pk).fingerprint
            getattr(operations, act)(context, attempt_id=pk, fingerprint=seen)
        case "cancel":
            transaction_id = Attempt.objects.get(pk=pk).transaction_id
            operations.cancel(Context(owner_id), transaction_id=transaction_id)
        case "pause":
            operations.pause(context, rail="paya")
        case "propose_lift" | "lift":
            getattr(operations, act)(context, pause_id=pk)
        case "resolve":
            tell(context, pk)
        case "callback":
            callbacks.apply(RailEvent.objects.get(pk=pk))


def written() -> dict[str, int]:
    """How many of each decision there are."""
    models = (Approval, Verdict, AuditEvent, Pause, Transaction)
    return {model.__name__: model.objects.count() for model in models}


@pytest.mark.parametrize("act", ACTS)
def test_dying_in_a_decision_loses_and_doubles_nothing(alice, people, rail, settings, act):
    settings.APPROVE_ONE_ABOVE_CENTS = 0 if act in ("approve", "refuse", "cancel") else 10**9
    names = points(perform, act, prepare(act, alice, people, rail), alice.pk, people[1])
    for number, name in worth_dying_at(names):
        pk = prepare(act, alice, people, rail)
        before, held_before = written(), balance(alice)
        dies_at(rail, number, perform, act, pk, alice.pk, people[1])
        assert_books_right()
        perform(act, pk, alice.pk, people[1])
        perform(act, pk, alice.pk, people[1])
        added = {key: count - before[key] for key, count in written().items()}
        assert set(added.values()) <= {0, 1}, f"{act} died at {name}: {added}"
        gave_back = act in ("refuse", "cancel")
        assert balance(alice) == held_before + (AMOUNT if gave_back else 0)
        assert_books_right()
    assert violations() == []
