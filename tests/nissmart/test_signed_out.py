"""A form that was open when its session ended: nothing is sent, and nothing typed is lost."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import PASSWORD, UserFactory, new_key
from tests.pages import text
from wallet.models import User

pytestmark = pytest.mark.django_db


ORDER = {"amount": "250", "recipient": "bob@example.com", "description": "Lunch & tea"}
SIGN_IN = (
    "/accounts/login/?next=/transfer/%3Famount%3D250%26recipient%3Dbob%2540example.com"
    "%26description%3DLunch%2B%2526%2Btea"
)


@pytest.fixture
def jane(db) -> User:
    return UserFactory(name="Jane", email="jane@example.com", phone="+254712345678")


def order() -> dict[str, str]:
    return ORDER | {"idempotency_key": new_key(), "confirm": "1"}


def test_a_form_sent_while_signed_out_comes_back_filled_in(jane):
    client = Client()
    answer = client.post("/transfer/", order())
    assert (answer.status_code, answer.headers["Location"]) == (302, SIGN_IN)
    page = client.get(SIGN_IN)
    assert "You're signed out, so nothing was sent." in text(page)
    given = {
        "login": jane.email,
        "password": PASSWORD,
        "next": page.context["redirect_field_value"],
    }
    there = client.post(reverse("account_login"), given, follow=True)
    assert {name: there.context["form"][name].value() for name in ORDER} == ORDER


@pytest.mark.parametrize("is_htmx", [False, True])
def test_a_signed_out_form_without_a_token_says_signed_out(is_htmx):
    client = Client(enforce_csrf_checks=True)
    headers = {"HX-Request": "true", "HX-Target": "move"} if is_htmx else {}
    answer = client.post("/transfer/", order(), headers=headers)
    assert answer.status_code == 403
    assert "You're signed out" in text(answer)
    assert "out of date" not in text(answer)
    assert SIGN_IN in answer.text
    assert answer.headers.get("HX-Redirect") == (SIGN_IN if is_htmx else None)


def test_a_signed_in_form_without_a_token_says_out_of_date(jane):
    client = Client(enforce_csrf_checks=True)
    client.force_login(jane)
    answer = client.post("/transfer/", order())
    assert answer.status_code == 403
    assert "This page is out of date" in text(answer)
    assert "/transfer/?amount=250&amp;recipient=bob%40example.com" in answer.text
    answer = client.post("/profile/", {"name": "Janet"})
    assert "reload the page and send the form again" in text(answer)


@pytest.mark.parametrize("name", ["account_login", "account_signup", "wallet:preferences"])
def test_a_public_form_never_says_signed_out(name):
    answer = Client(enforce_csrf_checks=True).post(reverse(name), {"login": "x"})
    assert answer.status_code == 403
    assert "This page is out of date" in text(answer)


NOTE = {"title": "Paid twice", "description": "She called.\nTwice <today>.", "password": "a b c"}


@pytest.mark.any_engine
@pytest.mark.parametrize("has_token", [True, False])
@pytest.mark.parametrize("is_htmx", [False, True])
def test_sentences_typed_into_a_form_stay_on_the_page(has_token, is_htmx):
    client = Client(enforce_csrf_checks=not has_token)
    headers = {"HX-Request": "true", "HX-Target": "incident"} if is_htmx else {}
    answer = client.post("/panel/incidents/open/", NOTE, headers=headers)
    if is_htmx:
        # The page keeps its form, and the script says what has happened.
        assert (answer.status_code, answer.content) == (401, b"")
        assert "HX-Redirect" not in answer.headers
        return
    assert answer.status_code == 403
    assert "You're signed out" in text(answer)
    assert "She called. Twice <today>." in text(answer)
    assert "a b c" not in answer.text
    assert "/accounts/login/?next=/panel/incidents/open/" in answer.text


def test_sign_in_passes_on_no_secret():
    given = order() | {"password": "secret-word", "csrfmiddlewaretoken": "token"}
    answer = Client().post("/transfer/", given)
    assert "secret-word" not in answer.headers["Location"]
    assert "token" not in answer.headers["Location"]
    answer = Client().post("/profile/", {"name": "Jane", "password": "secret-word"})
    assert answer.headers["Location"] == "/accounts/login/?next=/profile/"
