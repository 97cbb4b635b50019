"""Call the API as a program does, and check its answers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.test.client import ClientHandler
from django.test.utils import override_settings
from django.utils.crypto import get_random_string

from nissmart.wsgi import is_program
from tests.conftest import pass_second_factor
from wallet.api import tokens
from wallet.models import User

JSON = "application/json"
UNKNOWN_ID = 999_999_999


class WsgiClient(Client):
    """Picks the middleware that `nissmart.wsgi` picks: one for programs, one for browsers."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.browsers = self.handler
        self.programs = ClientHandler(enforce_csrf_checks=self.handler.enforce_csrf_checks)
        with override_settings(MIDDLEWARE=settings.TOKEN_MIDDLEWARE):
            self.programs.load_middleware()

    def request(self, **request: Any) -> HttpResponse:
        self.handler = self.programs if is_program(request) else self.browsers
        return super().request(**request)


@dataclass
class Api:
    """One caller. Sends `headers` with every call; its client keeps the cookies."""

    headers: dict[str, str] = field(default_factory=dict)
    client: Client = field(default_factory=WsgiClient)

    def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> HttpResponse:
        return self.client.get(path, query, headers=self.headers | (headers or {}))

    def post(
        self, path: str, body: Any, key: str | None = None, headers: dict[str, str] | None = None
    ) -> HttpResponse:
        return self.post_text(path, json.dumps(body), key=key, headers=headers)

    def post_text(
        self,
        path: str,
        body: str | bytes,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        content_type: str = JSON,
    ) -> HttpResponse:
        sent = self.headers | (headers or {})
        if key is not None:
            sent["Idempotency-Key"] = key
        return self.client.post(path, body, content_type=content_type, headers=sent)


def issue(user: User, scope: str = "member", **more: Any) -> str:
    """Issue a token and return its secret."""
    return tokens.issue(user_id=user.pk, scope=scope, **{"name": "a test"} | more)[1]


def bearer(secret: str) -> Api:
    return Api({"Authorization": f"Bearer {secret}"})


def by_token(user: User, scope: str = "member") -> Api:
    return bearer(issue(user, scope))


def by_session(user: User) -> Api:
    """A page of our own site: it has a session cookie and a CSRF token, and both are checked."""
    client = WsgiClient(enforce_csrf_checks=True)
    client.force_login(user)
    pass_second_factor(client)
    # A page would have set it.
    token = client.cookies[settings.CSRF_COOKIE_NAME] = get_random_string(32)
    return Api({"X-CSRFToken": token}, client)


# The endpoints that move money.
MOVES = ("deposit", "transfer", "withdraw")


def order(move: str, owner: int, other: int, amount_cents: Any = 10_00, **more: Any) -> dict:
    """The body of a deposit or withdrawal of `owner`, or of a transfer to `other`."""
    named = {"from_user_id": owner, "to_user_id": other}
    if move != "transfer":
        named = {"user_id": owner}
    return named | {"amount_cents": amount_cents} | more


def path_of(move: str) -> str:
    return f"/api/{move}"


def problem_of(response: HttpResponse, status: int, code: str) -> dict[str, Any]:
    """The body of an error. Fails unless it has the API's error format and nothing more."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == JSON
    body = response.json()
    assert body.keys() - {"errors"} == {"detail", "code"}
    assert body["code"] == code
    assert body["detail"][:1].isupper()
    assert body["detail"].endswith(".")
    for each in body.get("errors", []):
        assert each.keys() == {"field", "message"}
        assert each["message"][:1].isupper()
    return body


def bad_fields(response: HttpResponse, status: int = 400) -> list[str]:
    """The names of the fields that this refusal lists."""
    body = problem_of(response, status, "invalid_request")
    return [each["field"] for each in body["errors"]]
