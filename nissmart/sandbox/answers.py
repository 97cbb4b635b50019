"""HTTP answers, including broken ones."""

from __future__ import annotations

import json
from dataclasses import dataclass

from nissmart.sandbox.faults import Fault
from nissmart.sandbox.simulator import Simulator

JSON = "application/json"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """An HTTP answer. With `is_dropped` the connection closes without one."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    is_dropped: bool = False


@dataclass(eq=False)
class Rejection(Exception):
    """An error from the gateway. Nothing happened."""

    status: int
    code: str
    message: str
    request_id: str = ""

    def fill(self, **values: str) -> Rejection:
        """A copy to raise, with the placeholders in its message filled in."""
        return Rejection(self.status, self.code, self.message.format(**values))


def invalid(field: str) -> Rejection:
    return Rejection(400, "400.002.02", f"Bad Request - Invalid {field}")


def error(simulator: Simulator, rejection: Rejection) -> Answer:
    """The error body that every API shares."""
    request_id = rejection.request_id or simulator.ids.gateway_request(simulator.ids.next())
    body = {
        "requestId": request_id,
        "errorCode": rejection.code,
        "errorMessage": rejection.message,
    }
    return Answer(rejection.status, json.dumps(body).encode())


ERRORS = {
    Fault.SPIKE: Rejection(500, "500.003.02", "Error Occurred: Spike Arrest Violation"),
    Fault.BUSY: Rejection(500, "500.003.02", "System is busy. Please try again in few minutes."),
    Fault.QUOTA: Rejection(500, "500.003.03", "Error Occurred: Quota Violation"),
    Fault.MAINTENANCE: Rejection(
        500, "500.002.1001", "Service is currently under maintenance. Please try again later"
    ),
    Fault.ERROR_AFTER: Rejection(500, "500.002.1001", "System internal error."),
}
PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
SOAP = {
    "Envelope": {
        "encodingStyle": "http://schemas.xmlsoap.org/soap/encoding/",
        "Body": {"Fault": {"faultcode": "", "faultstring": "", "detail": ""}},
    }
}
BODIES = {
    Fault.DROP_BEFORE: Answer(0, is_dropped=True),
    Fault.DROP_AFTER: Answer(0, is_dropped=True),
    Fault.UNAVAILABLE: Answer(503, b"Service Unavailable", "text/plain"),
    Fault.HTML: Answer(502, PAGE, HTML),
    Fault.HTML_AFTER: Answer(200, PAGE, HTML),
    Fault.SOAP: Answer(500, json.dumps(SOAP).encode()),
    Fault.EMPTY: Answer(400),
}


def broken(simulator: Simulator, fault: Fault, invalid_token: Rejection) -> Answer:
    """What arrives instead of an answer."""
    if fault is Fault.INVALID_TOKEN:
        return error(simulator, invalid_token.fill(token="expired"))
    if fault in BODIES:
        return BODIES[fault]
    return error(simulator, ERRORS[fault])
