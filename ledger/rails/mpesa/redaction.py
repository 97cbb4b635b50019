"""What is kept of a request, an answer or a callback: without secrets and phone numbers.

Ids stay whole, since they are what a payment is found by. (Daraja: a CheckoutRequestID ends in
the phone number. It's an id all the same.)
"""

from __future__ import annotations

import json
import re

from ledger.rails.mpesa import wire

HIDDEN = "[hidden]"
LONGEST_KEPT = 16 * 1024
SECRET_FIELDS = {
    "securitycredential",
    "password",
    "access_token",
    "authorization",
    "consumerkey",
    "consumersecret",
    "initiatorpassword",
    "passkey",
}
# `254712345678`, `+254712345678`, `0712345678`.
PHONE = re.compile(r"(?<![0-9A-Za-z_])(\+?254|0)([17]\d\d)\d{3}(\d{3})(?![0-9A-Za-z_])", re.ASCII)
ID_FIELD = re.compile(r"(id|code|receipt|receiptno|number|reference)$", re.IGNORECASE)
NOT_AN_ID = re.compile(r"phone|msisdn|^billref", re.IGNORECASE)
# In the addresses that a request names, one of which a queue timeout sends back.
CALLBACK_SECRET = re.compile(r"(/rails\\?/)[^/\s\"'\\]+")
LONG_SECRET = re.compile(
    r"(?i)(" + "|".join(sorted(SECRET_FIELDS)) + r")(\W{1,8})([A-Za-z0-9+/=_-]{6,})"
)


def redact(body: bytes) -> str:
    """A body as text to keep. JSON stays JSON that reads the same; of the rest, the beginning."""
    try:
        said = wire.read(body)
    except ValueError:
        return redact_text(body[:LONGEST_KEPT].decode(errors="replace"))
    return clean(json.dumps(hide(said), ensure_ascii=False))


def redact_text(written: str) -> str:
    return clean(mask_phones(hide_secrets(written)))


def hide_secrets(written: str) -> str:
    return CALLBACK_SECRET.sub(rf"\1{HIDDEN}", LONG_SECRET.sub(rf"\1\2{HIDDEN}", written))


def clean(written: str) -> str:
    """Without what a database can't store: NUL and half of a character."""
    return written.encode(errors="replace").decode().replace("\0", "\ufffd")


def mask_phones(written: str) -> str:
    return PHONE.sub(r"\1\2***\3", written)


def hide(value: object, name: str = "") -> object:
    """A copy of this value; `name` is the field that it stands in."""
    if name.lower() in SECRET_FIELDS:
        return HIDDEN
    if isinstance(value, list):
        return [hide(one, name) for one in value]
    if isinstance(value, dict):
        # An item of a list names its field: {"Key": "ReceiptNo", "Value": ...}.
        item = wire.text(value.get("Key")) or wire.text(value.get("Name"))
        return {
            mask_phones(key): hide(one, item if item and key == "Value" else key)
            for key, one in value.items()
        }
    if isinstance(value, bool) or not isinstance(value, str | int):
        return value
    return hide_scalar(value, name)


def hide_scalar(value: str | int, name: str) -> str | int:
    written = str(value)
    masked = hide_secrets(written)
    if not ID_FIELD.search(name) or NOT_AN_ID.search(name):
        masked = mask_phones(masked)
    return value if masked == written else masked
