"""Time in tests of schedules, and one schedule: Alice pays Bob each Monday."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from ledger.models import Schedule
from tests.ledger.support.scheduled import TODAY, at, schedule


@pytest.fixture
def now(time_machine) -> Callable[..., None]:
    """Go to this hour of a day in Kenya. It begins on a Sunday morning."""

    def go(day: date, hour: int = 9, minute: int = 0) -> None:
        time_machine.move_to(at(day, hour, minute), tick=False)

    go(TODAY)
    return go


@pytest.fixture
def rent(now, alice, bob) -> Schedule:
    return schedule(alice, bob)
