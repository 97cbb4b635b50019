"""A clock in January 2027, and a saver with a goal."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.models import Goal
from tests.factories import UserFactory, funded
from tests.ledger.support import goals
from tests.ledger.support.interest import ONE_A_DAY, at
from wallet.models import User


@pytest.fixture
def clock(time_machine):
    """The first of January 2027, in the morning. `clock(day)` moves on."""
    time_machine.move_to(at(date(2027, 1, 1)), tick=False)

    def move(*day: int, hour: int = 9) -> None:
        time_machine.move_to(at(date(*day), hour), tick=False)

    return move


@pytest.fixture
def saver(clock) -> User:
    return funded(UserFactory(), 20_000_00)


@pytest.fixture
def goal(saver) -> Goal:
    """Holds 10,000 shillings from the first of January on."""
    return goals.saving(saver, ONE_A_DAY)
