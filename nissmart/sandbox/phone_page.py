"""A page that plays the phone: the current prompt, a form to pay, the latest messages."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from types import MappingProxyType
from urllib.parse import parse_qs

from nissmart.sandbox.answers import HTML, Answer
from nissmart.sandbox.apis import c2b, stk
from nissmart.sandbox.gateway import Request
from nissmart.sandbox.payments import B2C, REVERSAL, Payment
from nissmart.sandbox.phones import Act
from nissmart.sandbox.simulator import Simulator
from nissmart.sandbox.wire import EAT, PHONE, shillings

CSP = (
    "default-src 'none'; style-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = (("Content-Security-Policy", CSP), ("Cache-Control", "no-store"))
STYLE = b"""body { font: 1rem/1.5 system-ui, sans-serif; max-width: 26rem; margin: 1rem auto;
  padding: 0 1rem; }
.phone { border: 2px solid #333; border-radius: 1.5rem; padding: 1rem 1.5rem; }
.prompt { background: #eaf6ea; border-left: 4px solid #1a7a2e; padding: .5rem 1rem; }
button { font: inherit; min-height: 2.75rem; padding: 0 1rem; margin: .25rem .25rem .25rem 0; }
label { display: block; margin-top: .5rem; }
input { font: inherit; box-sizing: border-box; width: 100%; min-height: 2.75rem; padding: 0 .5rem; }
.error { color: #a40000; }
"""
BUTTONS = ((Act.PIN, "Enter PIN"), (Act.CANCEL, "Cancel"), (Act.IGNORE, "Ignore"))
MESSAGES = 10


def handle(simulator: Simulator, request: Request) -> Answer:
    """`/phone/`, `/phone/<number>/` and the stylesheet."""
    if request.path == "/phone/style.css":
        return Answer(200, STYLE, "text/css; charset=utf-8")
    name = request.path.removeprefix("/phone/").strip("/")
    if not name and "number" in request.query:
        return find(request.query["number"])
    if not name:
        return page("Phones", index(simulator))
    if not PHONE.fullmatch(name):
        return page("Phones", index(simulator, "No such phone number."), status=404)
    if request.method == "POST":
        return press(simulator, request, name)
    watching = "watch" in request.query
    return page(f"Phone {name}", screen(simulator, name, watching=watching), watching=watching)


def page(title: str, body: str, *, status: int = 200, watching: bool = False) -> Answer:
    # One link starts the reloading, another stops it.
    again = '<meta http-equiv="refresh" content="2">' if watching else ""
    document = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{again}<title>{escape(title)} - M-PESA sandbox</title>"
        '<link rel="stylesheet" href="/phone/style.css"></head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return Answer(status, document.encode(), HTML, HEADERS)


def redirect(to: str) -> Answer:
    return Answer(303, headers=(("Location", to), *HEADERS))


def find(number: str) -> Answer:
    """Open the phone with this number, as people write it: 0712 000 001."""
    digits = "".join(filter(str.isdigit, number))
    return redirect(f"/phone/254{digits[1:]}/" if digits.startswith("0") else f"/phone/{digits}/")


def index(simulator: Simulator, error: str = "") -> str:
    with simulator.lock:
        numbers = [payment.phone for payment in simulator.phones.waiting()]
    links = "".join(f'<li><a href="/phone/{one}/">{one}</a></li>' for one in numbers)
    waiting = f"<ul>{links}</ul>" if links else "<p>No prompt is waiting.</p>"
    return (
        f'{alert(error)}<h2>Waiting for a PIN</h2>{waiting}<form action="/phone/">'
        '<label for="number">Phone number</label>'
        '<input id="number" name="number" inputmode="tel" autocomplete="off" required>'
        "<button>Open this phone</button></form>"
    )


def alert(error: str) -> str:
    return f'<p class="error" role="alert">{escape(error)}</p>' if error else ""


def screen(
    simulator: Simulator,
    number: str,
    *,
    watching: bool,
    error: str = "",
    typed: Mapping[str, str] = MappingProxyType({}),
) -> str:
    with simulator.lock:
        phone = simulator.phones.get(number)
        prompt = None if phone.is_ignored else phone.prompt
        messages = latest(simulator, number)
    shown = prompt_form(simulator, prompt) if prompt else "<p>No prompt on this phone.</p>"
    link = (
        f'<a href="/phone/{number}/">Stop watching</a>'
        if watching
        else f'<a href="/phone/{number}/">Look again</a> or '
        f'<a href="/phone/{number}/?watch=1">keep watching</a>'
    )
    # No form while the page reloads by itself, because someone could be filling it in.
    menu = "" if watching else pay_form(simulator, typed)
    return (
        f'{alert(error)}<div class="phone">{shown}<p>{link}</p>{menu}</div>'
        f'<h2>Messages</h2>{messages}<p><a href="/phone/">All phones</a></p>'
    )


def prompt_form(simulator: Simulator, payment: Payment) -> str:
    buttons = "".join(
        f'<button name="action" value="{act}">{words}</button>' for act, words in BUTTONS
    )
    return (
        f'<form method="post" class="prompt"><p>Do you want to pay Ksh {payment.amount:,} to '
        f"{escape(simulator.merchant.name)}, account no. {escape(payment.reference)}?</p>"
        f'<input type="hidden" name="prompt" value="{escape(payment.conversation_id)}">'
        f"<p>{buttons}</p></form>"
    )


def pay_form(simulator: Simulator, typed: Mapping[str, str]) -> str:
    account, amount = escape(typed.get("account", "")), escape(typed.get("amount", ""))
    return (
        f'<form method="post"><h2>Lipa na M-PESA: pay bill {simulator.merchant.shortcode}</h2>'
        '<label for="account">Account number</label><input id="account" name="account" '
        f'value="{account}" required><label for="amount">Amount in shillings</label>'
        f'<input id="amount" name="amount" inputmode="numeric" value="{amount}" required>'
        '<button name="action" value="pay">Pay</button></form>'
    )


def latest(simulator: Simulator, number: str) -> str:
    found = [one for one in simulator.book.payments if one.phone == number and one.ended_at]
    found.sort(key=lambda payment: payment.ended_at or payment.asked_at, reverse=True)
    lines = "".join(f"<li>{message(simulator, one)}</li>" for one in found[:MESSAGES])
    return f"<ul>{lines}</ul>" if lines else "<p>No messages yet.</p>"


def message(simulator: Simulator, payment: Payment) -> str:
    at = (payment.ended_at or payment.asked_at).astimezone(EAT).strftime("%d/%m/%Y at %H:%M")
    amount, name = f"Ksh{payment.amount:,}.00", escape(simulator.merchant.name)
    if not payment.is_paid:
        return f"Failed. {amount} wasn't moved, on {at} (result {escape(payment.code)})."
    verb = f"received from {name}" if payment.kind in (B2C, REVERSAL) else f"sent to {name}"
    account = "" if payment.kind in (B2C, REVERSAL) else f" for account {escape(payment.reference)}"
    return f"{payment.receipt} Confirmed. {amount} {verb}{account} on {at}."


def press(simulator: Simulator, request: Request, number: str) -> Answer:
    """Handle a button. A button of an old prompt does nothing to the next prompt."""
    form = {
        name: values[0]
        for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()
    }
    if form.get("action") == "pay":
        return pay(simulator, number, form)
    try:
        act = Act(form.get("action", ""))
    except ValueError:
        return page(f"Phone {number}", screen(simulator, number, watching=False), status=400)
    with simulator.lock:
        prompt = simulator.phones.get(number).prompt
    if prompt and prompt.conversation_id == form.get("prompt"):
        stk.act_on_prompt(simulator, number, act)
    return redirect(f"/phone/{number}/")


def pay(simulator: Simulator, number: str, form: dict[str, str]) -> Answer:
    amount, account = shillings(form.get("amount")), form.get("account", "").strip()[:20]
    if amount is None or not account:
        error = "Enter an account number and an amount in whole shillings."
        body = screen(simulator, number, watching=False, error=error, typed=form)
        return page(f"Phone {number}", body, status=422)
    c2b.pay(simulator, number, amount, account)
    return redirect(f"/phone/{number}/")
