"""Deposits while everything goes wrong: each is credited once, and only if it was paid.

Three of four are asked for by prompt, the others are started by members at the paybill. M-PESA
reports a paid prompt twice: as its result, and as a payment at the paybill.

The faults, the killed workers and the jumps of the clock are those of `prove_payouts`. Some members
cancel, ignore the prompt, or enter a wrong PIN. When the answer to a prompt was lost, and with it
M-PESA's id, and no callback comes, then nothing more is to be heard of it: two people of finance
look it up in the statement.

DEPOSITS and SQLITE_DEPOSITS are how many.
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
from tests.proof.paybill import Came, Paybill
from tests.proof.running import keep_going
from tests.proof.stack import Stack, stack

DEPOSITS = int(os.environ.get("DEPOSITS", "2000"))
SQLITE_DEPOSITS = int(os.environ.get("SQLITE_DEPOSITS", "400"))
SEED = int(os.environ.get("SEED", "1"))
MEMBERS = 150
RATE = 1 / 3
# What every prompt of some members comes to, by the place of the member.
FAILING = {
    3: ("1032", []),
    13: ("1037", ["no_callback"]),
    23: ("2001", ["drop_after"]),
    33: ("1", ["duplicate"]),
    43: ("1032", ["late"]),
}
# M-PESA says first that it was cancelled, then that it was paid.
LYING = 8
# Daraja: an AccountReference has 12 characters, so the book has the beginning of our reference.
BOOKED = 12
# Of larger payments M-PESA is asked whether they were really made.
CONFIRM_ABOVE_CENTS = "20000"


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return on_both_engines(prove)


def prove(engine: str, url: str) -> str:
    deposits = SQLITE_DEPOSITS if engine == "SQLite" else DEPOSITS
    with stack(url, {"CONFIRM_ABOVE_CENTS": CONFIRM_ABOVE_CENTS}) as it:
        phones = it.desk.get(do="prepare", members=MEMBERS, shillings=0)
        script(it, phones)
        paybill = Paybill(it, phones)
        began, resolved = time.monotonic(), Counter[str]()
        ask = partial(order, it, paybill)
        keep_going(it, ask, deposits, lambda it: look_up_in_the_statement(it, resolved))
        took_s = time.monotonic() - began
        found = check(it, deposits - paybill.paid, resolved, paybill.check())
        return f"{found}; {it.kills} workers killed, {took_s:.0f} s"


def order(it: Stack, paybill: Paybill, count: int) -> list[int]:
    at_paybill = count // 4
    made, shillings = it.desk.get(do="order", verb="deposit", count=count - at_paybill)
    return [made + at_paybill, shillings + paybill.pay(at_paybill)]


def script(it: Stack, phones: list[str]) -> None:
    """Say what goes wrong."""
    it.simulator.control("faults", {"seed": SEED, "rate": RATE})
    for place, (result, faults) in FAILING.items():
        fails = {"result": result, "faults": faults, "api": "stk", "times": 0}
        it.simulator.control("scenario", fails | {"phone": phones[place]})
    lies = {"faults": ["contradict_first"], "api": "stk", "times": 0, "phone": phones[LYING]}
    it.simulator.control("scenario", lies)


def look_up_in_the_statement(it: Stack, resolved: Counter[str]) -> None:
    """When only unknown ones are left, two people say of each what the statement has."""
    unknown = it.desk.get(do="unknown")
    if not unknown or len(unknown) < it.desk.get(do="count_open"):
        return
    it.simulator.finish()
    receipts = {line["reference"]: line["receipt"] for line in prompted(it)}
    for reference in unknown:
        state = it.desk.get(
            do="resolve", reference=reference, receipt=receipts.get(reference[:BOOKED], "")
        )
        resolved[state] += 1


def prompted(it: Stack) -> list[dict[str, Any]]:
    """The paid prompts in the simulator's book."""
    return [line for line in it.simulator.book() if line["kind"] == "stk"]


def check(it: Stack, deposits: int, resolved: Counter[str], came: Came) -> str:
    asked = [one for one in it.simulator.control("payments") if one["kind"] == "stk"]
    prompts = Counter(one["reference"] for one in asked)
    twice = [reference for reference, times in prompts.items() if times > 1]
    assert not twice, f"asked twice: {twice}"
    paid = {line["reference"]: line for line in prompted(it)}
    attempts, strays = it.desk.get(do="attempts"), set(it.desk.get(do="strays"))
    books, alarms = it.desk.get(do="books"), it.desk.get(do="alarms")
    assert len(attempts) == deposits == len({one["reference"][:BOOKED] for one in attempts})
    wrong = [one for one in attempts if not agrees(one, paid, strays)]
    assert not wrong, f"{len(wrong)} differ from M-PESA's book: {wrong[:5]}"
    unexplained = strays - (set(alarms) & set(it.desk.get(do="contradicted")))
    odd = [one for one in attempts if one["reference"] in unexplained]
    assert not odd, f"in suspense for no reason: {odd}"
    check_money(books, attempts, strays, came)
    states = Counter(one["state"] for one in attempts)
    return (
        f"{deposits} deposits, {len(asked)} prompts, {states['SUCCEEDED']} credited, "
        f"{states['FAILED']} failed, {len(strays)} of them paid late and in suspense; "
        f"{sum(resolved.values())} looked up by people; {came.words}; "
        f"callbacks {books['callbacks']}; "
        f"{books['incidents']} incidents; {it.verify()}"
    )


def agrees(attempt: dict[str, Any], paid: dict[str, Any], strays: set[str]) -> bool:
    """Does an attempt stand as the simulator's book has it?"""
    line, is_stray = paid.get(attempt["reference"][:BOOKED]), attempt["reference"] in strays
    if line is None or is_stray:
        return attempt["state"] == "FAILED" and is_stray == (line is not None)
    same = (attempt["receipt"], attempt["transaction__amount_cents"], attempt["phone"])
    booked = (line["receipt"], line["amount"] * 100, f"+{line['phone']}")
    return attempt["state"] == "SUCCEEDED" and same == booked


def check_money(books: dict[str, Any], attempts: list[Any], strays: set[str], came: Came) -> None:
    cents = {one["reference"]: one["transaction__amount_cents"] for one in attempts}
    paid = sum(cents[one["reference"]] for one in attempts if one["state"] == "SUCCEEDED")
    stray = sum(cents[one] for one in strays)
    assert books["wallets"] == paid + came.credited_cents
    entries = books["entries"]
    assert entries.get(str(books["suspense"]), 0) == stray + came.astray_cents, (
        "suspense isn't explained"
    )
    # What arrives at the float is below zero in the books.
    assert entries[str(books["float"])] == -books["wallets"] - stray - came.astray_cents, (
        "the float differs"
    )


if __name__ == "__main__":
    sys.exit(main())
