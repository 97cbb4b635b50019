"""Measure payouts a second through two workers against the M-PESA simulator, and its callbacks.

PAYOUTS wait when the workers start. The first table is from the first request of a payout to the
last, with callbacks coming in meanwhile; CPU is that of each kind of process for one payout, from
the first request to the last callback. The second is callbacks from several senders at the same
time, each about another payout, while the workers send others.

ROUNDS is the number of runs, PAYOUTS how many in each. The machine should be idle.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median, quantiles
from typing import NamedTuple

from tests.bench.workers import warn_if_busy
from tests.postgres import PostgresError, server
from tests.proof.daraja import b2c_result
from tests.proof.processes import Processes
from tests.proof.running import wait_until
from tests.proof.stack import Stack, stack

ROUNDS = int(os.environ.get("ROUNDS", "3"))
PAYOUTS = int(os.environ.get("PAYOUTS", "600"))
MEMBERS, FUNDS, WORKERS, SENDERS = 60, 100_000, 2, 8
# Nothing is asked about, since every payout is reported.
QUIET = {"MPESA_QUERY_AFTER_S": "9999"}
GOAL_PER_S, GOAL_P99_MS = 200, 300


class Sent(NamedTuple):
    """One run. `cpu_ms` is for each payout, by the kind of process."""

    per_second: float
    ended_per_second: float
    cpu_ms: dict[str, float]


class Heard(NamedTuple):
    p50_ms: float
    p99_ms: float
    per_second: float


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(f"{WORKERS} workers, {PAYOUTS} payouts, medians of {ROUNDS} runs (lowest-highest)")
    try:
        with server() as url, stack(url, QUIET, workers=0, settle_s=0) as it:
            it.desk.get(do="prepare", members=MEMBERS, shillings=FUNDS)
            sent = [send(it, url) for _round in range(ROUNDS)]
            report(sent)
            report_callbacks([measure_callbacks(it) for _round in range(ROUNDS)])
            print(it.verify())
    except PostgresError as error:
        print(error, file=sys.stderr)
        return 1
    warn_if_busy()
    return 0


def send(it: Stack, url: str) -> Sent:
    """Let two fresh workers send what waits, and measure from the first request to the last."""
    it.desk.get(do="order", verb="withdraw", count=PAYOUTS)
    for _each in range(WORKERS):
        it.start_worker()
    processes = Processes(it, url)
    wait_until(lambda: it.desk.get(do="count_unsent") < PAYOUTS, "It takes too long.")
    before, cpu, began = it.desk.get(do="count_unsent"), processes.cpu_s(), time.monotonic()
    wait_until(lambda: not it.desk.get(do="count_unsent"), "It takes too long.")
    sent_s = time.monotonic() - began
    wait_until(lambda: not it.desk.get(do="count_open"), "It takes too long.")
    ended_s = time.monotonic() - began
    after = processes.cpu_s()
    it.stop_workers()
    cpu_ms = {name: (after[name] - cpu[name]) / before * 1000 for name in cpu}
    return Sent(before / sent_s, before / ended_s, cpu_ms)


def measure_callbacks(it: Stack) -> Heard:
    """Send the results of payouts ourselves while two workers send others, and time each."""
    silent = {"faults": ["no_callback"], "api": "b2c", "times": PAYOUTS}
    it.simulator.control("scenario", silent)
    known = {line["request_id"] for line in it.simulator.control("payments")}
    it.desk.get(do="order", verb="withdraw", count=PAYOUTS)
    for _each in range(WORKERS):
        it.start_worker()
    wait_until(lambda: not it.desk.get(do="count_unsent"), "It takes too long.")
    it.simulator.advance()
    payments = it.simulator.control("payments")
    bodies = [b2c_result(one) for one in payments if one["request_id"] not in known]
    assert len(bodies) == PAYOUTS
    it.desk.get(do="order", verb="withdraw", count=PAYOUTS)
    began = time.monotonic()
    with ThreadPoolExecutor(SENDERS) as senders:
        took_s = list(senders.map(lambda body: time_of(it, body), bodies))
    whole_s = time.monotonic() - began
    wait_until(lambda: not it.desk.get(do="count_open"), "It takes too long.")
    it.stop_workers()
    cuts = quantiles(took_s, n=100)
    return Heard(cuts[49] * 1000, cuts[98] * 1000, PAYOUTS / whole_s)


def time_of(it: Stack, body: bytes) -> float:
    began = time.monotonic()
    status = it.send_callback("b2c-result", body)
    assert status == 200, status
    return time.monotonic() - began


def report(sent: list[Sent]) -> None:
    print(words("payouts sent/s", [one.per_second for one in sent]))
    print(words("payouts ended/s", [one.ended_per_second for one in sent]))
    cpu = {name: median(one.cpu_ms[name] for one in sent) for name in sent[0].cpu_ms}
    parts = ", ".join(f"{name} {ms:.1f}" for name, ms in cpu.items())
    total = sum(cpu.values())
    print(f"CPU ms for each payout: {parts}; {total:.1f} in all")
    print(f"Two cores alone would do {2000 / total:.0f}/s with everything on them.")
    verdict = "met" if median(one.per_second for one in sent) >= GOAL_PER_S else "MISSED"
    print(f"Goal: {GOAL_PER_S}/s: {verdict}.")


def report_callbacks(heard: list[Heard]) -> None:
    print(f"Callbacks, {SENDERS} at the same time while the workers send:")
    print(words("p50 ms", [one.p50_ms for one in heard]))
    print(words("p99 ms", [one.p99_ms for one in heard]))
    print(words("callbacks/s", [one.per_second for one in heard]))
    verdict = "met" if median(one.p99_ms for one in heard) <= GOAL_P99_MS else "MISSED"
    print(f"Goal: p99 at most {GOAL_P99_MS} ms: {verdict}.")


def words(name: str, values: list[float]) -> str:
    return f"{name}: {median(values):,.0f} ({min(values):,.0f}-{max(values):,.0f})"


if __name__ == "__main__":
    sys.exit(main())
