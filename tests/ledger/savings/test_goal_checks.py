"""`verify_ledger` finds locks of goals that were tampered with."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger import operations
from ledger.querysets import nairobi_day
from tests.ledger.support.goals import saving
from tests.tampering import violations, violations_after

pytestmark = pytest.mark.django_db

EARLY = {
    "before its day": "ended_by = 'day', ended_at = locked_at, held_cents = 1000",
    "without a wait": "ended_by = 'wait', ended_at = locked_at, held_cents = 1000",
    "without a target": "ended_by = 'target', ended_at = locked_at, held_cents = 1000",
    "as if it were empty": "ended_by = 'empty', ended_at = locked_at, held_cents = 1000",
}


@pytest.mark.parametrize("how", EARLY)
def test_verify_ledger_finds_a_lock_that_ended_early(alice, how):
    goal = saving(alice, 10_00)
    lock = operations.lock_goal(goal_id=goal.pk, until=nairobi_day() + timedelta(days=3))
    assert violations() == []
    tamper = f"UPDATE ledger_goallock SET {EARLY[how]} WHERE id = {lock.pk}"
    assert ("goal-locks", f"lock {lock.pk}") in violations_after(tamper)


def test_verify_ledger_finds_money_that_left_a_locked_goal(alice):
    goal = saving(alice, 10_00)
    lock = operations.lock_goal(goal_id=goal.pk, until=nairobi_day() + timedelta(days=3))
    tamper = f"""UPDATE ledger_transaction SET from_account_id = {goal.pk},
        created_at = '2040-01-01 00:00:00+00:00'"""
    assert ("goal-locks", f"lock {lock.pk}") in violations_after(tamper)
