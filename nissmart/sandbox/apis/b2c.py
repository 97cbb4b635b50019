"""B2C: money from the utility account to a customer, once for each OriginatorConversationID."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from nissmart.sandbox import fields, gateway, results
from nissmart.sandbox.answers import Rejection
from nissmart.sandbox.apis.errands import (
    Errand,
    Outcome,
    accept,
    begin,
    initiator_refusal,
    item,
    result,
)
from nissmart.sandbox.book import Duplicate
from nissmart.sandbox.faults import TIMEOUTS, Fault, Plan
from nissmart.sandbox.gateway import Accepted, Api, Body
from nissmart.sandbox.merchant import CHARGES, UTILITY, WORKING
from nissmart.sandbox.payments import B2C, Payment
from nissmart.sandbox.simulator import Simulator
from nissmart.sandbox.wire import PHONE, text, two_places, with_dots

COMMANDS = ("BusinessPayment", "SalaryPayment", "PromotionPayment")
DUPLICATE = Rejection(500, "500.002.1001", "Duplicate OriginatorConversationID.")
QUEUE = "b2cresults"
LOWEST_PHONE_DIGITS, HIGHEST_PHONE_DIGITS = 9, 15


def pay(simulator: Simulator, body: Body, plan: Plan, *, version: int) -> Accepted:
    """In version 1 Safaricom makes the id, so sending the same request again pays again."""
    fields.required(body, "InitiatorName")
    fields.required(body, "SecurityCredential")
    fields.one_of(body, "CommandID", COMMANDS)
    amount = fields.amount(body)
    shortcode = fields.shortcode(body, "PartyA")
    phone = fields.digits(body, "PartyB", LOWEST_PHONE_DIGITS, HIGHEST_PHONE_DIGITS)
    fields.plain(body, "Remarks", least=2, most=100)
    fields.plain(body, "Occassion" if version == 3 else "Occasion", least=0, most=100)
    request_id = fields.required(body, "OriginatorConversationID") if version == 3 else ""
    errand = begin(simulator, body, plan.faults, request_id)

    now, serial = simulator.timeline.now(), simulator.ids.next()
    payment = Payment(
        serial=serial,
        kind=B2C,
        shortcode=shortcode,
        phone=phone,
        name=simulator.ids.name(phone),
        amount=amount,
        reference=errand.request_id,
        request_id=errand.request_id,
        conversation_id=errand.conversation_id,
        receipt=simulator.ids.receipt(serial, now),
        asked_at=now,
        result_url=errand.result_url,
        timeout_url=errand.timeout_url,
        faults=tuple(sorted(plan.faults)),
        result=plan.result,
    )
    try:
        simulator.book.accept(payment)
    except Duplicate:
        raise DUPLICATE.fill() from None
    return accept(simulator, errand, partial(settle, simulator, payment, errand))


def settle(simulator: Simulator, payment: Payment, errand: Errand) -> Outcome:
    """Pay or refuse, and report it. The book ends a payment once, however often this runs."""
    code = payment.result or refusal(simulator, payment, errand.echo) or results.SUCCESS
    simulator.book.end(payment, code, simulator.timeline.now())
    amount = payment.amount + (Fault.WRONG_AMOUNT in errand.faults)
    opposite = results.UNREGISTERED if payment.is_paid else results.SUCCESS
    stranger = replace(
        errand,
        request_id=simulator.ids.merchant_request(serial := simulator.ids.next()),
        conversation_id=simulator.ids.conversation(serial, payment.asked_at),
    )
    return Outcome(
        truth=report(simulator, errand, payment, payment.code, amount),
        lie=report(simulator, errand, payment, opposite, payment.amount),
        forged=report(simulator, stranger, payment, results.SUCCESS, payment.amount),
    )


def resume(simulator: Simulator, payment: Payment) -> None:
    """Finish a payment that a restart interrupted. Its initiator was checked when it arrived."""
    faults = frozenset(payment.faults) - TIMEOUTS
    ids = (payment.request_id, payment.conversation_id)
    errand = Errand(*ids, payment.result_url, payment.timeout_url, faults, {})
    work = partial(settle, simulator, payment, errand)
    then = accept(simulator, errand, work).then
    assert then is not None
    simulator.timeline.after(simulator.settle_s, then)


def refusal(simulator: Simulator, payment: Payment, body: Body) -> str:
    if body and (code := initiator_refusal(simulator, body, "InitiatorName")):
        return code
    if payment.shortcode != simulator.merchant.b2c_shortcode:
        return results.NOT_PERMITTED
    return "" if PHONE.fullmatch(payment.phone) else results.UNKNOWN_OPERATOR


def report(simulator: Simulator, errand: Errand, payment: Payment, code: str, amount: int) -> Body:
    parameters = None
    if code == results.SUCCESS:
        parameters = paid_parameters(simulator, payment, amount)
    return result(errand, code, receipt=payment.receipt, queue=QUEUE, parameters=parameters)


def paid_parameters(simulator: Simulator, payment: Payment, amount: int) -> list[Body]:
    def funds(account: str) -> str:
        return two_places(simulator.book.balance(payment.shortcode, account))

    return [
        item("TransactionAmount", amount),
        item("TransactionReceipt", payment.receipt),
        item("ReceiverPartyPublicName", f"{payment.phone} - {payment.name}"),
        item("TransactionCompletedDateTime", with_dots(payment.ended_at or payment.asked_at)),
        item("B2CUtilityAccountAvailableFunds", funds(UTILITY)),
        item("B2CWorkingAccountAvailableFunds", funds(WORKING)),
        item("B2CRecipientIsRegisteredCustomer", "Y"),
        item("B2CChargesPaidAccountAvailableFunds", funds(CHARGES)),
    ]


def keys(simulator: Simulator, body: Body) -> list[str]:
    return [text(body.get("OriginatorConversationID")), text(body.get("PartyB"))]


APIS = (
    Api("b2c", "/mpesa/b2c/v3/paymentrequest", gateway.PAYOUTS, keys, partial(pay, version=3)),
    Api("b2c", "/mpesa/b2c/v1/paymentrequest", gateway.PAYOUTS, keys, partial(pay, version=1)),
)
