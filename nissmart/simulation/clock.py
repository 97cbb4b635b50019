"""Time and chance of a simulation: both follow from its seed.

The product asks four functions for the time: Django's `timezone.now`, and `time`, `monotonic` and
`sleep` of `time`. No SQL of the product asks the database for it. All chance comes from `random`
and, for what must not be guessed, from `os.urandom`. `install` puts ours in their place, in this
process, for good.
"""

from __future__ import annotations

import os
import random
import time
from datetime import UTC, datetime, timedelta, tzinfo

from django.utils import timezone

# `time.monotonic` of a machine that has run for a while.
UP_S = 1_000_000.0


class Clock:
    """The true time, which only goes forward, and our own clock, which may be wrong."""

    def __init__(self) -> None:
        self.start = self.true = datetime(2028, 1, 1, tzinfo=UTC)
        self.wrong_by = timedelta()
        self.latest = self.true

    def restart(self, at: datetime) -> None:
        self.start = self.true = self.latest = at
        self.wrong_by = timedelta()

    def now(self) -> datetime:
        """What our clock shows."""
        shown = self.true + self.wrong_by
        self.latest = max(self.latest, shown)
        return shown

    def monotonic(self) -> float:
        return UP_S + (self.true - self.start).total_seconds()

    def pass_s(self, seconds: float) -> None:
        self.true += timedelta(seconds=max(seconds, 0))


class Chance:
    """What takes the place of `os.urandom`: bytes that follow from the seed of the step."""

    def __init__(self) -> None:
        self.source = random.Random(0)

    def seed(self, number: int) -> None:
        self.source.seed(number)
        random.seed(number + 1)

    def bytes(self, count: int) -> bytes:
        return self.source.randbytes(count)


CLOCK, CHANCE = Clock(), Chance()


class Shown(datetime):
    """The class whose `now` Django's `timezone.now` calls."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return CLOCK.now().astimezone(tz or UTC)


def install() -> None:
    """From now on this process has our time and our chance."""
    setattr(timezone, "datetime", Shown)  # noqa: B010 (its own import, not an export)
    time.time = lambda: CLOCK.now().timestamp()
    time.monotonic = CLOCK.monotonic
    time.sleep = CLOCK.pass_s  # type: ignore[assignment]
    os.urandom = CHANCE.bytes
    # `secrets` draws from this name.
    random._urandom = CHANCE.bytes  # type: ignore[attr-defined]
