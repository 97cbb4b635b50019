"""Shared by B2C, status, balance and reversal: accept now, answer by callback later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from nissmart.sandbox import fields, results
from nissmart.sandbox.callbacks import Callback, arrange
from nissmart.sandbox.faults import TIMEOUTS, Fault
from nissmart.sandbox.gateway import Accepted, Body
from nissmart.sandbox.simulator import Simulator
from nissmart.sandbox.wire import code, encode

# How long after a queue timeout the result comes.
AFTER_TIMEOUT_S = 60.0
ACCEPTED = "Accept the service request successfully."
QUEUE_URL = "https://internalsandbox.safaricom.co.ke/mpesa/{}/v1/submit"


@dataclass(frozen=True)
class Errand:
    """One accepted request. `echo` is its body; some timeouts send it back."""

    request_id: str
    conversation_id: str
    result_url: str
    timeout_url: str
    faults: frozenset[Fault]
    echo: Body


@dataclass(frozen=True)
class Outcome:
    """The result's body, and the bodies that would contradict or forge it."""

    truth: Body
    lie: Body | None = None
    forged: Body | None = None


def begin(
    simulator: Simulator, body: Body, faults: frozenset[Fault], request_id: str = ""
) -> Errand:
    """Make an errand from the fields that all these APIs share."""
    timeout_url = fields.url(body, "QueueTimeOutURL")
    result_url = fields.url(body, "ResultURL")
    serial = simulator.ids.next()
    conversation_id = simulator.ids.conversation(serial, simulator.timeline.now())
    request_id = request_id or simulator.ids.merchant_request(serial)
    return Errand(request_id, conversation_id, result_url, timeout_url, faults, body)


def accept(simulator: Simulator, errand: Errand, work: Callable[[], Outcome]) -> Accepted:
    body = {
        "ConversationID": errand.conversation_id,
        "OriginatorConversationID": errand.request_id,
        "ResponseCode": "0",
        "ResponseDescription": ACCEPTED,
    }
    return Accepted(body, partial(carry_out, simulator, errand, work))


def carry_out(simulator: Simulator, errand: Errand, work: Callable[[], Outcome]) -> None:
    urgent = Fault.CALLBACK_FIRST in errand.faults
    if errand.faults & TIMEOUTS:
        timeout = Callback(errand.timeout_url, encode(timeout_body(errand)))
        simulator.courier.send([timeout], urgent=urgent)
        simulator.timeline.after(AFTER_TIMEOUT_S, partial(finish, simulator, errand, work))
    else:
        finish(simulator, errand, work, urgent=urgent)


def finish(
    simulator: Simulator, errand: Errand, work: Callable[[], Outcome], *, urgent: bool = False
) -> None:
    """Do the work under the lock, then send the result without the lock."""
    with simulator.lock:
        outcome = work()
    bodies = [outcome.truth, outcome.lie, outcome.forged]
    if Fault.STRING_CODES in errand.faults:
        bodies = [with_string_codes(body) if body else None for body in bodies]
    truth, lie, forged = (encode(body) if body else None for body in bodies)
    assert truth is not None
    callbacks = arrange(errand.result_url, truth, errand.faults, lie=lie, forged=forged)
    simulator.courier.send(callbacks, urgent=urgent)


def timeout_body(errand: Errand) -> Body:
    """The queue timeout has no documented body. Both of these forms occur."""
    if Fault.TIMEOUT_ECHO in errand.faults:
        return errand.echo | {"OriginatorConversationID": errand.request_id}
    words = "The service request timed out."
    return result(errand, "1", words=words, receipt="", queue="b2cresults")


def result(
    errand: Errand,
    result_code: str,
    *,
    receipt: str,
    queue: str,
    words: str = "",
    parameters: list[Body] | None = None,
    reference: Body | None = None,
) -> Body:
    """The Result envelope. Without `parameters`, as on failure, it has no ResultParameters."""
    inner: Body = {
        "ResultType": 0,
        "ResultCode": code(result_code),
        "ResultDesc": words or results.words(result_code),
        "OriginatorConversationID": errand.request_id,
        "ConversationID": errand.conversation_id,
        "TransactionID": receipt,
    }
    if parameters is not None:
        inner["ResultParameters"] = {"ResultParameter": parameters}
    queue_item = {"Key": "QueueTimeoutURL", "Value": QUEUE_URL.format(queue)}
    inner["ReferenceData"] = {"ReferenceItem": reference or queue_item}
    return {"Result": inner}


def item(key: str, value: Any) -> Body:
    return {"Key": key, "Value": value}


def with_string_codes(body: Body) -> Body:
    inner = body["Result"]
    codes = {name: str(inner[name]) for name in ("ResultType", "ResultCode")}
    return {"Result": inner | codes}


def initiator_refusal(simulator: Simulator, body: Body, field: str) -> str:
    """The code with which M-PESA refuses this initiator, or ""."""
    initiator = simulator.initiator
    if initiator.is_locked:
        return results.LOCKED
    name, credential = str(body[field]), str(body["SecurityCredential"])
    return "" if initiator.accepts(name, credential) else results.BAD_INITIATOR
