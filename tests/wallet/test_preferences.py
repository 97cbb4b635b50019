"""Preferences are stored in the browser's cookies, and setting one returns to its page."""

import pytest
from django.urls import reverse

from tests.factories import withdraw
from tests.pages import elements, text

PREFERENCES = reverse("wallet:preferences")

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

ELSEWHERE = [
    "https://evil.example",
    "http://evil.example/",
    "HTTPS://evil.example",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    "\x08//evil.example",
    "\x00//evil.example",
    " //evil.example",
    "\u00a0//evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "http:\\\\evil.example",
    "https://testserver@evil.example",
    "https://testserver:80@evil.example/",
    "https://evil.example#@testserver",
    "https://evil.example\\@testserver",
    "//evil.example:80",
    "//evil%E3%80%82example",
    "//[::1]",
    "//[",
    "http://[",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "ftp://testserver/",
    "mailto:a@b.c",
    "profile",
    "activity/",
    "?x=y",
    "ws://testserver/",
    "http://testserver.evil.example",
    "http://evil.example/testserver",
    "",
]
HERE = ["/", "/profile/", "/activity/?type=DEPOSIT&q=a%20b", "/%2f%2fevil.example", "/activity/#x"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("theme", "light"),
        ("theme", "dark"),
        ("theme", "system"),
        ("balance", "hidden"),
        ("balance", "shown"),
    ],
)
def test_a_preference_is_stored_in_a_cookie_that_scripts_cannot_read(client, name, value):
    response = client.post(PREFERENCES, {name: value, "next": "/profile/"})
    assert (response.status_code, response.headers["Location"]) == (302, "/profile/")
    cookie = response.cookies[name]
    assert cookie.value == value
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert cookie["max-age"] >= 180 * 24 * 60 * 60


@pytest.mark.parametrize(
    "given",
    [
        {"theme": "purple"},
        {"theme": ""},
        {"theme": '"><script>'},
        {"balance": "1"},
        {"theme": "dark", "balance": "maybe"},
    ],
)
def test_an_unknown_value_is_a_bad_request(client, given):
    response = client.post(PREFERENCES, given)
    assert response.status_code == 400
    assert not response.cookies
    assert "Error 400" in text(response)


def test_only_a_post_sets_anything(client):
    response = client.get(PREFERENCES, {"theme": "dark"})
    assert response.status_code == 405
    assert not response.cookies


def test_setting_a_preference_never_redirects_to_another_site(client):
    for target in ELSEWHERE:
        response = client.post(PREFERENCES, {"theme": "dark", "next": target})
        assert (response.status_code, response.headers["Location"]) == (302, "/"), target


def test_setting_a_preference_returns_to_its_page(client):
    for target in HERE:
        response = client.post(PREFERENCES, {"theme": "dark", "next": target})
        assert response.headers["Location"] == target


def test_signing_in_and_out_never_redirects_to_another_site(as_alice, alice):
    login, signup, logout = map(reverse, ("account_login", "account_signup", "account_logout"))
    for target in ELSEWHERE:
        # A member who is signed in already is redirected immediately.
        for url in (login, signup):
            assert as_alice.get(url, {"next": target}).headers["Location"] == "/", target
        assert as_alice.post(logout, {"next": target}).headers["Location"] == "/", target
        as_alice.force_login(alice)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_has_the_chosen_theme(client, theme):
    client.post(PREFERENCES, {"theme": theme})
    (root,) = elements(client.get("/"), "html")
    assert dict(root.attributes)["data-theme"] == theme


@pytest.mark.parametrize("cookie", ["system", "purple", '"><script>', ""])
def test_without_a_choice_the_device_decides(client, cookie):
    client.cookies["theme"] = cookie
    (root,) = elements(client.get("/"), "html")
    assert "data-theme" not in dict(root.attributes)


def test_a_hidden_balance_is_nowhere_on_the_home_page(as_alice, alice):
    withdraw(alice, 100_00)
    assert "900.00" in text(as_alice.get("/"))
    as_alice.post(PREFERENCES, {"balance": "hidden"})
    page = as_alice.get("/", headers={"HX-Request": "true", "HX-Target": "balance"})
    assert "900.00" not in text(page)
    assert "The balance is hidden" in text(page)
    as_alice.post(PREFERENCES, {"balance": "shown"})
    assert "900.00" in text(as_alice.get("/"))
