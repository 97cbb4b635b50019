"""Two-step sign-in: turned on with an app, required every time, and no way around it."""

import base64
import hmac
import re
import time

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import PASSWORD, UserFactory
from tests.nissmart.test_headers import problems as header_problems
from tests.pages import is_whole_page, problems, text

pytestmark = pytest.mark.django_db

LOGIN, ACTIVATE = reverse("account_login"), reverse("mfa_activate_totp")
AUTHENTICATE, INDEX = reverse("mfa_authenticate"), reverse("mfa_index")


@pytest.fixture(autouse=True)
def one_moment(time_machine):
    """Stop the clock. A code is valid for 30 seconds and must not expire during a test."""
    time_machine.move_to("2026-11-22T12:00:10Z", tick=False)


@pytest.fixture
def jane(db):
    return UserFactory(name="Jane Wanjiru", email="jane@example.com")


def sign_in(client):
    return client.post(LOGIN, {"login": "jane@example.com", "password": PASSWORD})


def confirm_password(client):
    return client.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def code(secret: str) -> str:
    """What the member's app shows now (RFC 6238)."""
    counter = (int(time.time()) // 30).to_bytes(8, "big")
    digest = hmac.digest(base64.b32decode(secret), counter, "sha1")
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def turn_on(client) -> tuple[str, list[str]]:
    """Turn the second step on, and return the app's secret and the recovery codes."""
    confirm_password(client)
    page = client.get(ACTIVATE)
    assert header_problems(page) == []
    assert 'src="data:image/svg' in page.text
    secret = re.search(r"\b[A-Z2-7]{32}\b", page.text)
    assert secret
    assert client.post(ACTIVATE, {"code": code(secret[0])}).status_code == 302
    codes = client.get(reverse("mfa_view_recovery_codes"))
    assert header_problems(codes) == []
    return secret[0], re.findall(r"\b[0-9a-f]{8}\b", text(codes))


def is_signed_in(client) -> bool:
    return "_auth_user_id" in client.session


def test_sign_in_asks_for_a_code_once_it_is_on(client, jane):
    sign_in(client)
    secret, _codes = turn_on(client)
    assert "Authenticator app On" in text(client.get(INDEX))
    other = Client()
    response = sign_in(other)
    assert response.headers["Location"].startswith(AUTHENTICATE)
    assert not is_signed_in(other)
    assert is_whole_page(other.get(AUTHENTICATE))
    assert problems(other.post(AUTHENTICATE, {"code": "000000"}))
    assert not is_signed_in(other)
    other.post(AUTHENTICATE, {"code": code(secret)})
    assert is_signed_in(other)


def test_a_code_works_only_once(client, jane):
    sign_in(client)
    secret, _codes = turn_on(client)
    for expected in (True, False):
        other = Client()
        sign_in(other)
        other.post(AUTHENTICATE, {"code": code(secret)})
        assert is_signed_in(other) is expected


def test_a_recovery_code_works_only_once(client, jane):
    sign_in(client)
    _secret, codes = turn_on(client)
    assert len(codes) == 10
    for expected in (True, False):
        other = Client()
        sign_in(other)
        other.post(AUTHENTICATE, {"code": codes[0]})
        assert is_signed_in(other) is expected


def test_no_page_opens_between_the_two_steps(client, jane):
    sign_in(client)
    turn_on(client)
    other = Client()
    sign_in(other)
    assert "Open a wallet" in text(other.get("/"))
    for url in ("/activity/", "/deposit/", "/profile/", INDEX):
        assert other.get(url).status_code == 302, url


def test_turning_it_on_asks_for_the_password_again(client, jane):
    client.force_login(jane)
    asked = client.get(ACTIVATE).headers["Location"]
    assert asked.startswith(reverse("account_reauthenticate"))
    assert "Confirm it's you" in text(client.get(asked))
    assert problems(client.post(asked, {"password": "wrong"}))
    assert client.get(ACTIVATE).status_code == 302
    assert client.post(asked, {"password": PASSWORD}).status_code == 302
    assert client.get(ACTIVATE).status_code == 200


def test_a_wrong_code_does_not_turn_it_on(client, jane):
    sign_in(client)
    confirm_password(client)
    page = client.post(ACTIVATE, {"code": "000000"})
    assert problems(page)
    assert "Authenticator app Off" in text(client.get(INDEX))
