"""What the database refuses about attempts, and about what people and rails said of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from ledger import operations
from ledger.models import Approval, Attempt, Pause, RailEvent, Verdict
from ledger.models.attempts import State
from tests.factories import withdraw
from tests.ledger.support.later import end, sent, unclaimed, waiting_withdrawal
from tests.ledger.support.rows import insert, stored
from tests.tampering import violations

pytestmark = pytest.mark.django_db

IS_POSTGRESQL = connection.vendor == "postgresql"


def change(attempt: Attempt, **columns: object) -> None:
    Attempt.objects.filter(pk=attempt.pk).update(**columns)
    connection.check_constraints()


def refuses(attempt: Attempt, **columns: object) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        change(attempt, **columns)


def test_only_lawful_moves(alice):
    attempt = unclaimed(alice)
    now = timezone.now()
    for state in set(State) - {"READY", "SENDING", "CANCELLED"}:
        refuses(attempt, state=state, sent_at=now)
    refuses(attempt, state="SENDING", sent_at=now, lease_until=now)  # without a new fence
    change(attempt, state="SENDING", sent_at=now, lease_until=now, fence=1)
    refuses(attempt, fence=0)
    refuses(attempt, state="CANCELLED", sent_at=None, ended_at=now)
    change(attempt, state="SENT", rail_id="A")
    refuses(attempt, rail_id="B")
    refuses(attempt, rail_id="")
    refuses(attempt, state="READY", lease_until=None)
    refuses(attempt, looks=-1)
    end(attempt.transaction, "SUCCESS")
    for columns in ({"state": "FAILED"}, {"receipt": "R"}, {"fence": 9}, {"failure_words": "no"}):
        refuses(attempt, **columns)


@pytest.mark.parametrize(
    "columns",
    [
        {"rail": "mpesa"},
        {"reference": "NSP-OTHER"},
        {"phone": "+254799999999"},
        {"is_payout": False},
        {"approvals_needed": 1},
        {"held_because": "day"},
        {"held_above_cents": 1},
        {"created_at": timezone.now()},
        {"next_look_at": None},
        {"receipt": "R"},
        {"ended_at": timezone.now()},
        {"state": "GONE"},
    ],
)
def test_what_was_ordered_stays(alice, columns):
    refuses(unclaimed(alice), **columns)


def test_a_held_attempt_is_not_sent_without_its_approvals(rich):
    attempt = unclaimed(rich, 60_000_00)
    now = timezone.now()
    refuses(attempt, state="READY", next_look_at=now)
    refuses(attempt, next_look_at=now)
    if IS_POSTGRESQL:
        refuses(attempt, state="READY", next_look_at=now, approvals_given=1)


@pytest.mark.skipif(not IS_POSTGRESQL, reason="on SQLite verify_ledger finds it")
def test_an_ended_attempt_agrees_with_its_transaction(alice):
    attempt = Attempt.objects.get(transaction=waiting_withdrawal(alice, 1_00))
    refuses(attempt, state="FAILED", ended_at=timezone.now())


def test_an_attempt_begins_unsent(alice):
    row = stored(unclaimed(alice)) | {"id": 10**6, "reference": "NSP-OTHER"}
    row["transaction_id"] = waiting_withdrawal(alice, 1_00).pk
    for wrong in ({"fence": 1}, {"state": "HELD"}, {"approvals_needed": 1}, {}):
        with pytest.raises(IntegrityError), transaction.atomic():
            insert("ledger_attempt", row | wrong)


@pytest.mark.parametrize("verb", ["DELETE FROM {0}", "UPDATE {0} SET id = id + 1000"])
def test_nothing_of_it_is_deleted_or_rewritten(rich, finance, verb):
    attempt = unclaimed(rich, 60_000_00)
    facts = {"attempt": attempt, "person": finance, "person_name": "F"}
    Approval.objects.create(decision="approve", fingerprint="f", **facts)
    Verdict.objects.create(outcome="not_paid", evidence="The statement", **facts)
    RailEvent.objects.create(rail="simulated", kind="x", attempt=attempt)
    Pause.objects.create(rail="", reason="A drill")
    for model in (Attempt, Approval, Verdict, RailEvent, Pause):
        with (
            pytest.raises(IntegrityError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(verb.format(model._meta.db_table))


def test_a_finding_is_written_once(alice):
    event = RailEvent.objects.create(rail="simulated", kind="x", is_callback=True, body="{}")
    rows = RailEvent.objects.filter(pk=event.pk)
    for wrong in ({"body": "changed"}, {"finding": "applied"}, {"kind": "y"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**wrong)
    rows.update(finding="applied", handled_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(finding="unmatched")


def test_a_pause_is_lifted_by_another_person_once(wambui, joseph):
    pause = Pause.objects.create(rail="", reason="A drill")
    rows = Pause.objects.filter(pk=pause.pk)
    now = timezone.now()
    for wrong in (
        {"lifted_by": joseph, "lifted_at": now},
        {"lifted_by": wambui, "lifted_at": now, "lift_proposed_by": wambui},
        {"reason": "Another"},
        {"until": now + timedelta(hours=1)},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**wrong)
    rows.update(lift_proposed_by=wambui)
    rows.update(lifted_by=joseph, lifted_at=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(lifted_by=None, lifted_at=None)


@pytest.mark.skipif(not IS_POSTGRESQL, reason="on SQLite verify_ledger finds it")
def test_who_ordered_it_neither_approves_nor_judges(rich):
    facts = {"attempt": unclaimed(rich, 60_000_00), "person": rich, "person_name": "R"}
    for row in (
        Approval(decision="approve", fingerprint="f", **facts),
        Verdict(outcome="not_paid", evidence="Mine", **facts),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save()


@pytest.mark.skipif(not IS_POSTGRESQL, reason="on SQLite verify_ledger finds it")
def test_what_people_have_judged_is_not_sent_again(alice, finance):
    attempt = Attempt.objects.get(transaction=waiting_withdrawal(alice, 1_00))
    change(attempt, state="UNKNOWN")
    facts = {"attempt": attempt, "person": finance, "person_name": "F"}
    Verdict.objects.create(outcome="not_paid", evidence="The statement", **facts)
    refuses(attempt, state="READY", lease_until=None, next_look_at=timezone.now())


def test_a_worker_may_hear_the_end_of_what_it_believes_unsent(alice):
    attempt = unclaimed(alice)
    now = timezone.now()
    change(attempt, state="SENDING", sent_at=now, lease_until=now, fence=1)
    change(attempt, state="READY", sent_at=None, lease_until=None)
    operations.settle(transaction_id=attempt.transaction_id, receipt="R1")
    assert Attempt.objects.get().sent_at is not None
    assert sent(attempt.transaction).pk
    assert violations() == []


@pytest.mark.skipif(not IS_POSTGRESQL, reason="verify_ledger finds it on SQLite")
def test_an_attempt_goes_the_way_of_its_transaction(alice):
    begun = {"transaction": withdraw(alice, 1_00), "rail": "simulated", "state": State.READY}
    begun |= {"created_at": timezone.now(), "next_look_at": timezone.now()}
    with pytest.raises(IntegrityError, match="goes the way"), transaction.atomic():
        Attempt.objects.create(**begun, is_payout=False)
    assert Attempt.objects.create(**begun, is_payout=True).pk


@pytest.mark.skipif(IS_POSTGRESQL, reason="PostgreSQL has no OR REPLACE")
def test_nothing_is_replaced(alice, finance):
    first = Attempt.objects.get(transaction=waiting_withdrawal(alice, 1_00))
    second = Attempt.objects.get(transaction=waiting_withdrawal(alice, 2_00))
    operations.settle(transaction_id=first.transaction_id, receipt="R1")
    given = Approval.objects.create(
        attempt=second, person=finance, person_name="F", decision="approve", fingerprint="f"
    )
    with connection.cursor() as cursor, pytest.raises(IntegrityError), transaction.atomic():
        cursor.execute(
            "UPDATE OR REPLACE ledger_attempt SET state = 'SUCCEEDED', receipt = 'R1',"
            f" ended_at = sent_at, next_look_at = NULL WHERE id = {second.pk}"
        )
    for model, row in ((Attempt, first), (Approval, given)):
        copy = stored(row) | {"id": 10**6}
        with pytest.raises(IntegrityError), transaction.atomic():
            insert(model._meta.db_table, copy, verb="INSERT OR REPLACE INTO")
    # One that begins as paid, under a receipt that is taken.
    third = withdraw(alice, 3_00).pk
    own = {"id": 10**6, "transaction_id": third, "reference": "NSP-THIRD", "fence": 0}
    paid = stored(first) | own
    paid |= {"sent_at": paid["created_at"], "ended_at": paid["created_at"]}
    with pytest.raises(IntegrityError, match="never replaced"), transaction.atomic():
        insert("ledger_attempt", paid, verb="INSERT OR REPLACE INTO")
    assert Attempt.objects.count() == 2
    assert Approval.objects.get() == given
