"""Which part answers which URL."""

from __future__ import annotations

from nissmart.sandbox import control, gateway, phone_page
from nissmart.sandbox.answers import HTML, Answer, Rejection, error
from nissmart.sandbox.apis import b2c, balance, c2b, oauth, pull, reversal, status, stk, stk_query
from nissmart.sandbox.gateway import Api, Request
from nissmart.sandbox.simulator import Simulator

APIS: dict[str, Api] = {
    api.path: api
    for api in (
        stk.API,
        stk_query.API,
        *b2c.APIS,
        *c2b.APIS,
        status.API,
        balance.API,
        reversal.API,
        *pull.APIS,
    )
}
# An unknown URL gets the not-found error of the APIs that it resembles.
NOT_FOUND = {api.path.split("/")[2]: api.family.not_found for api in APIS.values()}

INDEX = b"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>M-PESA sandbox</title>
<link rel="stylesheet" href="/phone/style.css"></head><body><main><h1>M-PESA sandbox</h1><ul>
<li><a href="/phone/">Phones</a></li><li><a href="/_sim/book">Book</a></li>
<li><a href="/_sim/payments">Payments</a></li><li><a href="/_sim/callbacks">Callbacks</a></li>
<li><a href="/_sim/statement.csv">Statement</a></li></ul></main></body></html>
"""


def respond(simulator: Simulator, request: Request) -> Answer:
    path = request.path
    if path in APIS:
        return gateway.call(simulator, APIS[path], request)
    if path == oauth.PATH:
        return oauth.generate(simulator, request)
    if path == "/":
        return Answer(200, INDEX, HTML, phone_page.HEADERS)
    is_page = path.startswith("/phone/")
    if is_page or path.startswith("/_sim/"):
        if is_from_elsewhere(request):
            return Answer(403, b'{"error": "Another site sent this."}')
        handle = phone_page.handle if is_page else control.handle
        return handle(simulator, request)
    parts = path.split("/")
    code = NOT_FOUND.get(parts[2] if len(parts) > 2 else "", "404.001.01")
    return error(simulator, Rejection(404, code, "Resource not found"))


def is_from_elsewhere(request: Request) -> bool:
    """Does another site send this? Browsers say so in a header; programs don't send it."""
    site = request.headers.get("sec-fetch-site", "none")
    return request.method != "GET" and site not in ("none", "same-origin")
