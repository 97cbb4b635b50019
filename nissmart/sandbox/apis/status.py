"""Transaction status: the state of a payment, by receipt or by our own id."""

from __future__ import annotations

from functools import partial

from nissmart.sandbox import fields, gateway, results
from nissmart.sandbox.answers import invalid
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
from nissmart.sandbox.payments import B2C, FAILED, PAID, PENDING, REVERSAL, Payment
from nissmart.sandbox.simulator import Simulator
from nissmart.sandbox.wire import stamp, text

QUEUE = "tsresults"
STATES = {PENDING: "Authorized", PAID: "Completed", FAILED: "Declined"}
STATES_BY_CODE = {
    results.CANCELLED: "Cancelled",
    results.EXPIRED: "Expired",
    results.UNREACHABLE: "Expired",
}
REASONS = {B2C: "Business Payment to Customer via API", REVERSAL: "Transaction Reversal"}


def query(simulator: Simulator, body: Body, plan: Plan) -> Accepted:
    fields.required(body, "Initiator")
    fields.required(body, "SecurityCredential")
    fields.one_of(body, "CommandID", ("TransactionStatusQuery",))
    if not target(body):
        raise invalid("TransactionID")
    fields.shortcode(body, "PartyA")
    fields.one_of(body, "IdentifierType", ("1", "2", "4"))
    fields.plain(body, "Remarks", most=100)
    fields.plain(body, "Occasion", least=0, most=100)
    errand = begin(simulator, body, plan.faults)
    return accept(simulator, errand, partial(look, simulator, errand, plan.result))


def target(body: Body) -> str:
    return text(body.get("TransactionID")) or text(body.get("OriginalConversationID"))


def look(simulator: Simulator, errand: Errand, forced: str | None) -> Outcome:
    """The result code says whether the query worked; TransactionStatus says what the money did."""
    code = forced or initiator_refusal(simulator, errand.echo, "Initiator")
    payment = simulator.book.find(target(errand.echo))
    if not code and payment is None:
        code = results.UNKNOWN_RECEIPT
    now, serial = simulator.timeline.now(), simulator.ids.next()
    receipt = simulator.ids.receipt(serial, now)[:3] + "0000000"
    if payment is None or (code and code != results.SUCCESS):
        return Outcome(result(errand, code, receipt=receipt, queue=QUEUE))
    truth = result(
        errand,
        results.SUCCESS,
        receipt=receipt,
        queue=QUEUE,
        parameters=parameters(simulator, payment),
        reference={"Key": "Occasion"},
    )
    return Outcome(truth)


def parameters(simulator: Simulator, payment: Payment) -> list[Body]:
    organisation = f"{payment.shortcode} - {simulator.merchant.name}"
    customer = f"{payment.phone} - {payment.name}"
    is_outgoing = payment.signed_amount() < 0
    debit, credit = (organisation, customer) if is_outgoing else (customer, organisation)
    account = "Utility Account" if is_outgoing else "MMF Account For Customer"
    rows = [
        item("DebitPartyName", debit),
        item("CreditPartyName", credit),
        item("OriginatorConversationID", payment.request_id),
        item("InitiatedTime", stamp(payment.asked_at)),
        item("DebitAccountType", account),
        item("DebitPartyCharges", f"Fee For B2C Payment|KES|{payment.charge}.00")
        if payment.charge
        else {"Key": "DebitPartyCharges"},
        {"Key": "TransactionReason"},
        item("ReasonType", REASONS.get(payment.kind, "Pay Bill Online")),
        item("TransactionStatus", STATES_BY_CODE.get(payment.code, STATES[payment.state])),
    ]
    if payment.ended_at:
        rows.append(item("FinalisedTime", stamp(payment.ended_at)))
    return [
        *rows,
        item("Amount", str(payment.amount)),
        item("ConversationID", payment.conversation_id),
        item("ReceiptNo", payment.receipt),
    ]


def keys(simulator: Simulator, body: Body) -> list[str]:
    payment = simulator.book.find(target(body))
    return [target(body), payment.phone if payment else ""]


API = Api("status", "/mpesa/transactionstatus/v1/query", gateway.QUERIES, keys, query)
