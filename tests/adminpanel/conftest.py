"""What the desk works at: a payment, and an incident about it."""

from __future__ import annotations

import pytest

from adminpanel.models import Incident
from adminpanel.operations import incidents
from ledger.models import Transaction
from tests.factories import send


@pytest.fixture
def record(alice, bob) -> Transaction:
    return send(alice, bob, 300_00, description="Rent")


@pytest.fixture
def incident(wambui, record) -> Incident:
    return incidents.open_by_hand(
        actor_id=wambui.pk,
        title="Paid twice",
        description="Alice called.",
        transaction_ids=[record.pk],
    )
