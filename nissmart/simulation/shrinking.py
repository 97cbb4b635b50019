"""Find a shorter list of steps that breaks the same rule: leave out pieces, then single steps."""

from __future__ import annotations

import time
from collections.abc import Callable

from nissmart.simulation.running import Result
from nissmart.simulation.steps import without_nothing
from nissmart.simulation.world import Step

# Runs these steps with this seed.
type Run = Callable[[int, list[Step]], Result]

# The clock of the machine: `time.monotonic` is the simulation's by then.
clock_s = time.perf_counter
# What may go wrong in a step, without it.
NOTHING_WRONG: tuple[Step, ...] = (
    {"fault": None, "again": None},
    {"meanwhile": None},
    {"manners": 0},
    {"faults_of_rail": None},
)


def shrink(
    run: Run, seed: int, steps: list[Step], broken: Result, within_s: float
) -> tuple[list[Step], Result]:
    """The shortest list found in this time, and what came of it."""
    ends_at = clock_s() + within_s
    size = max(len(steps) // 2, 1)
    while clock_s() < ends_at:
        shorter = None
        for start in range(0, len(steps), size):
            tried = steps[:start] + steps[start + size :]
            result = run(seed, tried)
            if result.broken and result.rule == broken.rule:
                shorter = (tried[: result.at_step + 1], result)
                break
            if clock_s() > ends_at:
                break
        if shorter:
            steps, broken = shorter
        elif size == 1:
            break
        else:
            size = max(size // 2, 1)
    return plain(run, seed, steps, broken, ends_at)


def plain(
    run: Run, seed: int, steps: list[Step], broken: Result, ends_at: float
) -> tuple[list[Step], Result]:
    """Take faults and bad manners away where they don't matter."""
    for number in range(len(steps)):
        for without in NOTHING_WRONG:
            if clock_s() > ends_at:
                return steps, broken
            step = without_nothing(steps[number] | without)
            if step == steps[number]:
                continue
            tried = [*steps[:number], step, *steps[number + 1 :]]
            result = run(seed, tried)
            if result.broken and result.rule == broken.rule:
                steps, broken = tried, result
    return steps, broken
