"""Payouts while everything goes wrong: M-PESA pays each at most once, and the books agree with it.

A third of the simulator's answers are faulty: nothing was done, it was done and the answer lost, an
error after doing it, no callback, three of them, one an hour late, one after the next payment's, a
queue timeout, a second callback that says the opposite. Three workers send, and one is killed (-9)
every few seconds. The simulator's clock jumps ahead twenty minutes every four seconds, for the late
callbacks and the expired token, and back-offs are cut short.

PAYOUTS and SQLITE_PAYOUTS are how many; KILL_EVERY_S how often a worker dies.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import Counter
from functools import partial
from typing import Any

from tests.proof.engines import on_both_engines
from tests.proof.running import keep_going
from tests.proof.stack import Stack, stack

PAYOUTS = int(os.environ.get("PAYOUTS", "5000"))
SQLITE_PAYOUTS = int(os.environ.get("SQLITE_PAYOUTS", "1000"))
SEED = int(os.environ.get("SEED", "1"))
MEMBERS, FUNDS = 60, 100_000
RATE = 1 / 3
UNREGISTERED = "2040"
# What happens to every payout of some members, by the place of the member.
FAILING = {3: [], 13: ["no_callback"], 23: ["drop_after"], 33: ["duplicate"], 43: ["late"]}
# Of these M-PESA says two opposite things, and what it says first counts.
LYING = {8: ["contradict_first"], 18: ["contradict_first", "duplicate"]}


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return on_both_engines(prove)


def prove(engine: str, url: str) -> str:
    payouts = SQLITE_PAYOUTS if engine == "SQLite" else PAYOUTS
    with stack(url) as it:
        phones = it.desk.get(do="prepare", members=MEMBERS, shillings=FUNDS)
        liars = script(it, phones)
        began = time.monotonic()
        total = keep_going(it, partial(order, it), payouts)
        took_s = time.monotonic() - began
        return check(it, payouts, liars, total) + f"; {it.kills} workers killed, {took_s:.0f} s"


def order(it: Stack, count: int) -> list[int]:
    return list(it.desk.get(do="order", verb="withdraw", count=count))


def script(it: Stack, phones: list[str]) -> set[str]:
    """Say what goes wrong. Returns the phone numbers of which M-PESA says two opposite things."""
    it.simulator.control("faults", {"seed": SEED, "rate": RATE})
    for place, faults in FAILING.items():
        fails = {"result": UNREGISTERED, "faults": faults, "api": "b2c", "times": 0}
        it.simulator.control("scenario", fails | {"phone": phones[place]})
    for place, faults in LYING.items():
        lies = {"faults": faults, "api": "b2c", "times": 0}
        it.simulator.control("scenario", lies | {"phone": phones[place]})
    return {f"+{phones[place]}" for place in LYING}


def check(it: Stack, payouts: int, liars: set[str], total: int) -> str:
    book = [line for line in it.simulator.book() if line["kind"] == "b2c"]
    attempts, strays = it.desk.get(do="attempts"), set(it.desk.get(do="strays"))
    books, alarms = it.desk.get(do="books"), it.desk.get(do="alarms")
    paid = {line["request_id"]: line for line in book}
    assert len(attempts) == payouts
    assert len(paid) == len(book), "paid twice"
    wrong = [one for one in attempts if not agrees(one, paid.get(one["reference"]), strays)]
    assert not wrong, f"{len(wrong)} differ from M-PESA's book: {wrong[:5]}"
    phones = {one["reference"]: one["phone"] for one in attempts}
    unexplained = [one for one in strays if phones[one] not in liars or one not in alarms]
    assert not unexplained, f"in suspense for no reason: {unexplained}"
    check_money(books, attempts, strays, total)
    states = Counter(one["state"] for one in attempts)
    resent = sum(one["fence"] > 1 for one in attempts)
    return (
        f"{payouts} payouts, {states['SUCCEEDED']} paid, {states['FAILED']} failed, "
        f"{len(strays)} of them paid late and in suspense; {resent} claimed more than once; "
        f"callbacks {books['callbacks']}; {books['incidents']} incidents; {it.verify()}"
    )


def agrees(attempt: dict[str, Any], line: dict[str, Any] | None, strays: set[str]) -> bool:
    """Does an attempt stand as the simulator's book has it?"""
    is_stray = attempt["reference"] in strays
    if line is None:
        return attempt["state"] == "FAILED" and not is_stray
    if is_stray:
        return attempt["state"] == "FAILED"
    same = (attempt["receipt"], attempt["transaction__amount_cents"], attempt["phone"])
    return attempt["state"] == "SUCCEEDED" and same == (
        line["receipt"],
        line["amount"] * 100,
        f"+{line['phone']}",
    )


def check_money(books: dict[str, Any], attempts: list[Any], strays: set[str], total: int) -> None:
    cents = {one["reference"]: one["transaction__amount_cents"] for one in attempts}
    paid = sum(cents[one["reference"]] for one in attempts if one["state"] == "SUCCEEDED")
    stray = sum(cents[one] for one in strays)
    assert sum(cents.values()) == total * 100
    assert books["wallets"] == MEMBERS * FUNDS * 100 - paid
    entries = books["entries"]
    assert entries[str(books["in_transit"])] == 0, "money is still in transit"
    assert entries.get(str(books["suspense"]), 0) == -stray, "suspense isn't explained"
    # What leaves the float is above zero in the books.
    assert entries[str(books["float"])] == paid + stray, "the float differs"


if __name__ == "__main__":
    sys.exit(main())
