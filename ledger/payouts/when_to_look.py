"""When a worker looks at an attempt next."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from ledger.models import Attempt
from ledger.rails import Rail

HOURLY_S = 60 * 60
# After this an unanswered payment is a matter for people.
GIVE_UP_AFTER = timedelta(hours=24)
# How much of the time to the next look is left to chance, so that looks don't come in crowds.
JITTER = 0.1
LONGEST_BACK_OFF_S = 300


def next_look_at(attempt: Attempt, now: datetime) -> datetime | None:
    """The next time on its rail's schedule, which counts from sending."""
    assert attempt.sent_at
    return next_after(attempt.sent_at, attempt.took_rail, now)


def next_after(start: datetime, rail: Rail, now: datetime) -> datetime | None:
    """The next time on the rail's schedule, counted from `start`; None once a day has passed.

    Then hourly. Times that were missed are left out.
    """
    age_s = (now - start).total_seconds()
    if age_s >= GIVE_UP_AFTER.total_seconds():
        return None
    after_s = rail.look_after_s()
    last_s = after_s[-1] if after_s else 0
    hours = max(int(age_s - last_s) // HOURLY_S, 0) + 1
    due_s: float = next((each for each in after_s if each > age_s), last_s + hours * HOURLY_S)
    due_s = min(due_s, GIVE_UP_AFTER.total_seconds())
    return start + timedelta(seconds=due_s + random.uniform(0, JITTER) * (due_s - age_s))


def send_again_at(attempt: Attempt, now: datetime) -> datetime:
    """When to send what the rail did not take: twice as long after each claim, up to a limit."""
    wait_s = min(2 ** min(attempt.fence, 10), LONGEST_BACK_OFF_S)
    return now + timedelta(seconds=wait_s * random.uniform(1, 1.5))
