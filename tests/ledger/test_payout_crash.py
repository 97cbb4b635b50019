"""Payouts survive a death at any statement, and at any moment of a call: none is paid twice."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.utils import timezone

from ledger.errors import AlreadySent
from ledger.models import Approval, Attempt, Pause, RailEvent, Transaction, Verdict
from ledger.payouts import callbacks, operations, worker
from tests.books import assert_books_right
from tests.conftest import staff
from tests.factories import UserFactory, balance, deposit, funded, withdraw
from tests.ledger.support import paya
from tests.ledger.support.crowd import (
    IS_NIGHTLY,
    in_thread,
    process,
    run_together,
    watch_statements,
)
from tests.ledger.test_crash import DIED
from tests.tampering import violations
from wallet.context import SYSTEM, Context
from wallet.errors import Refusal, TooLate
from wallet.models import AuditEvent, User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

FUNDS, AMOUNT = 1_000_00, 1_00
ROUNDS = 40 if IS_NIGHTLY else 4


@pytest.fixture
def owner(db) -> User:
    return funded(UserFactory(), FUNDS)


@pytest.fixture
def people(db) -> tuple[int, int]:
    return staff("finance").pk, staff("finance").pk


@pytest.fixture
def rail(owner):
    with paya.known() as rail:
        yield rail


def ordered(owner: User) -> Attempt:
    return Attempt.objects.get(transaction=withdraw(owner, AMOUNT))


def make_due() -> None:
    """As if the leases had run out and the time to look had come."""
    then = timezone.now() - timedelta(seconds=1)
    Attempt.objects.filter(lease_until__isnull=False).update(lease_until=then)
    Attempt.objects.filter(next_look_at__isnull=False).update(next_look_at=then)


def go_on(attempt: Attempt) -> str:
    """What becomes of it once other workers go on."""
    for _turn in range(6):
        make_due()
        worker.do_due()
    attempt.refresh_from_db()
    return attempt.state


def points(job: Callable[..., object], *args: object) -> list[str]:
    """Where this job can be interrupted: before each statement, around each COMMIT."""
    names: list[str] = []
    with watch_statements(names.append):
        job(*args)
    assert "COMMITTED" in names
    return names


class Died(BaseException):
    """Nothing catches it, and the database sees its connection end."""


def act_at(number: int, act: Callable[[], None], job: Callable[..., object], *args: object) -> None:
    left = number

    def visit(_name: str) -> None:
        nonlocal left
        left -= 1
        if left == -1:
            act()

    with watch_statements(visit):
        job(*args)


def die_at(folder: str, number: int, job: Callable[..., object], *args: object) -> None:
    with paya.known(folder):
        act_at(number, lambda: os._exit(DIED), job, *args)


def dies_at(rail: paya.Paya, number: int, job: Callable[..., object], *args: object) -> None:
    """A process dies at this point, nightly; otherwise a thread, which is much faster."""
    if IS_NIGHTLY:
        dying = process(die_at, str(rail.folder), number, job, *args)
        dying.join()
        assert dying.exitcode == DIED, f"it never came to point {number}"
        return

    def die() -> None:
        connection._rollback()
        raise Died

    with pytest.raises(Died):
        in_thread(partial(act_at, number, die, job, *args))


def assert_paid_once(rail: paya.Paya, attempt: Attempt, owner: User, before: int) -> None:
    assert rail.lines()[attempt.reference] == 1
    assert balance(owner) == before
    assert_books_right()


# --- A worker


def test_a_worker_that_dies_anywhere_pays_once(owner, rail):
    """At each statement of a send; the call itself lies between two of them."""
    ordered(owner)
    names = points(worker.do_due)
    for number in range(len(names)):
        attempt, before = ordered(owner), balance(owner)
        dies_at(rail, number, worker.do_due)
        assert rail.lines()[attempt.reference] <= 1
        assert_books_right()
        assert go_on(attempt) == "SUCCEEDED", names[number]
        assert_paid_once(rail, attempt, owner, before)
    assert violations() == []


def test_a_worker_that_dies_while_it_asks_ends_it_once(owner, rail):
    def sent() -> Attempt:
        attempt = ordered(owner)
        worker.do_due()
        return attempt

    sent()
    names = points(look_again)
    for number in range(len(names)):
        attempt, before = sent(), balance(owner)
        dies_at(rail, number, look_again)
        assert go_on(attempt) == "SUCCEEDED", names[number]
        assert_paid_once(rail, attempt, owner, before)
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
def test_a_worker_that_dies_in_the_call_pays_once(owner, rail, when):
    attempt, before = ordered(owner), balance(owner)
    dying = process(die_on_the_way, str(rail.folder), when)
    dying.join()
    assert dying.exitcode == DIED
    assert rail.lines()[attempt.reference] == (when == "after")
    assert go_on(attempt) == "SUCCEEDED"
    assert_paid_once(rail, attempt, owner, before)


@pytest.mark.parametrize("when", ["before", "after"])
def test_on_a_rail_that_may_pay_twice_it_is_paid_at_most_once(owner, rail, when):
    rail.pays_a_reference_once = False
    attempt = ordered(owner)
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


def test_a_killed_worker_leaves_nothing_behind(owner, rail):
    """kill -9, again and again."""
    attempts = [ordered(owner) for _each in range(12)]
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
def test_a_worker_stopped_past_its_lease_sends_nothing_twice(owner, rail, once):
    rail.pays_a_reference_once = once
    attempt, before = ordered(owner), balance(owner)
    stopped = process(call_when_woken, str(rail.folder), once)
    flags = [rail.folder.parent / f"{rail.folder.name}.{name}" for name in ("stopped", "woken")]
    paya.wait_until(flags[0].exists, 30)
    # The other worker goes on as soon as the lease has run out.
    go_on(attempt)
    flags[1].touch()
    stopped.join()
    assert go_on(attempt) == "SUCCEEDED"
    assert_paid_once(rail, attempt, owner, before)
    for flag in flags:
        flag.unlink()


# --- People and messages

ACTS = ("approve", "refuse", "cancel", "pause", "propose_lift", "lift", "resolve", "callback")


def prepare(act: str, owner: User, people: tuple[int, int], rail: paya.Paya) -> int:
    """What the act is done to, ready for it; its id."""
    first, _second = people
    if act in ("pause", "propose_lift", "lift"):
        pause = Pause.objects.create(rail="paya", reason=f"A drill {timezone.now()}")
        if act == "lift":
            operations.propose_lift(Context(first), pause_id=pause.pk)
        return pause.pk
    attempt = ordered(owner)
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
def test_dying_in_a_decision_loses_and_doubles_nothing(owner, people, rail, settings, act):
    settings.APPROVE_ONE_ABOVE_CENTS = 0 if act in ("approve", "refuse", "cancel") else 10**9
    names = points(perform, act, prepare(act, owner, people, rail), owner.pk, people[1])
    for number, name in enumerate(names):
        pk = prepare(act, owner, people, rail)
        before, held_before = written(), balance(owner)
        dies_at(rail, number, perform, act, pk, owner.pk, people[1])
        assert_books_right()
        perform(act, pk, owner.pk, people[1])
        perform(act, pk, owner.pk, people[1])
        added = {key: count - before[key] for key, count in written().items()}
        assert set(added.values()) <= {0, 1}, f"{act} died at {name}: {added}"
        gave_back = act in ("refuse", "cancel")
        assert balance(owner) == held_before + (AMOUNT if gave_back else 0)
        assert_books_right()
    assert violations() == []


# --- Races


def tried(job: Callable[[], object]) -> Callable[[], object]:
    """A refusal is an answer, as is what isn't there to refuse."""

    def run() -> object:
        try:
            return job()
        except Refusal as refusal:
            return refusal

    return run


def test_cancelling_and_claiming(owner, rail):
    for _round in range(ROUNDS):
        attempt, before = ordered(owner), balance(owner)
        cancel = partial(
            operations.cancel, Context(owner.pk), transaction_id=attempt.transaction_id
        )
        cancelled, *_sent = run_together(*map(tried, [cancel, worker.do_due, worker.do_due]))
        state = go_on(attempt)
        if isinstance(cancelled, AlreadySent):
            assert state == "SUCCEEDED"
            assert_paid_once(rail, attempt, owner, before)
        else:
            assert (state, balance(owner)) == ("CANCELLED", before + AMOUNT)
            assert attempt.reference not in rail.lines()
    assert violations() == []


def test_approving_and_refusing(owner, rail, people, settings):
    settings.APPROVE_ONE_ABOVE_CENTS = 0
    for _round in range(ROUNDS):
        attempt, before = ordered(owner), balance(owner)
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
            assert (state, balance(owner)) == ("CANCELLED", before + AMOUNT)
            assert attempt.reference not in rail.lines()
    assert violations() == []


@pytest.mark.parametrize("fails", [True, False])
def test_a_callback_a_look_and_people(owner, rail, people, fails):
    """Whichever comes first, the money is in one place, and what came too late is in suspense."""
    rail.fails = lambda reference: fails
    for _round in range(ROUNDS):
        rail.script = lambda call, reference: "done_but_lost"
        attempt, before = ordered(owner), balance(owner)
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
            assert (balance(owner), strays, fails) == (before, 0, False)
        else:
            assert attempt.state == "FAILED"
            assert (balance(owner), strays) == (before + AMOUNT, 0 if fails else 1)
    assert violations() == []


def test_many_workers_send_each_once(owner, rail):
    rail.pays_a_reference_once = False
    attempts = [ordered(owner) for _each in range(30)]
    run_together(*[worker.do_due] * 4)
    assert rail.lines() == {attempt.reference: 1 for attempt in attempts}


def test_threads_of_one_worker_send_each_once(owner, rail, settings):
    settings.PAYOUT_THREADS = 4
    rail.pays_a_reference_once = False
    attempts = [ordered(owner) for _each in range(30)]
    assert worker.do_due() == 30
    assert rail.lines() == {attempt.reference: 1 for attempt in attempts}
    assert deposit(owner, 1).status == "PENDING"


def test_no_send_begins_later_than_a_second_after_the_pause(owner, rail, settings):
    settings.PAYOUT_THREADS = 4
    began: list[float] = []

    def note(reference: str) -> None:
        began.append(paya.time.monotonic())
        paya.time.sleep(0.02)

    rail.on_the_way = note
    for _each in range(120):
        ordered(owner)

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
