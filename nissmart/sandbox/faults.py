"""What goes wrong: by scenario for a phone number or an id, or at random from a seed."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    # Instead of an answer; nothing happened.
    DROP_BEFORE = "drop_before"
    UNAVAILABLE = "unavailable"
    HTML = "html"
    SOAP = "soap"
    EMPTY = "empty"
    SPIKE = "spike"
    BUSY = "busy"
    QUOTA = "quota"
    MAINTENANCE = "maintenance"
    INVALID_TOKEN = "invalid_token"
    # Instead of an answer, but the request was accepted.
    DROP_AFTER = "drop_after"
    ERROR_AFTER = "error_after"
    HTML_AFTER = "html_after"
    # Between acceptance and result.
    CALLBACK_FIRST = "callback_first"
    TIMEOUT_ECHO = "timeout_echo"
    TIMEOUT_RESULT = "timeout_result"
    # In the callback.
    NO_CALLBACK = "no_callback"
    DUPLICATE = "duplicate"
    LATE = "late"
    REORDER = "reorder"
    CONTRADICT = "contradict"
    CONTRADICT_FIRST = "contradict_first"
    WRONG_AMOUNT = "wrong_amount"
    FORGED = "forged"
    STRING_CODES = "string_codes"
    # In the STK query.
    QUERY_WRONG = "query_wrong"
    QUERY_PENDING = "query_pending"


F = Fault
NOT_DONE = frozenset({F.DROP_BEFORE, F.UNAVAILABLE, F.HTML, F.SOAP, F.EMPTY, F.SPIKE, F.BUSY})
NOT_DONE |= {F.QUOTA, F.MAINTENANCE, F.INVALID_TOKEN}
DONE_ALL_THE_SAME = frozenset({F.DROP_AFTER, F.ERROR_AFTER, F.HTML_AFTER})
ANSWER = NOT_DONE | DONE_ALL_THE_SAME
TIMEOUTS = frozenset({F.TIMEOUT_ECHO, F.TIMEOUT_RESULT})
DELIVERY = frozenset({F.NO_CALLBACK, F.DUPLICATE, F.LATE, F.REORDER})
LIES = frozenset({F.CONTRADICT, F.CONTRADICT_FIRST, F.WRONG_AMOUNT, F.FORGED})
REPLY = DELIVERY | TIMEOUTS | {F.CALLBACK_FIRST, F.STRING_CODES}

# The faults that each API can have. `c2b` is the notification, which answers no request.
APPLIES: dict[str, frozenset[Fault]] = {
    "oauth": ANSWER,
    "stk": ANSWER | DELIVERY | LIES | {F.CALLBACK_FIRST, F.STRING_CODES},
    "stk_query": ANSWER | {F.QUERY_WRONG, F.QUERY_PENDING},
    "b2c": ANSWER | REPLY | LIES,
    "status": ANSWER | REPLY,
    "balance": ANSWER | REPLY,
    "reversal": ANSWER | REPLY,
    "c2b": DELIVERY | {F.WRONG_AMOUNT},
    "c2b_register": ANSWER,
    "c2b_simulate": ANSWER,
    "pull": ANSWER,
}
# The APIs whose result or delay a scenario can set.
RESULTS = ("stk", "b2c", "status", "balance", "reversal")
# Random faults are only those after which a status query still tells the truth.
RANDOM = (
    F.DROP_BEFORE,
    F.UNAVAILABLE,
    F.DROP_AFTER,
    F.ERROR_AFTER,
    F.CALLBACK_FIRST,
    F.NO_CALLBACK,
    F.DUPLICATE,
    F.LATE,
    F.REORDER,
    F.CONTRADICT,
    F.TIMEOUT_ECHO,
    F.TIMEOUT_RESULT,
)
RANDOM_APIS = ("stk", "stk_query", "b2c", "status", "balance", "reversal", "c2b")


@dataclass(frozen=True)
class Plan:
    """What happens to one request: its faults, its result, and the delay of that."""

    faults: frozenset[Fault] = frozenset()
    result: str | None = None
    delay_s: float | None = None

    def answer_fault(self) -> Fault | None:
        """The fault that replaces the answer, if there is one."""
        return next(iter(sorted(self.faults & ANSWER)), None)


@dataclass
class Scenario:
    """A plan for the next `times` requests about a phone number or an id; 0 for all of them."""

    key: str
    plan: Plan
    api: str = ""
    times: int = 1

    def fits(self, api: str) -> bool:
        """Does the scenario apply to this API?"""
        if self.api not in ("", api):
            return False
        if self.plan.result is not None or self.plan.delay_s is not None:
            return api in RESULTS
        return bool(self.plan.faults & APPLIES[api])


@dataclass
class Faults:
    seed: int = 0
    rate: float = 0.0
    kinds: tuple[Fault, ...] = RANDOM
    apis: tuple[str, ...] = RANDOM_APIS
    spike_per_s: int = 0
    string_expiry: bool = False
    scenarios: list[Scenario] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._drawn: Counter[str] = Counter()

    def restart(self) -> None:
        """Start over, so the same seed and requests give the same faults again."""
        with self._lock:
            self._drawn.clear()

    def plan(self, api: str, keys: Iterable[str]) -> Plan:
        """The plan for one request. `keys` are its ids and phone number, most specific first."""
        names = [key for key in keys if key]
        with self._lock:
            scenario = self._take_scenario(api, names)
            if scenario is not None:
                return scenario
            subject = names[0] if names else ""
            self._drawn[f"{api}:{subject}"] += 1
            times_drawn = self._drawn[f"{api}:{subject}"]
        return self._draw(api, subject, times_drawn)

    def _take_scenario(self, api: str, names: list[str]) -> Plan | None:
        for name in (*names, "*"):
            for scenario in self.scenarios:
                if scenario.key == name and scenario.fits(api):
                    return self._use(scenario, api)
        return None

    def _use(self, scenario: Scenario, api: str) -> Plan:
        if scenario.times == 1:
            self.scenarios.remove(scenario)
        elif scenario.times > 1:
            scenario.times -= 1
        plan = scenario.plan
        return Plan(plan.faults & APPLIES[api], plan.result, plan.delay_s)

    def _draw(self, api: str, subject: str, times_drawn: int) -> Plan:
        """Draw from the seed and the subject. Threads would race for a shared sequence."""
        kinds = [kind for kind in self.kinds if kind in APPLIES[api]]
        if not self.rate or api not in self.apis or not kinds:
            return Plan()
        chance = random.Random(f"{self.seed}:{api}:{subject}:{times_drawn}")
        if chance.random() >= self.rate:
            return Plan()
        return Plan(frozenset({chance.choice(kinds)}))
