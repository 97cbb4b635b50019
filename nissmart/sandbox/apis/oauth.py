"""OAuth: a new token makes the previous one invalid."""

from __future__ import annotations

from nissmart.sandbox.answers import Answer, Rejection, broken, error
from nissmart.sandbox.faults import NOT_DONE
from nissmart.sandbox.gateway import TOKEN_401, Request
from nissmart.sandbox.simulator import Simulator, Token
from nissmart.sandbox.wire import encode

PATH = "/oauth/v1/generate"
LIFETIME_S = 3600


def generate(simulator: Simulator, request: Request) -> Answer:
    header = request.headers.get("authorization", "")
    if request.method != "GET":
        return error(simulator, Rejection(405, "405.001", f"{request.method} Method Not Allowed"))
    if not header.startswith("Basic "):
        rejection = Rejection(400, "400.008.01", "Invalid authentication type passed")
        return error(simulator, rejection)
    if request.query.get("grant_type") != "client_credentials":
        return error(simulator, Rejection(400, "400.008.02", "Invalid grant type passed"))
    if not simulator.merchant.accepts_basic(header):
        return Answer(400)
    fault = simulator.faults.plan("oauth", []).answer_fault()
    if fault in NOT_DONE:
        return broken(simulator, fault, TOKEN_401)
    value = issue(simulator)
    if fault is not None:
        return broken(simulator, fault, TOKEN_401)
    lifetime_s = LIFETIME_S - 1
    expires_in = str(lifetime_s) if simulator.faults.string_expiry else lifetime_s
    return Answer(200, encode({"access_token": value, "expires_in": expires_in}))


def issue(simulator: Simulator) -> str:
    value = simulator.ids.token(simulator.ids.next())
    expires_at_s = simulator.timeline.now().timestamp() + LIFETIME_S
    with simulator.lock:
        simulator.token = Token(value, expires_at_s)
    return value
