"""The bodies that we send to Daraja, each for one of its APIs."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ledger.rails.mpesa import credentials, wire
from ledger.rails.mpesa.configuration import Configuration
from ledger.rails.rail import Instruction, Lookup

# Daraja: the longest AccountReference. The beginning of a reference finds the payment, too.
ACCOUNT_REFERENCE = 12
ORGANISATION = "4"


class Request(NamedTuple):
    """`api` names it in records; `reference` is the payment it's about."""

    api: str
    path: str
    body: dict[str, str]
    reference: str = ""


def stk_push(settings: Configuration, asked: Instruction, phone: str, now: datetime) -> Request:
    """Show a prompt on the payer's phone.

    Daraja: AccountReference is also the BillRefNumber of the C2B confirmation that follows.
    """
    body = stk_merchant(settings, now) | {
        "TransactionType": "CustomerPayBillOnline",
        "Amount": to_shillings(asked.amount_cents),
        "PartyA": phone,
        "PartyB": settings.shortcode,
        "PhoneNumber": phone,
        "CallBackURL": settings.callback_url("stk", asked.reference),
        "AccountReference": wire.safe(asked.reference, ACCOUNT_REFERENCE),
        "TransactionDesc": "Deposit",
    }
    return Request("stk", "/mpesa/stkpush/v1/processrequest", body, asked.reference)


def stk_query(settings: Configuration, lookup: Lookup, now: datetime) -> Request:
    body = stk_merchant(settings, now) | {"CheckoutRequestID": lookup.rail_id}
    return Request("stk-query", "/mpesa/stkpushquery/v1/query", body, lookup.reference)


def stk_merchant(settings: Configuration, now: datetime) -> dict[str, str]:
    timestamp = wire.timestamp(now)
    return {
        "BusinessShortCode": settings.shortcode,
        "Password": credentials.stk_password(settings.shortcode, settings.passkey, timestamp),
        "Timestamp": timestamp,
    }


def b2c(settings: Configuration, asked: Instruction, phone: str) -> Request:
    """Pay a customer. Daraja: version 3 pays one OriginatorConversationID once, ours."""
    body = {
        "OriginatorConversationID": asked.reference,
        "InitiatorName": settings.initiator,
        "SecurityCredential": settings.security_credential,
        "CommandID": "BusinessPayment",
        "Amount": to_shillings(asked.amount_cents),
        "PartyA": settings.b2c_shortcode,
        "PartyB": phone,
        "Remarks": "Payout",
        "QueueTimeOutURL": settings.callback_url("b2c-timeout"),
        "ResultURL": settings.callback_url("b2c-result"),
        "Occassion": wire.safe(asked.reference, 100),
    }
    return Request("b2c", "/mpesa/b2c/v3/paymentrequest", body, asked.reference)


def status(settings: Configuration, lookup: Lookup) -> Request:
    """Ask what became of a payment: by its receipt if it has one, and by the id of its request.

    Daraja documents the second for payouts. For an STK push there is only the CheckoutRequestID.
    """
    asked_by = lookup.reference if lookup.is_payout else lookup.rail_id
    named = {"TransactionID": lookup.receipt} if lookup.receipt else {}
    body = {
        **named,
        "OriginalConversationID": asked_by,
        **errand(settings, "TransactionStatusQuery", "status", lookup.reference),
        "PartyA": settings.b2c_shortcode if lookup.is_payout else settings.shortcode,
        "Occasion": wire.safe(lookup.reference, 100),
    }
    return Request("status", "/mpesa/transactionstatus/v1/query", body, lookup.reference)


def balance(settings: Configuration) -> Request:
    body = errand(settings, "AccountBalance", "balance", "") | {"PartyA": settings.b2c_shortcode}
    return Request("balance", "/mpesa/accountbalance/v1/query", body)


def errand(settings: Configuration, command: str, kind: str, reference: str) -> dict[str, str]:
    """The fields of a question that Daraja answers by callback."""
    return {
        "Initiator": settings.initiator,
        "SecurityCredential": settings.security_credential,
        "CommandID": command,
        "IdentifierType": ORGANISATION,
        "Remarks": "ok",
        "QueueTimeOutURL": settings.callback_url(f"{kind}-timeout", reference),
        "ResultURL": settings.callback_url(f"{kind}-result", reference),
    }


def register_urls(settings: Configuration) -> Request:
    """Where payments that members start themselves are reported. Daraja: once, in production.

    `Completed`: a payment is taken when our validation gives no answer.
    """
    body = {
        "ShortCode": settings.shortcode,
        "ResponseType": "Completed",
        "ConfirmationURL": settings.callback_url("c2b-confirmation"),
        "ValidationURL": settings.callback_url("c2b-validation"),
    }
    return Request("c2b-register", "/mpesa/c2b/v2/registerurl", body)


def to_shillings(amount_cents: int) -> str:
    """Daraja takes whole shillings only."""
    shillings, cents = divmod(amount_cents, 100)
    assert shillings > 0
    assert cents == 0
    return str(shillings)
