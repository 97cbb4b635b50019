"""A thousand forged, replayed and reordered callbacks: one effect for each genuine id.

M-PESA carries out payouts and deposits and says nothing. First come forgeries alone, which change
nothing. Then come the genuine results in any order, each three times, with forgeries among them,
from eight senders at the same time.

CALLBACKS is about how many.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from tests.proof.daraja import UNREGISTERED, b2c_result, stk_result
from tests.proof.engines import on_both_engines
from tests.proof.running import wait_until
from tests.proof.stack import SECRET, Stack, stack

CALLBACKS = int(os.environ.get("CALLBACKS", "1000"))
SEED = int(os.environ.get("SEED", "1"))
FUNDS, SENDERS, REPLAYS = 10_000, 8, 3
# Payouts, and as many deposits: of each three reports and four forgeries.
PAYMENTS = CALLBACKS // 14
# A phone shows one prompt at a time.
MEMBERS = PAYMENTS
FAILS_EVERY = 5


class Message(NamedTuple):
    kind: str
    body: bytes
    query: str = ""
    secret: str = SECRET

    @property
    def acknowledgement(self) -> int:
        return 200 if self.secret == SECRET else 404


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return on_both_engines(prove)


def prove(engine: str, url: str) -> str:
    draw = random.Random(SEED)
    with stack(url, {"MPESA_QUERY_AFTER_S": "9999"}, workers=2, settle_s=0) as it:
        phones = it.desk.get(do="prepare", members=MEMBERS, shillings=FUNDS)
        payments = make_payments(it, phones)
        before = it.desk.get(do="books"), it.desk.get(do="states")
        first = [forged for one in payments for forged in forgeries(one, draw)]
        send_all(it, draw.sample(first, len(first)))
        after = it.desk.get(do="books"), it.desk.get(do="states")
        for name in ("wallets", "entries"):
            assert before[0][name] == after[0][name], f"forgeries changed {name}"
        assert before[1] == after[1], f"{before[1]} -> {after[1]}"
        genuine = [genuine_of(one) for one in payments for _replay in range(REPLAYS)]
        second = genuine + [forged for one in payments for forged in forgeries(one, draw)]
        second += [under_another_id(one) for one in payments[::4]]
        send_all(it, draw.sample(second, len(second)))
        wait_until(lambda: not it.desk.get(do="count_open"), "a payment never ends")
        return check(it, payments, len(first) + len(second))


def make_payments(it: Stack, phones: list[str]) -> list[dict[str, Any]]:
    """Payouts and deposits that M-PESA has carried out or refused without a word."""
    for number, phone in enumerate(phones):
        silent = {"faults": ["no_callback"], "times": 0, "phone": phone}
        is_failing = number % FAILS_EVERY == 0
        for api, failure in (("b2c", str(UNREGISTERED)), ("stk", "1032")):
            more = {"result": failure} if is_failing else {}
            it.simulator.control("scenario", silent | more | {"api": api})
    it.desk.get(do="order", verb="withdraw", count=PAYMENTS)
    it.desk.get(do="order", verb="deposit", count=PAYMENTS)
    wait_until(lambda: not it.desk.get(do="count_unsent"), "a payment is never sent")
    wait_until(lambda: is_done(it), "M-PESA never ends a payment")
    references = {one["reference"][:12]: one["reference"] for one in it.desk.get(do="attempts")}
    payments = it.simulator.control("payments")
    assert len(payments) == len(references)
    return [one | {"ours": references[one["reference"][:12]]} for one in payments]


def is_done(it: Stack) -> bool:
    it.simulator.advance(1)
    return all(one["state"] != "pending" for one in it.simulator.control("payments"))


def genuine_of(one: dict[str, Any]) -> Message:
    if one["kind"] == "b2c":
        return Message("b2c-result", b2c_result(one))
    return Message("stk", stk_result(one), f"?reference={one['ours']}")


def forgeries(one: dict[str, Any], draw: random.Random) -> Iterator[Message]:
    """What a forger may send: the truth itself without the secret, and with it what isn't about a
    payment of ours."""
    is_payout = one["kind"] == "b2c"
    kind, write = ("b2c-result", b2c_result) if is_payout else ("stk", stk_result)
    query = "" if is_payout else f"?reference={one['ours']}"
    unknown = {"request_id": f"NSP-{draw.randrange(10**12)}", "receipt": "SLI0000000"}
    unknown |= {"conversation_id": f"AG_20260706_{draw.randrange(10**12)}"}
    yield Message(kind, write(one), query, SECRET[::-1])
    choices = [
        Message(kind, write(one, **unknown)),
        Message(kind, write(one, **unknown, code=UNREGISTERED)),
        Message(kind, b"<html>502 Bad Gateway</html>", query),
        Message("b2c-result" if kind == "stk" else "stk", write(one)),
    ]
    yield draw.choice(choices)


def under_another_id(one: dict[str, Any]) -> Message:
    """Calls a payment of ours by an id that M-PESA never gave it: then M-PESA is asked."""
    return genuine_of(one | {"conversation_id": "AG_20260706_1", "receipt": "SLI0000000"})


def send_all(it: Stack, messages: list[Message]) -> None:
    def send(one: Message) -> None:
        status = it.send_callback(one.kind, one.body, one.query, one.secret)
        assert status == one.acknowledgement, (one, status)

    with ThreadPoolExecutor(SENDERS) as senders:
        list(senders.map(send, messages))


def check(it: Stack, payments: list[dict[str, Any]], sent: int) -> str:
    by_reference = {one["ours"]: one for one in payments}
    attempts, books = it.desk.get(do="attempts"), it.desk.get(do="books")
    for one in attempts:
        said = by_reference[one["reference"]]
        expected = ("SUCCEEDED", said["receipt"]) if said["code"] == "0" else ("FAILED", None)
        assert (one["state"], one["receipt"]) == expected, (one, said)
    paid = [one for one in attempts if one["state"] == "SUCCEEDED"]
    out = sum(cents(one) for one in paid if is_payout(one, by_reference))
    came_in = sum(cents(one) for one in paid) - out
    assert books["wallets"] == MEMBERS * FUNDS * 100 - out + came_in
    assert books["entries"][str(books["in_transit"])] == 0
    assert not it.desk.get(do="strays")
    findings = Counter(books["callbacks"])
    assert findings["applied"] == len(payments), findings
    return (
        f"{sent} callbacks, {len(payments) * REPLAYS} of them genuine, about {len(payments)}"
        f" payments: {books['callbacks']}; {books['incidents']} incidents; {it.verify()}"
    )


def cents(one: dict[str, Any]) -> int:
    return int(one["transaction__amount_cents"])


def is_payout(one: dict[str, Any], by_reference: dict[str, dict[str, Any]]) -> bool:
    return bool(by_reference[one["reference"]]["kind"] == "b2c")


if __name__ == "__main__":
    sys.exit(main())
