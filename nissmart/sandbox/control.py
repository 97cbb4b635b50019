"""The controls under /_sim/, for tests and people. The real Daraja has none of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

from nissmart.sandbox import statement
from nissmart.sandbox.answers import Answer
from nissmart.sandbox.apis import c2b, stk
from nissmart.sandbox.book import BankTransfer
from nissmart.sandbox.faults import APPLIES, Fault, Plan, Scenario
from nissmart.sandbox.gateway import Body, Request
from nissmart.sandbox.merchant import CHARGES, UTILITY, WORKING
from nissmart.sandbox.payments import Payment
from nissmart.sandbox.phones import Act
from nissmart.sandbox.simulator import Simulator
from nissmart.sandbox.wire import EAT, PHONE, shillings, text

ACCOUNTS = {"utility": UTILITY, "working": WORKING, "charges": CHARGES}
FAULT_FIELDS = {"seed", "rate", "kinds", "apis", "spike_per_s", "string_expiry"}
ORGANISATION_FIELDS = {*ACCOUNTS, "shortcode", "unlock", "forget_urls", "validation_timeout_s"}
SCENARIO_FIELDS = {"phone", "id", "api", "result", "faults", "delay_s", "times"}

Control = Callable[[Simulator, Request], Answer]


class Mistake(Exception):
    """A control was called wrongly."""


def reply(body: Any) -> Answer:
    return Answer(200, json.dumps(body).encode())


def fields_of(request: Request, allowed: set[str]) -> Body:
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        raise Mistake("The body isn't JSON.") from None
    if not isinstance(body, dict):
        raise Mistake("The body isn't a JSON object.")
    if unknown := set(body) - allowed:
        raise Mistake(f"Unknown fields: {', '.join(sorted(unknown))}.")
    return body


def book(simulator: Simulator, request: Request) -> Answer:
    """Every executed payment, in the order in which they ended."""
    with simulator.lock:
        paid = sorted(
            simulator.book.paid(), key=lambda payment: payment.ended_at or payment.asked_at
        )
        return reply([describe(payment) for payment in paid])


def describe(payment: Payment) -> Body:
    at = payment.ended_at or payment.asked_at
    return {
        "kind": payment.kind,
        "reference": payment.reference,
        "receipt": payment.receipt,
        "phone": payment.phone,
        "amount": payment.amount,
        "charge": payment.charge,
        "request_id": payment.request_id,
        "conversation_id": payment.conversation_id,
        "at": at.astimezone(EAT).isoformat(),
    }


def payments(simulator: Simulator, request: Request) -> Answer:
    """Every requested payment, whatever its state."""
    with simulator.lock:
        everything = simulator.book.payments
        states = [describe(one) | {"state": one.state, "code": one.code} for one in everything]
    return reply(states)


def callbacks(simulator: Simulator, request: Request) -> Answer:
    """The latest attempts to deliver a callback, oldest first."""
    deliveries = list(simulator.courier.deliveries)
    rows = [
        {
            "at": one.at.isoformat(),
            "url": one.url,
            "body": one.body,
            "attempt": one.attempt,
            "status": one.status,
        }
        for one in deliveries
    ]
    return reply(rows)


def act(simulator: Simulator, request: Request) -> Answer:
    """Set what a phone does with its current prompt, or with the next one."""
    number = phone_in(request)
    chosen = act_in(fields_of(request, {"action"}))
    return reply({"had_prompt": stk.act_on_prompt(simulator, number, chosen)})


def act_by_default(simulator: Simulator, request: Request) -> Answer:
    """Set what every phone does with a prompt from now on."""
    chosen = act_in(fields_of(request, {"action"}))
    with simulator.lock:
        simulator.phones.default = chosen
    return reply({"action": chosen})


def act_in(body: Body) -> Act:
    try:
        return Act(text(body.get("action")))
    except ValueError:
        raise Mistake(f"action must be one of {', '.join(Act)}.") from None


def pay(simulator: Simulator, request: Request) -> Answer:
    """The phone's owner pays to the paybill."""
    number = phone_in(request)
    body = fields_of(request, {"account", "amount"})
    amount = shillings(body.get("amount"))
    if amount is None:
        raise Mistake("amount must be a whole number above zero.")
    payment = c2b.pay(simulator, number, amount, text(body.get("account")))
    return reply({"receipt": payment.receipt})


def phone_in(request: Request) -> str:
    number = request.path.split("/")[3]
    if not PHONE.fullmatch(number):
        raise Mistake("A phone number is 2547 or 2541 and eight digits.")
    return number


def set_faults(simulator: Simulator, request: Request) -> Answer:
    """Set random faults. Fields that the body leaves out, and scenarios, stay as they are."""
    body = fields_of(request, FAULT_FIELDS)
    faults = simulator.faults
    rate = body.get("rate", faults.rate)
    if not isinstance(rate, int | float) or not 0 <= rate <= 1:
        raise Mistake("rate must be between 0 and 1.")
    kinds = faults_in(body, "kinds") if "kinds" in body else faults.kinds
    apis = body.get("apis", list(faults.apis))
    if not isinstance(apis, list) or not set(apis) <= set(APPLIES):
        raise Mistake(f"apis must be among {', '.join(APPLIES)}.")
    with simulator.lock:
        faults.seed, faults.rate = body.get("seed", faults.seed), rate
        faults.kinds, faults.apis = kinds, tuple(apis)
        faults.spike_per_s = int(body.get("spike_per_s", faults.spike_per_s))
        faults.string_expiry = bool(body.get("string_expiry", faults.string_expiry))
        faults.restart()
    return reply({"seed": faults.seed, "rate": faults.rate, "kinds": kinds, "apis": apis})


def faults_in(body: Body, field: str) -> tuple[Fault, ...]:
    try:
        return tuple(Fault(name) for name in body.get(field, []))
    except (ValueError, TypeError):
        raise Mistake(f"{field} must be among {', '.join(Fault)}.") from None


def add_scenario(simulator: Simulator, request: Request) -> Answer:
    """Set what happens to the next requests about one phone number, id or account number."""
    body = fields_of(request, SCENARIO_FIELDS)
    api = body.get("api", "")
    if api and api not in APPLIES:
        raise Mistake(f"api must be one of {', '.join(APPLIES)}.")
    result = text(body["result"]) if "result" in body else None
    plan = Plan(frozenset(faults_in(body, "faults")), result, body.get("delay_s"))
    key = text(body.get("id")) or text(body.get("phone")) or "*"
    with simulator.lock:
        simulator.faults.scenarios.append(Scenario(key, plan, api, int(body.get("times", 1))))
    return reply({"scenarios": len(simulator.faults.scenarios)})


def clear_scenarios(simulator: Simulator, request: Request) -> Answer:
    with simulator.lock:
        simulator.faults.scenarios.clear()
    return reply({"scenarios": 0})


def show_clock(simulator: Simulator, request: Request) -> Answer:
    return reply(simulator.timeline.state())


def set_clock(simulator: Simulator, request: Request) -> Answer:
    """Freeze or start the clock, and advance it through all due work."""
    body = fields_of(request, {"advance_s", "frozen", "timeout_s"})
    if "frozen" in body:
        simulator.timeline.set_frozen(bool(body["frozen"]))
    done = True
    if "advance_s" in body:
        seconds, timeout_s = float(body["advance_s"]), float(body.get("timeout_s", 30))
        done = simulator.timeline.advance(seconds, timeout_s=timeout_s)
    return reply(simulator.timeline.state() | {"done": done})


def set_organisation(simulator: Simulator, request: Request) -> Answer:
    """Set accounts to these balances, unlock the initiator, forget the C2B URLs."""
    body = fields_of(request, ORGANISATION_FIELDS)
    shortcode = text(body.get("shortcode")) or simulator.merchant.b2c_shortcode
    with simulator.lock:
        for name in ACCOUNTS.keys() & body.keys():
            adjust(simulator, shortcode, ACCOUNTS[name], int(body[name]))
        if body.get("unlock"):
            simulator.initiator.wrong_attempts = 0
        if "validation_timeout_s" in body:
            simulator.validation_timeout_s = float(body["validation_timeout_s"])
        if body.get("forget_urls"):
            simulator.urls.clear()
        held = {name: simulator.book.balance(shortcode, ACCOUNTS[name]) for name in ACCOUNTS}
    return reply(held)


def adjust(simulator: Simulator, shortcode: str, account: str, balance: int) -> None:
    difference = balance - simulator.book.balance(shortcode, account)
    if difference:
        now, serial = simulator.timeline.now(), simulator.ids.next()
        receipt = simulator.ids.receipt(serial, now)
        transfer = BankTransfer(serial, shortcode, account, difference, receipt, now)
        simulator.book.move(transfer)


def export_statement(simulator: Simulator, request: Request) -> Answer:
    query = request.query
    account = query.get("account", "utility")
    if account not in ACCOUNTS:
        raise Mistake(f"account must be one of {', '.join(ACCOUNTS)}.")
    try:
        start, end = (
            date.fromisoformat(query[one]) if one in query else None for one in ("from", "to")
        )
    except ValueError:
        raise Mistake("from and to must be dates like 2026-10-31.") from None
    shortcode = query.get("shortcode", simulator.merchant.shortcode)
    with simulator.lock:
        content = statement.write(simulator.book, shortcode, ACCOUNTS[account], start, end)
    headers = (("Content-Disposition", 'attachment; filename="statement.csv"'),)
    return Answer(200, content, "text/csv; charset=utf-8", headers)


CONTROLS: dict[tuple[str, str], Control] = {
    ("GET", "book"): book,
    ("GET", "payments"): payments,
    ("GET", "callbacks"): callbacks,
    ("GET", "statement.csv"): export_statement,
    ("GET", "clock"): show_clock,
    ("POST", "clock"): set_clock,
    ("POST", "faults"): set_faults,
    ("POST", "scenario"): add_scenario,
    ("DELETE", "scenario"): clear_scenarios,
    ("POST", "organisation"): set_organisation,
    ("POST", "phones"): act_by_default,
    ("POST", "phones/*"): act,
    ("POST", "phones/*/pay"): pay,
}


def handle(simulator: Simulator, request: Request) -> Answer:
    parts = request.path.removeprefix("/_sim/").rstrip("/").split("/")
    if len(parts) > 1:
        parts[1] = "*"
    control = CONTROLS.get((request.method, "/".join(parts)))
    if control is None:
        return Answer(404, b'{"error": "No such control."}')
    try:
        return control(simulator, request)
    except Mistake as mistake:
        return Answer(400, json.dumps({"error": str(mistake)}).encode())
    except (ValueError, TypeError):
        return Answer(400, b'{"error": "A field has a value of the wrong type."}')
