"""Draw the steps of a run from its seed, before it begins, as plain data.

A step names members, goals and payments by number, counted round among those there are then. So a
list from which steps are left out can be run as well.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from nissmart.simulation import faults, members, outside, staff
from nissmart.simulation.world import Step

ACTS = members.ACTS | staff.ACTS | outside.ACTS
WEIGHTS = {
    "deposit": 14,
    "withdraw": 14,
    "transfer": 14,
    "repeat": 6,
    "save": 5,
    "take": 4,
    "open goal": 4,
    "save by itself": 4,
    "schedule": 4,
    "approve": 8,
    "judge": 5,
    "propose reversal": 6,
    "decide reversal": 5,
    "end claim": 1,
    "propose correction": 3,
    "decide correction": 3,
    "pay in": 5,
    "wait": 20,
    "until": 4,
    "clock": 3,
    "close day": 3,
    "decide close": 5,
    "reopen day": 3,
}
JOB_WEIGHT, PAYMENT_JOB_WEIGHT = 14, 40
CENTS = [10_00, 50_00, 99_00, 100_00, 150_00, 499_00, 500_00, 1_000_00, 1_100_00, 2_600_00]
ODD_CENTS = [0, 1, 33_33, 150_50, 4_000_00, 4_000_01, 6_000_00]
SECONDS = [1, 5, 31, 61, 200, 400, 1900, 4000, 30_000, 90_000]
WRONG_BY = [0, 0, 0, -3600, 3600, -86_400, 86_400, 300, -5]
FAULTY, AGAIN, MEANWHILE_RATE = 0.22, 0.6, 0.3
# In each of so many steps there is one payout in trouble, and one deposit that is taken back.
TROUBLE_EVERY, TAKEN_BACK_EVERY = 30, 60
SEND = "nissmart.work.send_due_payments"
# What makes a step go well.
WELL: dict[str, Any] = {"fault": None, "again": None, "meanwhile": None, "manners": 0}


def draw(seed: int, count: int) -> list[Step]:
    chance = Random(seed)
    kinds = list(ACTS)
    weights = [WEIGHTS.get(name, 1) for name in kinds]
    weights[kinds.index("work")] = PAYMENT_JOB_WEIGHT + JOB_WEIGHT
    drawn = chance.choices(kinds, weights, k=count)
    steps = [make(chance, kind, number) for number, kind in enumerate(drawn)]
    steps = [*opening(chance, count // 3), *steps][:count]
    for number in range(count // TROUBLE_EVERY):
        put_in(chance, steps, trouble(chance, f"t{number}"))
    for number in range(count // TAKEN_BACK_EVERY):
        put_in(chance, steps, taken_back(chance, f"b{number}"))
        for name, often, acts_of in RARE:
            if chance.random() < often:
                put_in(chance, steps, in_order(chance, f"{name}{number}", acts_of()))
    return steps[:count]


def put_in(chance: Random, steps: list[Step], acts: list[Step]) -> None:
    """Replace some of the steps, after the first third."""
    first = chance.randrange(len(steps) // 3, max(len(steps) - len(acts), len(steps) // 3) + 1)
    steps[first : first + len(acts)] = acts


def opening(chance: Random, count: int) -> list[Step]:
    """Money for two members, a goal, and what saves into it: without it little could happen.

    Nothing goes wrong here, since all can go wrong later.
    """
    acts: list[dict[str, Any]] = [
        {"act": "deposit", "who": 0, "cents": 4_000_00},
        {"act": "deposit", "who": 1, "cents": 2_600_00},
        {"act": "work", "job": SEND},
        {"act": "wait", "s": 5},
        {"act": "work", "job": "nissmart.work.confirm_due_arrivals"},
        {"act": "wait", "s": 5},
        {"act": "open goal", "who": 0, "target": 0},
        {"act": "save by itself", "which": 0, "percent": 0, "round": 100_00},
    ]
    made = [make(chance, str(act["act"]), -1 - number) | act for number, act in enumerate(acts)]
    return [without_nothing(step | WELL) for step in made[:count]]


def taken_back(chance: Random, key: str) -> list[Step]:
    """A deposit that staff take back: in parts, or with a claim because its member has spent it.

    What members do goes well: without the deposit there would be nothing to take.
    """
    who, to = 2 + chance.randrange(2), chance.randrange(2)
    deposit = deposit_of(who, 1_000_00)
    if chance.random() < 0.3:
        acts = [*deposit, *2 * back(0, {"days": 3, "cents": 600_00})]
    else:
        taking: Step = {"act": "work", "job": "nissmart.work.take_claims", "meanwhile": None}
        acts = [
            *deposit,
            {"act": "transfer", "who": who, "to": to, "cents": 1_000_00} | WELL,
            # The newest but one is the deposit.
            *back(1, {"days": chance.choice([2, 4])}),
            # What others send pays no claim.
            {"act": "transfer", "who": to, "to": who, "cents": 500_00} | WELL,
            # M-PESA refuses the same amount again within minutes.
            *(*deposit_of(who, 100_00), taking),
            *(*deposit_of(who, 499_00), taking),
        ]
    return in_order(chance, key, acts)


def deposit_of(who: int, cents: int) -> list[Step]:
    return [
        {"act": "deposit", "who": who, "cents": cents} | WELL,
        {"act": "work", "job": SEND} | WELL,
        {"act": "wait", "s": 31} | WELL,
    ]


def back(which: int, wanted: Step) -> list[Step]:
    """One of staff proposes to take it back, another approves, and the worker posts it."""
    return [
        {"act": "propose reversal", "which": which, "who": 0} | wanted,
        {"act": "decide reversal", "who": 1, "no": 0},
        {"act": "work", "job": "nissmart.work.post_reversals", "meanwhile": None},
    ]


def reopened() -> list[Step]:
    """A day that staff close and open again, if nothing stands against it."""
    decided: list[Step] = [
        {"act": "decide close", "who": 1},
        {"act": "work", "job": "nissmart.work.close_days", "meanwhile": None},
    ]
    return [{"act": "close day", "who": 0}, *decided, {"act": "reopen day", "who": 0}, *decided]


def spent_in_a_day() -> list[Step]:
    """More than a member may send in a day."""
    return [
        # M-PESA refuses the amount of the opening again, and so large a deposit is confirmed first.
        *deposit_of(0, 3_900_00),
        {"act": "work", "job": "nissmart.work.confirm_due_arrivals"} | WELL,
        {"act": "wait", "s": 5} | WELL,
        {"act": "transfer", "who": 0, "to": 1, "cents": 4_000_00} | WELL,
        {"act": "transfer", "who": 0, "to": 2, "cents": 2_600_00} | WELL,
    ]


def answered_late() -> list[Step]:
    """A payout that never arrives is asked about, and sent again before that answer comes."""
    work = {"act": "work", "job": SEND} | WELL
    lost, late = {"faults_of_rail": {"b2c": "drop_before"}}, {"faults_of_rail": {"status": "late"}}
    look: Step = {"act": "wait", "s": 400} | WELL
    return [
        {"act": "withdraw", "who": 0, "cents": 50_00} | WELL,
        work | lost,
        *(look, work | late),
        *(look, work),
        {"act": "wait", "s": 31} | WELL,
        work | lost,
        {"act": "wait", "s": 4000} | WELL,
        work,
        work,
    ]


# What seldom happens by itself: the beginning of its key, how often it's put into 60 steps, and
# its steps.
RARE: tuple[tuple[str, float, Callable[[], list[Step]]], ...] = (
    ("r", 0.2, reopened),
    ("d", 0.1, spent_in_a_day),
    ("l", 0.1, answered_late),
)


def in_order(chance: Random, key: str, acts: list[Step]) -> list[Step]:
    return [
        without_nothing(make(chance, str(act["act"]), 0) | {"key": f"{key}-{number}"} | act)
        for number, act in enumerate(acts)
    ]


def trouble(chance: Random, key: str) -> list[Step]:
    """A payout whose worker comes to a standstill, and those who then ask about it and send it."""
    cents = chance.choice([50_00, 99_00, 150_00, 500_00])
    sending: dict[str, Any] = {"act": "work", "job": SEND}
    acts: list[dict[str, Any]] = [
        {"act": "withdraw", "who": chance.randrange(2), "cents": cents, "fault": None},
        sending | {"meanwhile": standstill(chance)},
    ]
    for _turn in range(4):
        acts += [{"act": "wait", "s": chance.choice([5, 31, 61, 200, 400])}, sending]
    return in_order(chance, key, acts)


def standstill(chance: Random) -> Step:
    """Where a worker stops (`when`), for how long, and how many turns others have.

    A lease is 180 s.
    """
    return {
        "when": chance.choice(["claimed", "before", "after"]),
        "s": chance.choice([1, 70, 200, 400]),
        "turns": chance.choice([0, 1, 2, 3]),
        "gap": chance.choice([3, 8, 40]),
    }


def without_nothing(step: Step) -> Step:
    return {name: value for name, value in step.items() if value is not None}


def make(chance: Random, act: str, number: int) -> Step:
    step: Step = {
        "act": act,
        "key": f"k{number}",
        "who": chance.randrange(8),
        "to": chance.randrange(8),
        "which": chance.randrange(8),
        "days": chance.randrange(7),
        "no": int(chance.random() < 0.25),
        "more": chance.choice([0, 0, 0, 1_00]),
        "cents": chance.choice(ODD_CENTS if chance.random() < 0.1 else CENTS),
        "percent": chance.choice([0, 10, 33]),
        "round": chance.choice([10_00, 100_00]),
        "target": chance.choice([0, 500_00, 3_000_00]),
        "every": chance.choice(["once", "week", "month"]),
        "end": chance.choice(["day", "day", "month", "february"]),
        "s": chance.choice(WRONG_BY if act == "clock" else SECONDS),
        "draw": chance.randrange(2**31),
        # How much of what the rail does in this step it does badly.
        "manners": chance.choice([0, 0, 0.3, 0.7]),
    }
    if act == "transfer" and chance.random() < 0.5:
        step["cents"] += chance.choice([33_00, 7_50])
    if act == "work":
        is_payment = chance.random() < PAYMENT_JOB_WEIGHT / (PAYMENT_JOB_WEIGHT + JOB_WEIGHT)
        names = outside.PAYMENTS + [SEND] * 6
        step["job"] = chance.choice(names if is_payment else outside.OTHERS)
        if step["job"] == SEND and chance.random() < MEANWHILE_RATE:
            step["meanwhile"] = standstill(chance)
    if chance.random() < FAULTY:
        at = min(int(chance.expovariate(1 / 9)) + 1, 60)
        step["fault"] = {"kind": chance.choice(faults.KINDS), "at": at}
        step["again"] = chance.random() < AGAIN
    return step
