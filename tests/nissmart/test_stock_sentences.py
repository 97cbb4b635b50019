"""Errors are in our words, never in a stock sentence of Django or allauth."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import allauth
import django
import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from tests.conftest import signed_in
from tests.factories import PASSWORD, UserFactory
from tests.pages import problems, problems_beside, text, tree, walk
from wallet.models import User
from wallet.signin.adapters import AccountAdapter, SecondFactorAdapter

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

CATALOGUES = [
    Path(django.__file__).parent / "conf",
    Path(django.__file__).parent / "contrib/auth",
    Path(allauth.__file__).parent,
]
WRITTEN = re.compile(r'^msgid(?:_plural)? ((?:"(?:[^"\\]|\\.)*"\s*)+)', re.MULTILINE)


def stock() -> set[str]:
    """Every sentence of Django and allauth, such as `This field is required.`"""
    found = set()
    for package in CATALOGUES:
        catalogue = (package / "locale/en/LC_MESSAGES/django.po").read_text()
        for written in WRITTEN.findall(catalogue):
            sentence = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', written)).replace('\\"', '"')
            if len(sentence.split()) > 3:
                found.add(sentence)
    return found


STOCK = stock()
PATTERNS = [
    re.compile(re.sub(r"%%|%(\\\(\w+\\\))?[sdi]", ".{1,60}", re.escape(sentence)))
    for sentence in STOCK
    if "%" in sentence
]


@cache
def is_stock(said: str) -> bool:
    return said in STOCK or any(pattern.fullmatch(said) for pattern in PATTERNS)


def texts_of(response) -> Iterator[str]:
    """Each text node of a page."""
    for element in walk(tree(response)):
        for child in element.children:
            if isinstance(child, str) and child.strip():
                yield " ".join(child.split())


def assert_ours(response, *, url: str = "") -> None:
    found = {said for said in texts_of(response) if is_stock(said)}
    assert found == set(), (url, found)


def test_the_check_finds_stock_sentences():
    for sentence in (
        "This field is required.",
        "This password is entirely numeric.",
        "This password is too short. It must contain at least 8 characters.",
        "The username and/or password you specified are not correct.",
        "Use authenticator app or code",
        "Null characters are not allowed.",
    ):
        assert is_stock(sentence), sentence
    assert not is_stock("Enter your name.")


@pytest.fixture(autouse=True)
def no_rate_limits(settings):
    settings.ACCOUNT_RATE_LIMITS = False


@pytest.fixture
def jane(db) -> User:
    return UserFactory(name="Jane", email="jane@example.com", phone="+254712345678")


BAD = ["", "x", "a\0b", "\u202e", "9" * 400, "a@b", "jane@example.com", "0712345678", "12345678"]
# A list doesn't check for whom or for what it's asked, so less can be wrong with it.
BAD_FILTERS = ["", "x", "a\0b", "\u202e", "9" * 400]
FORMS = {
    "account_signup": ("name", "phone", "email", "password1"),
    "account_login": ("login", "password", "remember"),
    "account_reset_password": ("email",),
    "account_change_password": ("oldpassword", "password1", "password2"),
    "account_reauthenticate": ("password",),
    "mfa_activate_totp": ("code",),
    "wallet:profile": ("phone", "email", "password"),
    "wallet:ask_for_name": ("name", "reason"),
    "wallet:api_tokens": ("name", "days", "pin"),
    "ledger:deposit": ("amount", "description", "idempotency_key"),
    "ledger:transfer": ("amount", "recipient", "description", "idempotency_key"),
    "ledger:withdraw": ("amount", "description", "idempotency_key"),
}
LISTS = {
    "ledger:activity": ("q", "type", "status", "direction", "from", "to"),
    "adminpanel:ledger": ("q", "member", "min", "max", "type", "status", "from", "to", "size"),
    "adminpanel:members": ("q",),
    "adminpanel:search": ("q",),
    "adminpanel:audit": ("q", "actor", "action", "from", "to"),
    "adminpanel:accounts": ("on",),
}
IN_ADMIN = {
    "admin:wallet_user_add": ("name", "email", "phone"),
    "admin:auth_group_add": ("name",),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_refused_form(jane, name):
    is_public = name in ("account_signup", "account_login", "account_reset_password")
    client = Client() if is_public else signed_in(jane)
    url = reverse(name)
    for value in BAD:
        answer = client.post(url, dict.fromkeys(FORMS[name], value))
        if answer.status_code in (200, 422):
            assert_ours(answer, url=f"{url} {value!r}")
    assert_ours(client.get(url), url=url)


@pytest.mark.parametrize("name", LISTS)
def test_an_unreadable_filter(finance, jane, name):
    client = signed_in(finance if name.startswith("adminpanel") else jane)
    for value in BAD_FILTERS:
        url = reverse(name)
        assert_ours(client.get(url, dict.fromkeys(LISTS[name], value)), url=f"{url} {value!r}")


@pytest.mark.parametrize("name", IN_ADMIN)
def test_a_refused_form_of_the_admin(operator, jane, name):
    client, url = signed_in(operator), reverse(name)
    for value in BAD:
        answer = client.post(url, dict.fromkeys(IN_ADMIN[name], value))
        if answer.status_code == 200:
            assert_ours(answer, url=f"{url} {value!r}")


# --- Sign-in and passwords ----------------------------------------------------------------------

WRONG = "The phone number, email or password isn't right."


@pytest.mark.parametrize("login", ["jane", "jane@example.com", "0712345678", "@", "12", "a\tb"])
def test_a_wrong_login_of_any_form(jane, login):
    answer = Client().post(reverse("account_login"), {"login": login, "password": "wrong"})
    assert problems(answer)[0] in (WRONG, "Use letters, digits and ordinary signs only.")
    assert_ours(answer)


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("short", "Use at least 8 characters."),
        (
            "NISSMART-mpesa-2026",
            "Thieves try passwords with our name and words like it first. Choose another.",
        ),
        ("password1", "Many people use this password, so thieves try it first. Choose another."),
        ("xjane@example", "This is too similar to your email. Choose another password."),
        ("", "Choose a password."),
    ],
)
def test_a_weak_password(jane, password, sentence):
    changed = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    answer = signed_in(jane).post(reverse("account_change_password"), changed)
    assert sentence in problems_beside(answer, "password1")
    given = {"name": "Ann", "phone": "", "email": "xjane@example.org", "password1": password}
    answer = Client().post(reverse("account_signup"), given)
    assert sentence in problems_beside(answer, "password1")


def test_two_different_passwords(jane):
    given = {"oldpassword": PASSWORD, "password1": "one-Good-Word", "password2": "another-Word"}
    answer = signed_in(jane).post(reverse("account_change_password"), given)
    assert (
        problems(answer)
        == problems_beside(answer, "password2")
        == ["Enter the same password twice."]
    )


def test_createsuperuser_prints_our_password_rules(jane):
    with pytest.raises(ValidationError) as refusal:
        validate_password("1234", jane)
    assert not any(map(is_stock, refusal.value.messages))
    with pytest.raises(Exception, match="Use at least 8 characters"):
        call_command(
            "shell",
            command="from django.contrib.auth.password_validation import *;"
            "validate_password('x7!')",
            verbosity=0,
        )


@pytest.fixture
def secret(jane) -> str:
    """Switch on Jane's second factor."""
    secret = generate_totp_secret()
    TOTP.activate(jane, secret)
    RecoveryCodes.activate(jane)
    return secret


def test_both_ways_to_confirm_who_you_are(jane, secret):
    client = Client()
    client.force_login(jane)
    session = client.session
    records = [{"method": method, "at": time.time() - 9999} for method in ("password", "mfa")]
    session["account_authentication_methods"] = records
    session.save()
    page = client.get(reverse("account_reauthenticate"))
    assert "Use a code from your app or a recovery code" in text(page)
    assert_ours(page)
    page = client.get(reverse("mfa_reauthenticate"))
    assert "Use your password" in text(page)
    assert_ours(page)


@pytest.mark.parametrize("code", ["", "000000", "a\0b", "x" * 50])
def test_a_wrong_code(jane, secret, code):
    client = Client()
    client.post(reverse("account_login"), {"login": jane.email, "password": PASSWORD})
    answer = client.post(reverse("mfa_authenticate"), {"code": code})
    assert problems(answer)
    assert_ours(answer)


@pytest.mark.parametrize(
    "around", ["{} {}", "{}\u00a0{}", "\u202a{}{}\u202c", "{}\u2011{}", "{}\u200b{}"]
)
def test_a_pasted_code_is_accepted(jane, secret, around):
    codes = Authenticator.objects.get(user=jane, type="recovery_codes").wrap().get_unused_codes()
    client = Client()
    client.post(reverse("account_login"), {"login": jane.email, "password": PASSWORD})
    pasted = around.format(codes[0][:4], codes[0][4:])
    client.post(reverse("mfa_authenticate"), {"code": pasted})
    assert "_auth_user_id" in client.session


@pytest.mark.parametrize("adapter", [AccountAdapter, SecondFactorAdapter])
def test_no_adapter_has_a_stock_sentence(adapter):
    assert [word for word in adapter.error_messages.values() if is_stock(str(word))] == []
