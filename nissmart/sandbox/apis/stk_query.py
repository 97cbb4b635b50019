"""STK query: answers in the same call. While the prompt is open, the answer is an error 500."""

from __future__ import annotations

from nissmart.sandbox import fields, gateway, results
from nissmart.sandbox.answers import Rejection, invalid
from nissmart.sandbox.apis.stk import check_merchant
from nissmart.sandbox.faults import Fault, Plan
from nissmart.sandbox.gateway import Accepted, Api, Body
from nissmart.sandbox.payments import PENDING, STK
from nissmart.sandbox.simulator import Simulator
from nissmart.sandbox.wire import text

IN_PROCESS = "The transaction is being processed"


def query(simulator: Simulator, body: Body, plan: Plan) -> Accepted:
    check_merchant(simulator, body)
    checkout_id = fields.required(body, "CheckoutRequestID")
    payment = simulator.book.find(checkout_id)
    if payment is None or payment.kind != STK or payment.conversation_id != checkout_id:
        raise invalid("CheckoutRequestID")
    if payment.state == PENDING or Fault.QUERY_PENDING in plan.faults:
        raise Rejection(500, "500.001.1001", IN_PROCESS, request_id=checkout_id)
    result_code = payment.code
    if Fault.QUERY_WRONG in plan.faults:
        result_code = results.CANCELLED if payment.is_paid else results.SUCCESS
    return Accepted(
        {
            "ResponseCode": "0",
            "ResponseDescription": "The service request has been accepted successfully",
            "MerchantRequestID": payment.request_id,
            "CheckoutRequestID": payment.conversation_id,
            "ResultCode": result_code,
            "ResultDesc": results.words(result_code),
        }
    )


def keys(simulator: Simulator, body: Body) -> list[str]:
    checkout_id = text(body.get("CheckoutRequestID"))
    payment = simulator.book.find(checkout_id)
    return [checkout_id, payment.phone if payment else ""]


API = Api("stk_query", "/mpesa/stkpushquery/v1/query", gateway.EXPRESS, keys, query)
