"""Fixtures of the panel's tests: members, a payment, an incident about it, days of payments."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from adminpanel.incidents import operations as incidents
from adminpanel.integrity.jobs import JOBS
from adminpanel.models import Incident, WorkerJob
from ledger import operations
from ledger.models import Attempt, Transaction
from tests.adminpanel.support.payouts import order, without_answer
from tests.factories import UserFactory, deposit, new_key, send, withdraw
from tests.ledger.support import paya
from tests.tampering import payout
from wallet.context import Context
from wallet.models import User


@pytest.fixture
def amina(db) -> User:
    return UserFactory(name="Amina Wanjiku", email="amina@example.com", phone="+254712000001")


@pytest.fixture
def living_worker(db) -> None:
    """A worker whose jobs are well, now and for the rest of the test."""
    then = timezone.now() + timedelta(days=9)
    rows = [WorkerJob(job=job, worker="here:1", since=then, seen_at=then) for job in JOBS]
    for row in rows:
        row.ended_at = row.ok_at = then
    WorkerJob.objects.bulk_create(rows)


@pytest.fixture
def brian(db) -> User:
    return UserFactory(name="Brian Otieno", email="brian@example.com", phone="+254712000002")


@pytest.fixture
def record(alice, bob) -> Transaction:
    return send(alice, bob, 300_00, description="Rent")


@pytest.fixture
def incident(wambui, record) -> Incident:
    return incidents.open_by_hand(
        Context(wambui.pk),
        title="Paid twice",
        description="Alice called.",
        transaction_ids=[record.pk],
    )


@pytest.fixture
def days(bob, carol, time_machine) -> None:
    """Payments from 19 to 22 November. In Nairobi, the 21st begins at 21:00 UTC on the 20th."""
    time_machine.move_to("2026-11-19T09:00:00Z", tick=False)
    deposit(bob, 900_00)
    time_machine.move_to("2026-11-20T20:59:59Z", tick=False)
    sent = send(bob, carol, 100_00)
    deposit(carol, 50_00)
    time_machine.move_to("2026-11-20T21:00:00Z", tick=False)
    withdraw(bob, 200_00)
    deposit(carol, 7_50)
    time_machine.move_to("2026-11-22T09:00:00Z", tick=False)
    operations.reverse(Context(bob.pk, key=new_key()), transaction_id=sent.pk)
    withdraw(carol, 30_00)
    deposit(bob, 1_00)


@pytest.fixture
def activity(alice, bob) -> None:
    """After Alice's first deposit: a transfer, a pending payout and a deposit."""
    send(alice, bob, 10_00, description="one")
    payout(alice, "PENDING")
    deposit(bob, 30_00, description="three")


@pytest.fixture
def rail(alice, bob) -> Iterator[paya.Paya]:
    """Payments go over the made-up rail, after Alice and Bob got their money."""
    with paya.known() as rail:
        yield rail


@pytest.fixture
def approval_for_every_payout(settings) -> None:
    settings.APPROVE_ONE_ABOVE_CENTS = 0


@pytest.fixture
def held(alice, rail, approval_for_every_payout) -> Attempt:
    """A payout of Alice that waits for approval."""
    return order(alice)


@pytest.fixture
def unknown(alice, rail, settings) -> Attempt:
    """A payout of Alice whose outcome is unknown."""
    return without_answer(rail, alice, settings)
