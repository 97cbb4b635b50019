"""Keep a proof going: order, kill workers, let time pass, and wait until nothing is open."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

from tests.proof.stack import Stack

KILL_EVERY_S = float(os.environ.get("KILL_EVERY_S", "4"))
# Less than an hour: a token that is fetched during a jump must not expire with it.
JUMP_EVERY_S, JUMP_S = 4, 1200
ORDERED_TOGETHER = 50
ENDS_WITHIN_S = 3_600


def do_nothing(it: Stack) -> None:
    pass


def keep_going(
    it: Stack,
    order: Callable[[int], list[int]],
    count: int,
    at_rest: Callable[[Stack], None] = do_nothing,
) -> int:
    """Order this many payments while workers die, until all have ended. The total in shillings.

    `order` makes that many at most, and returns how many and their sum. `at_rest` is called now and
    then once all is ordered, for what only people can end.
    """
    left, total, ends_at = count, 0, time.monotonic() + ENDS_WITHIN_S
    next_kill = next_jump = time.monotonic()
    while left or it.desk.get(do="count_open"):
        now = time.monotonic()
        if now > ends_at:
            raise SystemExit(f"Some never end: {it.desk.get(do='states')}")
        if left:
            made, shillings = order(min(left, ORDERED_TOGETHER))
            left, total = left - made, total + shillings
        else:
            time.sleep(0.5)
        if now >= next_kill:
            it.kill_a_worker()
            # On a busy machine later, so that a worker does something before its end.
            next_kill = time.monotonic() + max(KILL_EVERY_S, it.starts_in_s)
        if now >= next_jump:
            it.simulator.advance(JUMP_S)
            it.desk.get(do="let_time_pass")
            next_jump = time.monotonic() + JUMP_EVERY_S
            show(it, count - left)
            if not left:
                at_rest(it)
    it.simulator.finish()
    settle_down(it)
    return total


def show(it: Stack, made: int) -> None:
    if os.environ.get("VERBOSE"):
        print(f"{made} ordered, {it.desk.get(do='states')}", file=sys.stderr, flush=True)


def settle_down(it: Stack) -> None:
    """Wait until the workers have applied every callback and opened every incident."""
    wait_until(lambda: not it.desk.get(do="count_unfinished"), "Callbacks are never applied.")


def wait_until(is_so: Callable[[], bool], complaint: str, timeout_s: float = 300) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > deadline:
            raise SystemExit(complaint)
        time.sleep(0.05)
