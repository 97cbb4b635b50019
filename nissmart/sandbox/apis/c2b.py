"""C2B: a customer's payment to the paybill, and its notifications.

STK payments are notified here too, if URLs are registered.
"""

from __future__ import annotations

import hashlib
import json
from functools import partial

from nissmart.sandbox import fields, gateway, results
from nissmart.sandbox.answers import Rejection
from nissmart.sandbox.callbacks import Callback, arrange
from nissmart.sandbox.faults import Fault, Plan
from nissmart.sandbox.gateway import Accepted, Api, Body
from nissmart.sandbox.merchant import UTILITY
from nissmart.sandbox.payments import C2B, Payment
from nissmart.sandbox.simulator import Simulator, Urls
from nissmart.sandbox.wire import encode, mask, stamp, text

COMPLETED, CANCELLED = "Completed", "Cancelled"
COMMANDS = ("CustomerPayBillOnline", "CustomerBuyGoodsOnline")
ACCEPTED = "Accept the service request successfully."
REGISTERED = Rejection(500, "500.003.1001", "Urls are already registered.")
NO_MERCHANT = Rejection(500, "500.001.1001", "Merchant does not exist")


def register(simulator: Simulator, body: Body, plan: Plan, *, version: str) -> Accepted:
    """Register a shortcode's URLs: once, as in production."""
    shortcode = own_shortcode(simulator, body)
    default = fields.one_of(body, "ResponseType", (COMPLETED, CANCELLED))
    confirmation = fields.url(body, "ConfirmationURL")
    validation = fields.url(body, "ValidationURL") if text(body.get("ValidationURL")) else ""
    if shortcode in simulator.urls:
        raise REGISTERED.fill()
    urls = Urls(version, confirmation, validation, default_is_accept=default == COMPLETED)
    simulator.urls[shortcode] = urls
    return Accepted(acceptance(simulator, "success"))


def own_shortcode(simulator: Simulator, body: Body) -> str:
    shortcode = fields.shortcode(body, "ShortCode")
    if shortcode != simulator.merchant.shortcode:
        raise NO_MERCHANT.fill()
    return shortcode


def acceptance(simulator: Simulator, words: str) -> Body:
    """The misspelt field comes from Safaricom."""
    return {
        "OriginatorCoversationID": simulator.ids.merchant_request(simulator.ids.next()),
        "ResponseCode": "0",
        "ResponseDescription": words,
    }


def simulate(simulator: Simulator, body: Body, plan: Plan) -> Accepted:
    own_shortcode(simulator, body)
    command = fields.one_of(body, "CommandID", COMMANDS)
    amount = fields.amount(body)
    phone = fields.phone(body, "Msisdn")
    is_paybill = command == COMMANDS[0]
    reference = fields.required(body, "BillRefNumber") if is_paybill else ""
    payment = begin(simulator, phone, amount, reference)
    return Accepted(acceptance(simulator, ACCEPTED), partial(complete, simulator, payment))


def pay(simulator: Simulator, phone: str, amount: int, reference: str) -> Payment:
    """A customer pays from the menu on their phone."""
    with simulator.lock:
        payment = begin(simulator, phone, amount, reference)
    simulator.timeline.after(simulator.settle_s, partial(complete, simulator, payment))
    return payment


def begin(simulator: Simulator, phone: str, amount: int, reference: str) -> Payment:
    now, serial = simulator.timeline.now(), simulator.ids.next()
    payment = Payment(
        serial=serial,
        kind=C2B,
        shortcode=simulator.merchant.shortcode,
        phone=phone,
        name=simulator.ids.name(phone),
        amount=amount,
        reference=reference,
        request_id=simulator.ids.merchant_request(serial),
        conversation_id=simulator.ids.conversation(serial, now),
        receipt=simulator.ids.receipt(serial, now),
        asked_at=now,
    )
    simulator.book.accept(payment)
    return payment


def complete(simulator: Simulator, payment: Payment) -> None:
    """Ask the merchant, if validation is on; then take the money and notify."""
    refusal, third_party_id = validate(simulator, payment)
    with simulator.lock:
        code = refusal or results.SUCCESS
        simulator.book.end(payment, code, simulator.timeline.now())
    if payment.is_paid:
        confirm(simulator, payment, third_party_id)


def validate(simulator: Simulator, payment: Payment) -> tuple[str, str]:
    """The merchant's refusal code or "", and its ThirdPartyTransID."""
    urls = simulator.urls.get(payment.shortcode)
    if urls is None or not urls.validation or not simulator.merchant.validation:
        return "", ""
    with simulator.lock:
        body = encode(notification(simulator, payment, payment.amount, balance=""))
    deadline_s = simulator.validation_timeout_s
    status, raw = simulator.courier.post(Callback(urls.validation, body), timeout_s=deadline_s)
    try:
        answer = json.loads(raw)
        code = str(answer["ResultCode"])
    except (ValueError, KeyError, TypeError):
        status = 0
    if status != 200:
        return ("" if urls.default_is_accept else results.REJECTED_BY_ORGANISATION), ""
    third_party_id = answer.get("ThirdPartyTransID")
    return ("" if code == results.SUCCESS else code), text(third_party_id)


def confirm(simulator: Simulator, payment: Payment, third_party_id: str = "") -> None:
    urls = simulator.urls.get(payment.shortcode)
    if urls is None:
        return
    plan = simulator.faults.plan("c2b", [payment.phone, payment.reference])
    amount = payment.amount + (Fault.WRONG_AMOUNT in plan.faults)
    with simulator.lock:
        balance = f"{simulator.book.balance(payment.shortcode, UTILITY)}.00"
        body = notification(simulator, payment, amount, balance, third_party_id)
    simulator.courier.send(arrange(urls.confirmation, encode(body), plan.faults))


def notification(
    simulator: Simulator, payment: Payment, amount: int, balance: str, third_party_id: str = ""
) -> Body:
    """Version 1 hashes the phone number and version 2 masks it, so neither reveals the payer."""
    urls = simulator.urls[payment.shortcode]
    hashed = hashlib.sha256(payment.phone.encode()).hexdigest()
    return {
        "TransactionType": "Pay Bill" if payment.reference else "Buy Goods",
        "TransID": payment.receipt,
        "TransTime": stamp(payment.ended_at or simulator.timeline.now()),
        "TransAmount": f"{amount}.00",
        "BusinessShortCode": payment.shortcode,
        "BillRefNumber": payment.reference,
        "InvoiceNumber": "",
        "OrgAccountBalance": balance,
        "ThirdPartyTransID": third_party_id,
        "MSISDN": hashed if urls.version == "v1" else mask(payment.phone),
        "FirstName": payment.name.split()[0],
        "MiddleName": "",
        "LastName": "",
    }


def register_keys(simulator: Simulator, body: Body) -> list[str]:
    return [text(body.get("ShortCode"))]


def simulate_keys(simulator: Simulator, body: Body) -> list[str]:
    return [text(body.get("Msisdn")), text(body.get("BillRefNumber"))]


def apis(version: str) -> tuple[Api, ...]:
    base = f"/mpesa/c2b/{version}"
    family, enroll = gateway.NOTIFICATIONS, partial(register, version=version)
    return (
        Api("c2b_register", f"{base}/registerurl", family, register_keys, enroll),
        Api("c2b_simulate", f"{base}/simulate", family, simulate_keys, simulate),
    )


APIS = apis("v1") + apis("v2")
