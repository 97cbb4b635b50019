"""An authenticator app."""

import base64
import hmac
import time


def code(secret: str, steps_later: int = 0) -> str:
    """What the app shows now, or some steps of 30 seconds later (RFC 6238)."""
    counter = (int(time.time()) // 30 + steps_later).to_bytes(8, "big")
    digest = hmac.digest(base64.b32decode(secret), counter, "sha1")
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"
