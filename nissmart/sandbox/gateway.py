"""The gateway in front of every API: checks verb, rate, token, body and faults, then calls it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nissmart.sandbox.answers import Answer, Rejection, broken, error
from nissmart.sandbox.faults import NOT_DONE, Fault, Plan
from nissmart.sandbox.simulator import Simulator
from nissmart.sandbox.wire import encode

Body = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """An HTTP request. Header names are in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Family:
    """The errors that Safaricom documents for one group of APIs."""

    invalid_token: Rejection
    wrong_verb: Rejection
    not_found: str


@dataclass(frozen=True)
class Accepted:
    """The answer, and the work to do later."""

    body: Body
    then: Callable[[], None] | None = None


@dataclass(frozen=True)
class Api:
    """One API. Faults use `name`; `keys` finds the ids in a body that a scenario may be about."""

    name: str
    path: str
    family: Family
    keys: Callable[[Simulator, Body], list[str]]
    handle: Callable[[Simulator, Body, Plan], Accepted]
    method: str = "POST"


TOKEN_404 = Rejection(404, "404.001.03", "Invalid Access Token")
TOKEN_400 = Rejection(400, "400.003.01", "Invalid Access Token")
TOKEN_401 = Rejection(401, "401.002.01", "Error Occurred - Invalid Access Token - {token}")
PULL_TOKEN_401 = Rejection(401, "401.001", "Invalid Access Token")
VERB_405 = Rejection(405, "405.001", "{method} Method Not Allowed")
VERB_404 = Rejection(404, "404.001.04", "Invalid Authentication Header")

EXPRESS = Family(TOKEN_404, VERB_405, "404.001.01")
REVERSALS = EXPRESS
PAYOUTS = Family(TOKEN_404, VERB_405, "404.002.01")
BALANCES = Family(TOKEN_401, VERB_405, "404.002.01")
QUERIES = Family(TOKEN_400, VERB_404, "404.003.01")
NOTIFICATIONS = QUERIES
PULLS = Family(PULL_TOKEN_401, VERB_404, "404.001.01")


def call(simulator: Simulator, api: Api, request: Request) -> Answer:
    """Answer one call of an API."""
    try:
        check_verb(api, request)
        check_rate(simulator)
        check_token(simulator, api.family, request)
        body = parse(request)
        plan = simulator.faults.plan(api.name, api.keys(simulator, body))
        fault = plan.answer_fault()
        if fault in NOT_DONE:
            return broken(simulator, fault, api.family.invalid_token)
        with simulator.lock:
            accepted = api.handle(simulator, body, plan)
    except Rejection as rejection:
        return error(simulator, rejection)
    follow_up(simulator, accepted, plan)
    if fault is not None:
        return broken(simulator, fault, api.family.invalid_token)
    return Answer(200, encode(accepted.body))


def follow_up(simulator: Simulator, accepted: Accepted, plan: Plan) -> None:
    if accepted.then is None:
        return
    if Fault.CALLBACK_FIRST in plan.faults:
        accepted.then()
        return
    delay_s = simulator.settle_s if plan.delay_s is None else plan.delay_s
    simulator.timeline.after(delay_s, accepted.then)


def check_verb(api: Api, request: Request) -> None:
    if request.method != api.method:
        raise api.family.wrong_verb.fill(method=request.method)


def check_rate(simulator: Simulator) -> None:
    """Spike arrest, if set: a limit on requests in one second of the virtual clock."""
    limit = simulator.faults.spike_per_s
    if not limit:
        return
    second = int(simulator.timeline.now().timestamp())
    with simulator.lock:
        simulator.requests_in[second] += 1
        count = simulator.requests_in[second]
        if len(simulator.requests_in) > 100:
            simulator.requests_in = type(simulator.requests_in)({second: count})
    if count > limit:
        raise Rejection(500, "500.003.02", "Error Occurred: Spike Arrest Violation")


def check_token(simulator: Simulator, family: Family, request: Request) -> None:
    header = request.headers.get("authorization", "")
    scheme, _, token = header.partition(" ")
    if scheme != "Bearer":
        raise Rejection(404, "404.001.04", "Invalid Authentication Header")
    now_s = simulator.timeline.now().timestamp()
    with simulator.lock:
        current = simulator.token
    if token != current.value or now_s >= current.expires_at_s:
        raise family.invalid_token.fill(token=token)


def parse(request: Request) -> Body:
    """The JSON object. As at Safaricom, any other content type makes the first field missing."""
    if "application/json" not in request.headers.get("content-type", ""):
        return {}
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Rejection(400, "400.002.05", "Invalid Request Payload") from None
    if not isinstance(body, dict):
        raise Rejection(400, "400.002.05", "Invalid Request Payload")
    return body
