"""A client written from Safaricom's documents, without the simulator's code."""

from __future__ import annotations

import base64
import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509 import load_pem_x509_certificate

from tests.sandbox.support.receiver import Receiver

PHONE = "254712000001"
SHORTCODE = "600992"
TIMESTAMP = "20261001120000"
TOKEN_LASTS_S = 3600


@dataclass(frozen=True)
class Reply:
    status: int
    raw: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def error(self) -> tuple[int, str, str]:
        return self.status, self.json["errorCode"], self.json["errorMessage"]


class Daraja:
    def __init__(
        self, base_url: str, certificate: bytes, settings: dict[str, str], receiver: Receiver
    ) -> None:
        self.address = urlsplit(base_url).netloc
        self.certificate = certificate
        self.settings = settings
        self.receiver = receiver
        self.token = ""

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Reply(answer.status, answer.read(), dict(answer.getheaders()))
        finally:
            connection.close()

    def authorise(self) -> str:
        pair = f"{self.settings['MPESA_CONSUMER_KEY']}:{self.settings['MPESA_CONSUMER_SECRET']}"
        basic = base64.b64encode(pair.encode()).decode()
        path = "/oauth/v1/generate?grant_type=client_credentials"
        self.token = self.send("GET", path, headers={"Authorization": f"Basic {basic}"}).json[
            "access_token"
        ]
        return self.token

    def post(self, path: str, body: Any, *, method: str = "POST") -> Reply:
        if not self.token:
            self.authorise()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        return self.send(method, path, json.dumps(body).encode(), headers)

    def control(self, name: str, body: Any = None, *, method: str = "") -> Any:
        content = None if body is None else json.dumps(body).encode()
        reply = self.send(method or ("GET" if body is None else "POST"), f"/_sim/{name}", content)
        assert reply.status == 200, reply.raw
        return reply.json

    def advance(self, seconds: float = 0) -> None:
        """Advance the virtual clock, and let all due work happen."""
        assert self.control("clock", {"advance_s": seconds})["done"]
        if seconds >= TOKEN_LASTS_S:
            self.token = ""

    def scenario(self, **fields: Any) -> None:
        self.control("scenario", fields)

    def act(self, action: str, phone: str = PHONE) -> None:
        self.control(f"phones/{phone}", {"action": action})
        self.advance()

    def book(self) -> list[dict[str, Any]]:
        return self.control("book")

    def encrypt(self, password: str) -> str:
        key = load_pem_x509_certificate(self.certificate).public_key()
        return base64.b64encode(key.encrypt(password.encode(), padding.PKCS1v15())).decode()

    def credential(self) -> str:
        return self.encrypt(self.settings["MPESA_INITIATOR_PASSWORD"])

    def stk_password(self, timestamp: str = TIMESTAMP) -> str:
        raw = SHORTCODE + self.settings["MPESA_PASSKEY"] + timestamp
        return base64.b64encode(raw.encode()).decode()

    def stk_body(self, **changes: Any) -> dict[str, Any]:
        return {
            "BusinessShortCode": SHORTCODE,
            "Password": self.stk_password(),
            "Timestamp": TIMESTAMP,
            "TransactionType": "CustomerPayBillOnline",
            "Amount": "100",
            "PartyA": PHONE,
            "PartyB": SHORTCODE,
            "PhoneNumber": PHONE,
            "CallBackURL": self.receiver.url("stk"),
            "AccountReference": "NS482913",
            "TransactionDesc": "Deposit",
        } | changes

    def stk(self, **changes: Any) -> Reply:
        return self.post("/mpesa/stkpush/v1/processrequest", self.stk_body(**changes))

    def stk_query(self, checkout_id: str) -> Reply:
        body = {
            "BusinessShortCode": SHORTCODE,
            "Password": self.stk_password(),
            "Timestamp": TIMESTAMP,
            "CheckoutRequestID": checkout_id,
        }
        return self.post("/mpesa/stkpushquery/v1/query", body)

    def b2c_body(self, request_id: str, **changes: Any) -> dict[str, Any]:
        return {
            "OriginatorConversationID": request_id,
            "InitiatorName": self.settings["MPESA_INITIATOR"],
            "SecurityCredential": self.credential(),
            "CommandID": "BusinessPayment",
            "Amount": "1200",
            "PartyA": SHORTCODE,
            "PartyB": PHONE,
            "Remarks": "Payout",
            "QueueTimeOutURL": self.receiver.url("b2c-timeout"),
            "ResultURL": self.receiver.url("b2c"),
            "Occassion": "",
        } | changes

    def b2c(self, request_id: str = "NSP-1", **changes: Any) -> Reply:
        return self.post("/mpesa/b2c/v3/paymentrequest", self.b2c_body(request_id, **changes))

    def initiator_fields(self, command: str, name: str, **fields: Any) -> dict[str, Any]:
        """The fields that status, balance and reversal share."""
        return {
            "Initiator": self.settings["MPESA_INITIATOR"],
            "SecurityCredential": self.credential(),
            "CommandID": command,
            "Remarks": "ok",
            "QueueTimeOutURL": self.receiver.url(f"{name}-timeout"),
            "ResultURL": self.receiver.url(name),
        } | fields

    def status(self, **fields: Any) -> Reply:
        body = {"PartyA": SHORTCODE, "IdentifierType": "4"} | fields
        body = self.initiator_fields("TransactionStatusQuery", "status", **body)
        return self.post("/mpesa/transactionstatus/v1/query", body)

    def balance(self, **fields: Any) -> Reply:
        body = {"PartyA": SHORTCODE, "IdentifierType": "4"} | fields
        body = self.initiator_fields("AccountBalance", "balance", **body)
        return self.post("/mpesa/accountbalance/v1/query", body)

    def reversal(self, receipt: str, **fields: Any) -> Reply:
        body = {
            "TransactionID": receipt,
            "Amount": "100",
            "ReceiverParty": SHORTCODE,
            "RecieverIdentifierType": "11",
        } | fields
        body = self.initiator_fields("TransactionReversal", "reversal", **body)
        return self.post("/mpesa/reversal/v1/request", body)

    def register(self, version: str = "v2", **changes: Any) -> Reply:
        body = {
            "ShortCode": SHORTCODE,
            "ResponseType": "Completed",
            "ConfirmationURL": self.receiver.url("confirmation"),
            "ValidationURL": self.receiver.url("validation"),
        } | changes
        return self.post(f"/mpesa/c2b/{version}/registerurl", body)

    def pay_bill(self, amount: int = 100, phone: str = PHONE, account: str = "NS482913") -> str:
        """A customer pays from the phone. Returns the receipt."""
        body = {"amount": amount, "account": account}
        receipt = self.control(f"phones/{phone}/pay", body)["receipt"]
        self.advance()
        return receipt


def parameters(body: dict[str, Any]) -> dict[str, Any]:
    """A result's parameters, by key."""
    rows = body["Result"]["ResultParameters"]["ResultParameter"]
    return {row["Key"]: row.get("Value") for row in rows}
