"""Passkeys without a browser: made-up answers, names, and pages without JavaScript."""

import json
from base64 import urlsafe_b64encode

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from django.urls import reverse

from tests.conftest import signed_in
from tests.pages import elements, text
from wallet.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]

ADD, LOGIN = reverse("mfa_add_webauthn"), reverse("mfa_login_webauthn")


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def answer(**response: object) -> dict:
    return {"id": "eA", "rawId": "eA", "type": "public-key", "response": response}


CLIENT_DATA = b64(json.dumps({"type": "webauthn.get", "challenge": "x", "origin": "x"}).encode())
USING = {"clientDataJSON": CLIENT_DATA, "authenticatorData": b64(bytes(37)), "signature": "eA"}
MADE_UP = [
    *("null", "1", "[]", '"x"', "{}", "{", "[" * 2000),
    json.dumps({"response": 5}),
    json.dumps({"response": {"userHandle": {}}}),
    json.dumps(answer()),
    json.dumps(answer(**USING)),
    *(json.dumps(answer(**USING, userHandle=handle)) for handle in ("MQ", "", None, 5, "%%", "AA")),
    json.dumps(answer(**USING | {"authenticatorData": "eA"}, userHandle="MQ")),
    json.dumps(answer(**USING | {"clientDataJSON": "eA"}, userHandle="MQ")),
    json.dumps(answer(clientDataJSON=CLIENT_DATA, attestationObject="eA")),
    json.dumps(answer(clientDataJSON=CLIENT_DATA, attestationObject=b64(b"\xa0"))),
    json.dumps(answer(clientDataJSON=CLIENT_DATA, attestationObject=b64(b"\x9b" + b"\xff" * 8))),
]


def add_passkey(user: User, name: str = "Phone") -> Authenticator:
    data = {"name": name, "credential": {}}
    return Authenticator.objects.create(user=user, type="webauthn", data=data)


def test_made_up_answers_are_refused(alice, settings):
    settings.MFA_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS = False
    member, visitor = signed_in(alice), Client()
    for credential in MADE_UP:
        visitor.get(LOGIN, headers={"Accept": "application/json"})
        refused = visitor.post(LOGIN, {"credential": credential})
        assert refused.headers["Location"].startswith(reverse("account_login")), credential
        member.get(ADD)
        page = member.post(ADD, {"name": "x", "credential": credential})
        assert page.status_code == 200, credential
    assert "_auth_user_id" not in visitor.session
    assert not Authenticator.objects.filter(type="webauthn").exists()


def test_without_javascript_the_pages_offer_a_code(alice):
    page = signed_in(alice).get(ADD)
    for tag, attribute, is_hidden in [("p", "data-unable", False), ("button", "data-able", True)]:
        (found,) = [
            given for each in elements(page, tag) if attribute in (given := dict(each.attributes))
        ]
        assert ("hidden" in found) is is_hidden
    assert "Passkeys need JavaScript and a newer browser." in text(page)


def test_a_stranger_reaches_no_passkey_of_alice(alice, bob):
    passkey = add_passkey(alice)
    client = signed_in(bob)
    for page in ("mfa_edit_webauthn", "mfa_remove_webauthn"):
        url = reverse(page, args=[passkey.pk])
        assert client.get(url).status_code == 404
        assert client.post(url, {"name": "Mine"}).status_code == 404
    passkey.refresh_from_db()
    assert passkey.data["name"] == "Phone"


def test_staff_keep_their_last_factor_whichever_it_is(finance):
    TOTP.activate(finance, generate_totp_secret())
    passkey, client = add_passkey(finance), signed_in(finance)
    client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.filter(type="totp").exists()
    refused = client.post(reverse("mfa_remove_webauthn", args=[passkey.pk]), follow=True)
    assert "Your role needs two-step sign-in." in text(refused)
    assert Authenticator.objects.filter(pk=passkey.pk).exists()
