"""Pull transactions: the customers' payments of the last 48 hours, a hundred at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from nissmart.sandbox import fields, gateway
from nissmart.sandbox.answers import Rejection, invalid
from nissmart.sandbox.faults import Plan
from nissmart.sandbox.gateway import Accepted, Api, Body
from nissmart.sandbox.payments import C2B, STK, Payment
from nissmart.sandbox.simulator import Simulator
from nissmart.sandbox.wire import EAT, text, two_places

PAGE = 100
KEPT = timedelta(hours=48)
MOMENT = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2}) (\d{1,2}):(\d{1,2})(?::(\d{1,3}))?")
WRONG_SHORTCODE = Rejection(400, "400.001", "Invalid ShortCode")
NOTHING = Rejection(
    500,
    "500",
    "Failed to retrieve transactions. The short code does not have any available transactions.",
)


def register(simulator: Simulator, body: Body, plan: Plan) -> Accepted:
    shortcode = own_shortcode(simulator, body)
    fields.one_of(body, "RequestType", ("Pull",))
    fields.required(body, "NominatedNumber")
    fields.url(body, "CallBackURL")
    is_new = shortcode not in simulator.pull_registered
    simulator.pull_registered.add(shortcode)
    words = "Shortcode Registered Successfully" if is_new else "Shortcode already Registered"
    return Accepted(
        {
            "ResponseRefID": reference(simulator),
            "ResponseStatus": "1000" if is_new else "1001",
            "ShortCode": shortcode,
            "ResponseDescription": words,
        }
    )


def query(simulator: Simulator, body: Body, plan: Plan) -> Accepted:
    shortcode = own_shortcode(simulator, body)
    start, end = moment(body, "StartDate"), moment(body, "EndDate")
    offset = fields.digits(body, "OffSetValue", 1, 9)
    if shortcode not in simulator.pull_registered:
        raise NOTHING.fill()
    start = max(start, simulator.timeline.now() - KEPT)
    found = list(between(simulator, shortcode, start, end))[int(offset) :][:PAGE]
    return Accepted(
        {
            "ResponseRefID": reference(simulator),
            "ResponseCode": "1000" if found else "1001",
            "ResponseMessage": "Success",
            "Response": [[row(simulator, payment) for payment in found]],
        }
    )


def own_shortcode(simulator: Simulator, body: Body) -> str:
    if text(body.get("ShortCode")) != simulator.merchant.shortcode:
        raise WRONG_SHORTCODE.fill()
    return simulator.merchant.shortcode


def reference(simulator: Simulator) -> str:
    return simulator.ids.gateway_request(simulator.ids.next())


def moment(body: Body, field: str) -> datetime:
    parts = MOMENT.fullmatch(fields.required(body, field))
    if parts is None:
        raise invalid(field)
    year, month, day, hour, minute, second = (int(part or 0) for part in parts.groups())
    try:
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=EAT)
    except ValueError:
        raise invalid(field) from None


def between(
    simulator: Simulator, shortcode: str, start: datetime, end: datetime
) -> Iterator[Payment]:
    for payment in simulator.book.paid():
        is_ours = payment.kind in (STK, C2B) and payment.shortcode == shortcode
        if is_ours and payment.ended_at and start <= payment.ended_at <= end:
            yield payment


def row(simulator: Simulator, payment: Payment) -> Body:
    at = (payment.ended_at or payment.asked_at).astimezone(UTC)
    return {
        "transactionId": payment.receipt,
        "trxDate": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "msisdn": int(payment.phone[3:]),
        "transactiontype": "c2b-pay-bill-debit",
        "billreference": payment.reference,
        "amount": two_places(payment.amount),
        "organizationname": simulator.merchant.name,
    }


def keys(simulator: Simulator, body: Body) -> list[str]:
    return [text(body.get("ShortCode"))]


APIS = (
    Api("pull", "/pulltransactions/v1/register", gateway.PULLS, keys, register),
    Api("pull", "/pulltransactions/v1/query", gateway.PULLS, keys, query, method="GET"),
)
