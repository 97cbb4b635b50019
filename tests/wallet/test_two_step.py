"""Two-step sign-in: turned on with an app, required every time, and no way around it."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.factories import PASSWORD, UserFactory
from tests.nissmart.test_headers import problems as header_problems
from tests.pages import is_whole_page, problems, problems_beside, text
from tests.wallet.support.totp import code
from wallet.models import User

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

LOGIN, ACTIVATE = reverse("account_login"), reverse("mfa_activate_totp")
AUTHENTICATE, INDEX = reverse("mfa_authenticate"), reverse("mfa_index")


@pytest.fixture(autouse=True)
def clock(time_machine):
    """Stop the clock. A code is valid for half a minute and must not expire during a test."""
    time_machine.move_to("2026-11-22T12:00:10Z", tick=False)
    return time_machine


@pytest.fixture
def jane(db):
    return UserFactory(name="Jane Wanjiru", email="jane@example.com")


def sign_in(client):
    return client.post(LOGIN, {"login": "jane@example.com", "password": PASSWORD})


def confirm_password(client):
    return client.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def turn_on(client, clock) -> tuple[str, list[str]]:
    """Turn the second step on, and return the app's secret and the recovery codes.

    Its code is used up, so wait for the next one.
    """
    confirm_password(client)
    page = client.get(ACTIVATE)
    assert header_problems(page) == []
    assert 'src="data:image/svg' in page.text
    secret = re.search(r"\b[A-Z2-7]{32}\b", page.text)
    assert secret
    assert client.post(ACTIVATE, {"code": code(secret[0])}).status_code == 302
    codes = client.get(reverse("mfa_view_recovery_codes"))
    assert header_problems(codes) == []
    clock.shift(30)
    return secret[0], re.findall(r"\b[0-9]{8}\b", text(codes))


def is_signed_in(client) -> bool:
    return "_auth_user_id" in client.session


def test_sign_in_asks_for_a_code_once_it_is_on(client, jane, clock):
    sign_in(client)
    secret, _codes = turn_on(client, clock)
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


def enter(entered: str, page: str = AUTHENTICATE) -> Client:
    """A new client, after the password and this code."""
    other = Client()
    sign_in(other)
    other.post(page, {"code": entered})
    return other


def test_a_code_works_only_once(client, jane, clock):
    sign_in(client)
    secret, _codes = turn_on(client, clock)
    first = enter(code(secret))
    assert is_signed_in(first)
    second = Client()
    sign_in(second)
    refused = second.post(AUTHENTICATE, {"code": code(secret)})
    assert not is_signed_in(second)
    assert problems_beside(refused, "code") == [
        "This code was used already. Wait for the next one in your app."
    ]
    # Nor does it confirm that it's you.
    assert client.post(reverse("mfa_reauthenticate"), {"code": code(secret)}).status_code == 422
    clock.shift(30)
    assert is_signed_in(enter(code(secret)))


def test_a_code_that_signed_in_lifts_no_freeze(client, jane, clock):
    sign_in(client)
    secret, _codes = turn_on(client, clock)
    thief = enter(code(secret))
    thief.post(reverse("wallet:freeze"))
    proof = {"password": PASSWORD, "code": code(secret)}
    assert problems(thief.post(reverse("wallet:unfreeze"), proof)) == [
        "This code was used already. Wait for the next one in your app."
    ]
    clock.shift(30)
    assert thief.post(reverse("wallet:unfreeze"), proof).status_code == 422
    proof["code"] = code(secret)
    assert thief.post(reverse("wallet:unfreeze"), proof).status_code == 303


def test_too_many_codes_are_refused_with_429(client, jane, clock):
    sign_in(client)
    turn_on(client, clock)
    other = Client()
    sign_in(other)
    answers = [other.post(AUTHENTICATE, {"code": "000000"}) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert answers[-1].headers["Retry-After"] == "900"


def test_the_code_that_turned_it_on_does_not_work_again(client, jane, clock):
    sign_in(client)
    secret, _codes = turn_on(client, clock)
    clock.shift(-30)
    assert not is_signed_in(enter(code(secret)))


def test_a_code_works_half_a_minute_early_or_late(client, jane, clock):
    sign_in(client)
    secret, _codes = turn_on(client, clock)
    clock.shift(120)
    works = [is_signed_in(enter(code(secret, steps))) for steps in (-2, -1, 0, 1, 2)]
    assert works == [False, True, True, True, False]


def test_a_recovery_code_works_only_once(client, jane, clock):
    sign_in(client)
    _secret, codes = turn_on(client, clock)
    assert len(codes) == 10
    other = enter(codes[0])
    assert "You used a recovery code. You have 9 left." in text(other.get("/"))
    assert not is_signed_in(enter(codes[0]))


def test_recovery_codes_are_shown_once_and_can_be_made_anew(client, jane, clock):
    sign_in(client)
    _secret, codes = turn_on(client, clock)
    for page in ("mfa_view_recovery_codes", "mfa_index"):
        assert not any(each in client.get(reverse(page)).text for each in codes)
    assert client.get(reverse("mfa_download_recovery_codes")).status_code == 403
    client.post(reverse("mfa_generate_recovery_codes"))
    fresh = re.findall(r"\b[0-9]{8}\b", text(client.get(reverse("mfa_view_recovery_codes"))))
    assert len(fresh) == 10
    assert not set(fresh) & set(codes)
    assert not is_signed_in(enter(codes[1]))
    assert is_signed_in(enter(fresh[1]))


def test_no_page_opens_between_the_two_steps(client, jane, clock):
    sign_in(client)
    turn_on(client, clock)
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


def test_who_proved_no_contact_cannot_set_it_up(client, jane):
    """A squatter who typed a stranger's email could lock its owner out."""
    sign_in(client)
    confirm_password(client)
    in_time = timezone.now() + timedelta(days=30)
    User.objects.update(prove_by=in_time, phone_proved_at=None, email_proved_at=None)
    for page in (ACTIVATE, reverse("mfa_add_webauthn")):
        for answer in (client.get(page, follow=True), client.post(page, {}, follow=True)):
            assert "Prove your phone number or email first" in text(answer)


def test_a_wrong_code_does_not_turn_it_on(client, jane, clock):
    sign_in(client)
    confirm_password(client)
    page = client.post(ACTIVATE, {"code": "000000"})
    assert problems(page)
    assert "Authenticator app Off" in text(client.get(INDEX))
