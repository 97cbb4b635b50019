"""Reversal of a customer's payment, once."""

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
)
from nissmart.sandbox.faults import Plan
from nissmart.sandbox.gateway import Accepted, Api, Body
from nissmart.sandbox.merchant import UTILITY
from nissmart.sandbox.payments import C2B, REVERSAL, STK, Payment
from nissmart.sandbox.simulator import Simulator
from nissmart.sandbox.wire import stamp, text, two_places

QUEUE = "reversalresults"
FAILED_RECEIPT = "0000000"


def reverse(simulator: Simulator, body: Body, plan: Plan) -> Accepted:
    """RecieverIdentifierType is misspelt in Daraja, which refuses the right spelling."""
    fields.required(body, "Initiator")
    fields.required(body, "SecurityCredential")
    fields.one_of(body, "CommandID", ("TransactionReversal",))
    original = fields.required(body, "TransactionID")
    amount = fields.amount(body)
    shortcode = fields.shortcode(body, "ReceiverParty")
    fields.one_of(body, "RecieverIdentifierType", ("11",))
    fields.plain(body, "Remarks", least=2, most=100)
    errand = begin(simulator, body, plan.faults)
    now, serial = simulator.timeline.now(), simulator.ids.next()
    paid = simulator.book.find(original)
    payment = Payment(
        serial=serial,
        kind=REVERSAL,
        shortcode=shortcode,
        phone=paid.phone if paid else "",
        name=paid.name if paid else "",
        amount=amount,
        reference=original,
        request_id=errand.request_id,
        conversation_id=errand.conversation_id,
        receipt=simulator.ids.receipt(serial, now),
        asked_at=now,
        result_url=errand.result_url,
        timeout_url=errand.timeout_url,
        faults=tuple(sorted(plan.faults)),
        result=plan.result,
        original=original,
    )
    simulator.book.accept(payment)
    return accept(simulator, errand, partial(settle, simulator, payment, errand))


def settle(simulator: Simulator, payment: Payment, errand: Errand) -> Outcome:
    code = payment.result or refusal(simulator, payment, errand) or results.SUCCESS
    simulator.book.end(payment, code, simulator.timeline.now())
    if not payment.is_paid:
        receipt = payment.receipt[:3] + FAILED_RECEIPT
        return Outcome(result(errand, payment.code, receipt=receipt, queue=QUEUE))
    parameters = reversed_parameters(simulator, payment)
    truth = result(
        errand, results.SUCCESS, receipt=payment.receipt, queue=QUEUE, parameters=parameters
    )
    return Outcome(truth)


def refusal(simulator: Simulator, payment: Payment, errand: Errand) -> str:
    if code := initiator_refusal(simulator, errand.echo, "Initiator"):
        return code
    original = simulator.book.find(payment.original)
    if original is None or not original.is_paid or original.kind not in (STK, C2B):
        return results.INVALID_ORIGINAL
    if original.receipt != payment.original or original.amount != payment.amount:
        return results.INVALID_ORIGINAL
    if original.shortcode != payment.shortcode:
        return results.NOT_PERMITTED
    return results.ALREADY_REVERSED if simulator.book.is_reversed(payment.original) else ""


def reversed_parameters(simulator: Simulator, payment: Payment) -> list[Body]:
    held = simulator.book.balance(payment.shortcode, UTILITY)
    return [
        item("DebitAccountBalance", f"{UTILITY}|KES|{held}.00|{held}.00|0.00|0.00"),
        item("Amount", two_places(payment.amount)),
        item("TransCompletedTime", int(stamp(payment.ended_at or payment.asked_at))),
        item("OriginalTransactionID", payment.original),
        item("Charge", two_places(0)),
        item("CreditPartyPublicName", f"{payment.phone} - {payment.name}"),
        item("DebitPartyPublicName", f"{payment.shortcode} - {simulator.merchant.name}"),
    ]


def keys(simulator: Simulator, body: Body) -> list[str]:
    return [text(body.get("TransactionID"))]


API = Api("reversal", "/mpesa/reversal/v1/request", gateway.REVERSALS, keys, reverse)
