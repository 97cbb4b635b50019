"""Calls to Daraja's gateway: with the shared token, each request and each answer recorded."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from functools import lru_cache

import httpx
from django.utils import timezone

from ledger.rails import recording
from ledger.rails.mpesa import answers, client
from ledger.rails.mpesa.answers import Said
from ledger.rails.mpesa.client import Reply
from ledger.rails.mpesa.configuration import Configuration
from ledger.rails.mpesa.redaction import redact
from ledger.rails.mpesa.requests import Request
from ledger.rails.recording import Event
from ledger.rails.tokens import NoToken, Token, TokenStore

logger = logging.getLogger(__name__)

TOKEN_PATH = "/oauth/v1/generate?grant_type=client_credentials"
# Daraja says 3599; without a readable number, a token is used for a few minutes.
SHORT_LIFE_S, LONGEST_LIFE_S = 300, 24 * 60 * 60


class TokenRefused(NoToken):
    """Daraja gives us no token: the key is wrong, or it is down."""


def post(settings: Configuration, request: Request) -> Said:
    """Send a request. A token that Daraja refuses is replaced, once, and the request sent again:
    the gateway refuses before anything has started."""
    pool = client.pool(settings.base_url, settings.timeout_s)
    store = token_store(settings)
    token = ""
    for _attempt in (1, 2):
        try:
            token = store.get(lambda: fetch_token(settings, pool), refused=token)
        except NoToken as error:
            is_refusal = isinstance(error, TokenRefused)
            return answers.without_token(f"No access token: {error}", is_refusal=is_refusal)
        said = send(settings, pool, request, token)
        if not said.refuses_token:
            break
    return said


@lru_cache(maxsize=4)
def token_store(settings: Configuration) -> TokenStore:
    """The same one for all threads of this process."""
    owner = f"{settings.base_url} {settings.consumer_key}"
    # As long as a fetch may take, and a little.
    return TokenStore("mpesa", owner, patience_s=2 * settings.timeout_s + 1)


def send(settings: Configuration, pool: httpx.Client, request: Request, token: str) -> Said:
    content = json.dumps(request.body).encode()
    # An error here stops the request: nothing goes out that isn't recorded.
    recording.record(Event(f"{request.api}-request", redact(content), request.reference))
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    built = pool.build_request("POST", request.path, content=content, headers=headers)
    reply = client.call(pool, built, settings.timeout_s)
    keep(f"{request.api}-answer", reply, request.reference)
    return answers.read(reply)


def fetch_token(settings: Configuration, pool: httpx.Client) -> Token:
    """Raises NoToken. Daraja: a wrong key is an empty 400."""
    pair = httpx.BasicAuth(settings.consumer_key, settings.consumer_secret)
    built = next(pair.sync_auth_flow(pool.build_request("GET", TOKEN_PATH)))
    asked_at = timezone.now()
    reply = client.call(pool, built, settings.timeout_s)
    keep("token-answer", reply)
    said = answers.read(reply)
    value = said.field("access_token")
    if reply.status_code == httpx.codes.OK and value:
        return Token(value, asked_at + timedelta(seconds=lifetime_s(said.field("expires_in"))))
    refused = TokenRefused if reply.status_code else NoToken
    raise refused(said.words or answers.unread(said))


def lifetime_s(expires_in: str) -> int:
    """Daraja: a number or a string."""
    is_number = expires_in.isascii() and expires_in.isdigit() and len(expires_in) < 9
    return min(int(expires_in), LONGEST_LIFE_S) if is_number else SHORT_LIFE_S


def keep(kind: str, reply: Reply, reference: str = "") -> None:
    """Record an answer. It counts even when it can't be kept."""
    try:
        body = redact(reply.body)
        recording.record(Event(kind, body, reference, reply.status_code))
    except Exception:
        logger.exception("An answer of M-PESA wasn't recorded", extra={"kind": kind})
