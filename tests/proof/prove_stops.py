"""Workers that hang past their lease, and the switch that pauses payouts, with four busy workers.

Each round stops one of four workers (SIGSTOP) for longer than its lease, and lets it go on: M-PESA
carries out no payment twice, and none is stuck. Then payouts are paused while all four are busy: by
the simulator's clock no request arrives later than a second after the switch.

PAYOUTS and ROUNDS are how many.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import Counter
from datetime import datetime

from tests.proof.engines import on_both_engines
from tests.proof.running import settle_down, wait_until
from tests.proof.stack import SETTINGS, Stack, stack

PAYOUTS = int(os.environ.get("PAYOUTS", "400"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
MEMBERS, FUNDS, WORKERS = 60, 100_000, 4
LEASE_S = float(SETTINGS["PAYOUT_LEASE_S"])
AT_LATEST_S = 1.0
# Long enough to see that nothing goes out any more.
WATCHED_S = 4.0
# Then a payment stays open, and the simulator says when it was asked for.
NEVER_S = 10**6


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return on_both_engines(prove)


def prove(engine: str, url: str) -> str:
    with stack(url, workers=WORKERS) as it:
        it.desk.get(do="prepare", members=MEMBERS, shillings=FUNDS)
        held = [stop_one(it, number) for number in range(ROUNDS)]
        settle_down(it)
        found = check(it, held)
    return f"{found}; {pauses(url)}"


def stop_one(it: Stack, number: int) -> int:
    """Stop a busy worker past its lease. Says how many payments it held."""
    it.desk.get(do="order", verb="withdraw", count=PAYOUTS)
    wait_until(lambda: it.desk.get(do="count_unsent") < PAYOUTS * 3 // 4, "nothing is sent")
    hung = it.workers[number % WORKERS]
    hung.send_signal(signal.SIGSTOP)
    try:
        time.sleep(0.5)
        wait_until(lambda: not it.desk.get(do="count_ready"), "the others don't go on")
        held = it.desk.get(do="states").get("SENDING", 0)
        time.sleep(LEASE_S + 2)
        # A request that was in its connection when its worker stopped may be answered by now.
        wait_until(lambda: not it.desk.get(do="count_unsent"), "a payment is stuck")
    finally:
        hung.send_signal(signal.SIGCONT)
    wait_until(lambda: not it.desk.get(do="count_open"), "a payment never ends")
    return int(held)


def check(it: Stack, held: list[int]) -> str:
    times = Counter(line["request_id"] for line in it.simulator.book())
    attempts, books = it.desk.get(do="attempts"), it.desk.get(do="books")
    assert set(times.values()) == {1}, "paid twice"
    assert {one["state"] for one in attempts} == {"SUCCEEDED"}
    assert {one["reference"] for one in attempts} == set(times)
    assert books["entries"][str(books["in_transit"])] == 0
    assert not it.desk.get(do="strays")
    again = sum(one["fence"] > 1 for one in attempts)
    return (
        f"{len(attempts)} payouts, a worker stopped {len(held)} times for {LEASE_S + 2:.0f} s or"
        f" longer, holding {held}: each paid once, {again} claimed again; {it.verify()}"
    )


def pauses(url: str) -> str:
    """On the same database: how long after the switch the last request arrived, in each round."""
    lasts = []
    with stack(url, {"MPESA_QUERY_AFTER_S": "9999"}, workers=WORKERS, settle_s=NEVER_S) as it:
        it.desk.get(do="prepare", members=MEMBERS, shillings=FUNDS, first=MEMBERS)
        for _round in range(ROUNDS):
            lasts.append(pause_once(it))
    assert max(lasts) <= AT_LATEST_S, f"sent {max(lasts):.2f} s after the pause"
    said = ", ".join(f"{last:.2f}" for last in lasts)
    return f"the last request {said} s after the pause"


def pause_once(it: Stack) -> float:
    """Pause while the workers are busy; seconds from then to the last request that arrived."""
    it.desk.get(do="order", verb="withdraw", count=PAYOUTS)
    wait_until(lambda: it.desk.get(do="count_unsent") < PAYOUTS * 3 // 4, "nothing is sent")
    pause_id, paused_at = it.desk.get(do="pause")
    time.sleep(WATCHED_S)
    left = it.desk.get(do="count_ready")
    assert left, "all had been sent before the pause"
    before = [datetime.fromisoformat(one["at"]) for one in it.simulator.control("payments")]
    it.desk.get(do="lift", pause_id=pause_id)
    wait_until(lambda: not it.desk.get(do="count_unsent"), "nothing goes on")
    return max(before).timestamp() - paused_at


if __name__ == "__main__":
    sys.exit(main())
