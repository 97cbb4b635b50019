"""Account balance: one string with all accounts. Only this API has result codes as strings."""

from __future__ import annotations

from functools import partial

from nissmart.sandbox import fields, gateway, results
from nissmart.sandbox.apis.errands import (
    Errand,
    Outcome,
    accept,
    begin,
    initiator_refusal,
    item,
    result,
    with_string_codes,
)
from nissmart.sandbox.faults import Plan
from nissmart.sandbox.gateway import Accepted, Api, Body
from nissmart.sandbox.merchant import CHARGES, UTILITY, WORKING
from nissmart.sandbox.simulator import Simulator
from nissmart.sandbox.wire import stamp, text

QUEUE = "abresults"
ACCOUNTS = (WORKING, "Float Account", UTILITY, CHARGES, "Organization Settlement Account")


def ask(simulator: Simulator, body: Body, plan: Plan) -> Accepted:
    fields.required(body, "Initiator")
    fields.required(body, "SecurityCredential")
    fields.one_of(body, "CommandID", ("AccountBalance",))
    fields.shortcode(body, "PartyA")
    fields.one_of(body, "IdentifierType", ("4",))
    fields.plain(body, "Remarks", most=100)
    errand = begin(simulator, body, plan.faults)
    return accept(simulator, errand, partial(look, simulator, errand, plan.result))


def look(simulator: Simulator, errand: Errand, forced: str | None) -> Outcome:
    shortcode = text(errand.echo["PartyA"])
    code = forced or initiator_refusal(simulator, errand.echo, "Initiator")
    if not code and shortcode not in simulator.merchant.shortcodes():
        code = results.NOT_PERMITTED
    code = code or results.SUCCESS
    now, serial = simulator.timeline.now(), simulator.ids.next()
    receipt = simulator.ids.receipt(serial, now)[:2] + "00000000"
    parameters, words = None, ""
    if code == results.SUCCESS:
        words = results.DONE.rstrip(".")
        parameters = [
            item("AccountBalance", balances(simulator, shortcode)),
            item("BOCompletedTime", stamp(now)),
        ]
    body = result(errand, code, receipt=receipt, queue=QUEUE, words=words, parameters=parameters)
    return Outcome(with_string_codes(body))


def balances(simulator: Simulator, shortcode: str) -> str:
    """Working Account|KES|700000.00|700000.00|0.00|0.00&...: available, then booked."""
    amounts = ((name, simulator.book.balance(shortcode, name)) for name in ACCOUNTS)
    return "&".join(f"{name}|KES|{held}.00|{held}.00|0.00|0.00" for name, held in amounts)


def keys(simulator: Simulator, body: Body) -> list[str]:
    return [text(body.get("PartyA"))]


API = Api("balance", "/mpesa/accountbalance/v1/query", gateway.BALANCES, keys, ask)
