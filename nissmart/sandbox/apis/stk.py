"""STK push: a prompt on the customer's phone, then a callback with the result."""

from __future__ import annotations

import hmac
from functools import partial

from nissmart.sandbox import fields, gateway, results
from nissmart.sandbox.answers import Rejection
from nissmart.sandbox.apis import c2b
from nissmart.sandbox.callbacks import arrange
from nissmart.sandbox.faults import Fault, Plan
from nissmart.sandbox.gateway import Accepted, Api, Body
from nissmart.sandbox.payments import PENDING, STK, Payment
from nissmart.sandbox.phones import OUTCOMES, PROMPT_LASTS_S, Act
from nissmart.sandbox.simulator import Simulator
from nissmart.sandbox.wire import code, encode, stamp, text, two_places

PAYBILL, TILL = "CustomerPayBillOnline", "CustomerBuyGoodsOnline"
ACCEPTED = "Success. Request accepted for processing"

NO_MERCHANT = Rejection(500, "500.001.1001", "Merchant does not exist")
WRONG_PASSWORD = Rejection(500, "500.001.1001", "[MerchantValidate] - Wrong credentials")
BUSY_PHONE = Rejection(
    500,
    "500.001.1001",
    "Unable to lock subscriber, a transaction is already in process for the current subscriber",
)


def check_merchant(simulator: Simulator, body: Body) -> None:
    """Check the shortcode, then the password, which depends on shortcode and timestamp."""
    if fields.shortcode(body, "BusinessShortCode") != simulator.merchant.shortcode:
        raise NO_MERCHANT.fill()
    timestamp = text(body.get("Timestamp"))
    expected = simulator.merchant.password(timestamp)
    given = text(body.get("Password")).encode()
    is_time = len(timestamp) == 14 and timestamp.isdigit()
    if not is_time or not hmac.compare_digest(given, expected.encode()):
        raise WRONG_PASSWORD.fill()


def push(simulator: Simulator, body: Body, plan: Plan) -> Accepted:
    check_merchant(simulator, body)
    kind = fields.one_of(body, "TransactionType", (PAYBILL, TILL))
    amount = fields.amount(body)
    fields.phone(body, "PartyA")
    party_b = fields.shortcode(body, "PartyB")
    phone = fields.phone(body, "PhoneNumber")
    url = fields.url(body, "CallBackURL")
    reference = fields.plain(body, "AccountReference", most=12)
    fields.plain(body, "TransactionDesc", least=0, most=13)
    if simulator.phones.is_busy(phone):
        raise BUSY_PHONE.fill()

    ids, now, serial = simulator.ids, simulator.timeline.now(), simulator.ids.next()
    is_paybill = party_b == simulator.merchant.shortcode
    payment = Payment(
        serial=serial,
        kind=STK,
        shortcode=simulator.merchant.shortcode,
        phone=phone,
        name=ids.name(phone),
        amount=amount,
        reference=reference,
        request_id=ids.merchant_request(serial),
        conversation_id=ids.checkout(serial, now, phone),
        receipt=ids.receipt(serial, now),
        asked_at=now,
        result_url=url,
        faults=tuple(sorted(plan.faults)),
        result=plan.result if is_paybill == (kind == PAYBILL) else results.UNKNOWN_OPERATOR,
    )
    simulator.book.accept(payment)
    simulator.phones.show(payment)
    return Accepted(acceptance(payment), partial(ring, simulator, payment))


def acceptance(payment: Payment) -> Body:
    return {
        "MerchantRequestID": payment.request_id,
        "CheckoutRequestID": payment.conversation_id,
        "ResponseCode": "0",
        "ResponseDescription": ACCEPTED,
        "CustomerMessage": ACCEPTED,
    }


def ring(simulator: Simulator, payment: Payment) -> None:
    """The prompt is on the phone: do what the scenario or the phone says, or wait for a person."""
    with simulator.lock:
        if payment.state != PENDING:
            return
        act = Act.ASK if payment.result else simulator.phones.next_act(payment.phone)
    if payment.result is not None:
        finish(simulator, payment, payment.result)
    elif act in OUTCOMES:
        finish(simulator, payment, OUTCOMES[act])
    else:
        with simulator.lock:
            simulator.phones.get(payment.phone).is_ignored = act is Act.IGNORE
        expire = partial(finish, simulator, payment, results.UNREACHABLE)
        simulator.timeline.after(PROMPT_LASTS_S, expire)


def act_on_prompt(simulator: Simulator, number: str, act: Act) -> bool:
    """Do this with the phone's prompt, or with the next one. Returns whether it had a prompt."""
    with simulator.lock:
        phone = simulator.phones.get(number)
        payment = phone.prompt
        if payment is None:
            phone.next_act = act
            return False
        phone.is_ignored = act is Act.IGNORE
    if act in OUTCOMES:
        finish(simulator, payment, OUTCOMES[act])
    return True


def finish(simulator: Simulator, payment: Payment, result_code: str) -> None:
    """End the payment, once, and send its callbacks."""
    faults = frozenset(payment.faults)
    with simulator.lock:
        if not simulator.book.end(payment, result_code, simulator.timeline.now()):
            return
        simulator.phones.close(payment)
        truth, lie, forged = bodies(simulator, payment, faults)
    callbacks = arrange(payment.result_url, truth, faults, lie=lie, forged=forged)
    simulator.courier.send(callbacks, urgent=Fault.CALLBACK_FIRST in faults)
    if payment.is_paid:
        c2b.confirm(simulator, payment)


def bodies(
    simulator: Simulator, payment: Payment, faults: frozenset[Fault]
) -> tuple[bytes, bytes, bytes]:
    """The true callback, one that says the opposite, and one about an unknown request."""
    amount = payment.amount + (Fault.WRONG_AMOUNT in faults)
    truth = callback(payment, payment.code, amount)
    opposite = results.CANCELLED if payment.is_paid else results.SUCCESS
    lie = callback(payment, opposite, payment.amount)
    forged = callback(payment, results.SUCCESS, payment.amount)
    serial = simulator.ids.next()
    forged["Body"]["stkCallback"] |= {
        "MerchantRequestID": simulator.ids.merchant_request(serial),
        "CheckoutRequestID": simulator.ids.checkout(serial, payment.asked_at, payment.phone),
    }
    if Fault.STRING_CODES in faults:
        for body in (truth, lie, forged):
            inner = body["Body"]["stkCallback"]
            inner["ResultCode"] = str(inner["ResultCode"])
    return encode(truth), encode(lie), encode(forged)


def callback(payment: Payment, result_code: str, amount: int) -> Body:
    inner: Body = {
        "MerchantRequestID": payment.request_id,
        "CheckoutRequestID": payment.conversation_id,
        "ResultCode": code(result_code),
        "ResultDesc": results.words(result_code),
    }
    if result_code == results.SUCCESS:
        items = [
            {"Name": "Amount", "Value": two_places(amount)},
            {"Name": "MpesaReceiptNumber", "Value": payment.receipt},
            {"Name": "Balance"},
            {"Name": "TransactionDate", "Value": int(stamp(payment.ended_at or payment.asked_at))},
            {"Name": "PhoneNumber", "Value": int(payment.phone)},
        ]
        inner["CallbackMetadata"] = {"Item": items}
    return {"Body": {"stkCallback": inner}}


def keys(simulator: Simulator, body: Body) -> list[str]:
    return [text(body.get("PhoneNumber")), text(body.get("AccountReference"))]


API = Api("stk", "/mpesa/stkpush/v1/processrequest", gateway.EXPRESS, keys, push)
