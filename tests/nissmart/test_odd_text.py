"""No text in a form, a URL or a cookie causes a server error."""

import os

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.books import assert_books_right
from tests.conftest import signed_in
from tests.factories import PASSWORD, UserFactory, funded, new_key, send
from tests.nissmart.support.hostile import MARKUP as HOSTILE_MARKUP
from tests.nissmart.support.hostile import texts
from tests.pages import fields, htmx

pytestmark = pytest.mark.django_db

NIGHTLY = bool(os.environ.get("NIGHTLY"))
MARKUP = "<script>alert(1)</script>"
# What a database refuses, takes for a format or finds too long.
WORST = [
    "a\0b",
    "%s %n {0} {limit} {{ user }} {% now 'Y' %} ${x} %_\\ ' OR 1=1; DROP TABLE wallet_user; --",
    MARKUP + "\"'><img src=x onerror=alert(1)>",
    "9" * 400,
    "a" * 20_000,
]
ODD = [
    *WORST,
    "\0",
    "a\r\nSet-Cookie: x=y\n\tb\x1b[2J\x7f\x85",
    "\u202eevil\u2066\u200b\u200d\ufeff" + "\u0301\u0489" * 60,
    "\U0001f4b8\U0010ffff\ufffe\uffff \uff10\uff17\u0663 İIıß\u212a\ufb01",
    "ü@" + "b" * 300 + ".example",
    "@",
    "//[",
    "-1",
]
# Our own code deals with the others, before any database sees them: SQLite's run has them.
TRIED = WORST if connection.vendor == "postgresql" and not NIGHTLY else ODD


@pytest.fixture(autouse=True)
def no_rate_limits(settings):
    settings.ACCOUNT_RATE_LIMITS = False


@pytest.fixture
def rich(db):
    return funded(UserFactory(email="rich@example.com"), 1_000_00)


def try_all(
    client: Client,
    method: str,
    url: str,
    filled: dict[str, str],
    *odd_fields: str,
    texts: list[str] = TRIED,
):
    """Send each odd text in each field, with valid values in the other fields."""
    client.raise_request_exception = False
    for name in odd_fields:
        for text in texts:
            answer = getattr(client, method)(url, filled | {name: text})
            assert answer.status_code < 500, (url, name, text[:40])
            assert MARKUP not in answer.text, (url, name)


def try_together(client: Client, url: str, *odd_fields: str, method: str = "get"):
    """Send odd texts in all fields at the same time, a different one in each."""
    client.raise_request_exception = False
    for turn in range(len(TRIED)):
        query = {name: TRIED[(turn + i) % len(TRIED)] for i, name in enumerate(odd_fields)}
        answer = getattr(client, method)(url, query)
        assert answer.status_code < 500, (url, query)
        assert MARKUP not in answer.text, url


def test_odd_text_in_an_order(rich, alice):
    filled = {"amount": "1", "idempotency_key": new_key(), "recipient": alice.email, "confirm": "1"}
    names = ["recipient", "description", "idempotency_key", "confirm", "change"]
    try_all(signed_in(rich), "post", "/transfer/", filled, *names)
    try_all(signed_in(rich), "post", "/withdraw/", filled, "description")
    try_together(signed_in(rich), "/transfer/", "recipient", "amount")
    assert_books_right()


def test_odd_text_in_the_filters_of_activity(rich):
    client = signed_in(rich)
    try_all(client, "get", "/activity/", {}, "q", "cursor")
    try_together(client, "/activity/", "type", "status", "direction", "from", "to", "unknown")


def test_odd_text_in_the_filters_of_the_panel(rich, finance):
    client = signed_in(finance)
    try_together(client, "/panel/ledger/", "q", "member", "cursor")
    chosen = ("columns", "density", "size", "format", "type", "status", "from", "to", "min", "max")
    try_together(client, "/panel/ledger/", *chosen, "cursor")
    try_together(client, "/panel/ledger/totals/", "type", "status", "from", "to", "min", "member")
    try_all(client, "post", "/panel/ledger/views/", {"name": "x", "query": "q=x"}, "name", "query")
    try_together(client, "/panel/activity/", "type", "status", "cursor", "pause")
    try_together(client, "/panel/members/", "q", "cursor")
    try_all(client, "get", "/panel/search/", {}, "q")
    try_together(client, "/panel/accounts/", "on", "unknown")
    for account_id in (rich.primary_account().pk, -1):
        url = f"/panel/accounts/{account_id}/"
        try_together(client, url, "type", "from", "to", "at", "cursor")


def test_odd_text_in_a_reason(rich, finance):
    """The acts read it with the same form, so one gets all texts and the others the worst."""
    client = signed_in(finance)
    for act in ("reveal", "freeze", "unfreeze", "keep-frozen"):
        url = f"/panel/members/{rich.pk}/{act}/"
        try_all(client, "post", url, {}, "reason", texts=TRIED if act == "reveal" else WORST)


def test_odd_text_in_sign_up(client):
    filled = {"name": "Jane", "phone": "0712345678", "email": "", "password1": PASSWORD}
    for name in ("name", "phone", "email", "password1", "next"):
        # A sign-up that succeeded signs in, and the form would then redirect.
        try_all(Client(), "post", reverse("account_signup"), filled, name)


def test_odd_text_in_sign_in(rich):
    filled = {"login": "rich@example.com", "password": "wrong"}
    try_all(
        Client(), "post", reverse("account_login"), filled, "login", "password", "remember", "next"
    )
    for name in ("login", "next"):
        try_all(Client(), "get", reverse("account_login"), {}, name)


def test_odd_text_in_passwords(rich):
    try_all(Client(), "post", reverse("account_reset_password"), {}, "email")
    filled = {"oldpassword": "wrong", "password1": "x", "password2": "x"}
    try_all(signed_in(rich), "post", reverse("account_change_password"), filled, *filled)


def test_odd_text_in_the_profile(rich):
    filled = {"phone": "", "email": "rich@example.com", "password": PASSWORD}
    try_all(signed_in(rich), "post", reverse("wallet:profile"), filled, *filled)
    fields = ("name", "reason")
    try_together(signed_in(rich), reverse("wallet:ask_for_name"), *fields, method="post")


HOSTILE = {
    "sign-up": ("/accounts/signup/", {"phone": "", "email": "", "password1": ""}, ["name"]),
    "name": ("/profile/name/", {}, ["name", "reason"]),
    "report": ("/activity/{}/report/", {"reason": ""}, ["text"]),
}


@pytest.mark.any_engine
@pytest.mark.parametrize("where", HOSTILE)
def test_hostile_text_comes_back_escaped(rich, alice, where):
    """The forms are incomplete, so each answer repeats what was typed.

    They escape in the same way: each gets all markup, and they take turns at the other texts.
    """
    url, filled, names = HOSTILE[where]
    url = url.format(send(rich, alice, 1_00).reference)
    client = Client() if where == "sign-up" else signed_in(rich)
    client.raise_request_exception = False
    for number, hostile in enumerate(texts(500 if NIGHTLY else 100)):
        turn = list(HOSTILE)[number % len(HOSTILE)]
        if not (NIGHTLY or hostile in HOSTILE_MARKUP or turn == where):
            continue
        answer = client.post(url, filled | dict.fromkeys(names, hostile))
        assert answer.status_code < 500, hostile[:80]
        if "<" in hostile[:400]:
            assert hostile not in answer.text
    assert_books_right()


def test_odd_text_in_preferences(rich):
    names = ("theme", "balance", "next")
    try_all(signed_in(rich), "post", reverse("wallet:preferences"), {}, *names)


def test_odd_text_in_the_admins_search(operator):
    client = signed_in(operator)
    for name in ("wallet_user", "wallet_account", "ledger_transaction", "ledger_entry"):
        url = reverse(f"admin:{name}_changelist")
        try_together(client, url, "q", "o", "p", "all", "_popup")


def test_odd_text_in_a_tariff(operator):
    """Several things may be wrong with a price, and then its error has no code."""
    url = reverse("admin:ledger_tariff_add")
    client, filled = signed_in(operator), fields(signed_in(operator).get(url))
    for name, tried in (("bands-0-from_cents", TRIED), ("bands-0-fee_cents", WORST)):
        for text in tried:
            assert client.post(url, filled | {name: text}).status_code == 200, (name, text[:40])


IN_URLS = ("%00", "%0a", "%ff", "%ed%a0%80", "%e2%80%ae", "%2f%2f", "a" * 4000, "%25s", "1" * 30)


def test_odd_text_in_a_url(finance, operator):
    """To a visitor, and to someone who may open such pages."""
    visitor, as_finance, as_operator = Client(), signed_in(finance), signed_in(operator)
    for path, client in [
        ("/activity/{}/", as_finance),
        ("/panel/transactions/{}/", as_finance),
        ("/panel/accounts/{}/", as_finance),
        ("/panel/members/{}/", as_finance),
        ("/admin/wallet/user/{}/change/", as_operator),
        ("/admin/ledger/transaction/{}/change/", as_operator),
        ("/accounts/password/reset/key/{}/", as_finance),
        ("/accounts/confirm-email/{}/", as_finance),
        ("/{}", as_finance),
    ]:
        for text in IN_URLS:
            for each in (visitor, client):
                each.raise_request_exception = False
                assert each.get(path.format(text)).status_code < 500, (path, text[:40])


@pytest.mark.any_engine
@pytest.mark.parametrize("name", ["sessionid", "csrftoken", "messages", "theme", "balance"])
def test_odd_text_in_a_cookie(rich, name):
    client = signed_in(rich)
    client.raise_request_exception = False
    sound = {name: morsel.value for name, morsel in client.cookies.items()}
    octal = ['"\\000\\001"', '"' + "a" * 32 + '\\000"']
    for text in [*(text for text in ODD if text.isascii()), *octal]:
        client.cookies.load(sound | {name: text})
        assert client.get("/", headers=htmx("balance")).status_code < 500, text[:40]
        assert client.post("/deposit/", {}, headers=htmx("move")).status_code < 500, text[:40]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"amount=%ff%fe&description=%ed%a0%80&x=%"),
        ("application/x-www-form-urlencoded", b"\xff\xfe\x00" * 50),
        ("application/x-www-form-urlencoded", b"&".join([b"a=1"] * 1001)),
        ("application/x-www-form-urlencoded; charset=utf-16", b"amount=1"),
        ("application/x-www-form-urlencoded; charset=nonsense", b"amount=1"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n1"),
        ("multipart/form-data", b"nothing"),
        ("multipart/form-data; boundary=\xe9", b"nothing"),
        ("application/json", b'{"amount": "1"}'),
        ("text/plain", b"amount=1&confirm=1"),
        ("", b"amount=1"),
    ],
)
def test_odd_bytes_in_a_body(rich, content_type, body):
    client = signed_in(rich)
    client.raise_request_exception = False
    for url in ("/deposit/", "/profile/", "/preferences/", "/accounts/logout/"):
        assert client.generic("POST", url, body, content_type=content_type).status_code < 500
    assert rich.primary_account().balance_cents == 1_000_00


@pytest.mark.any_engine
@pytest.mark.parametrize(
    "headers",
    [
        {"HX-Target": "x" * 9000, "HX-Request": "true"},
        {"HX-Target": "move#x", "HX-Request": "true"},
        {"HX-Current-URL": "http://[", "HX-Request": "true"},
        {"HX-Current-URL": "//[", "HX-Request": "true"},
        {"HX-Current-URL": "\x00\xff", "HX-Request": "true"},
        {"HX-Current-URL": "http%3A%2F%2F%5B", "HX-Current-URL-URI-AutoEncoded": "true"},
        {"HX-Request": "maybe"},
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-For": "\x00,,"},
        {"Accept-Language": "x" * 9000},
        {"Referer": "http://["},
        {"Origin": "null"},
    ],
)
def test_odd_text_in_a_header(rich, headers):
    for client in (signed_in(rich), Client()):
        client.raise_request_exception = False
        for url in ("/", "/deposit/", "/activity/", "/accounts/login/", "/admin/"):
            assert client.get(url, headers=headers).status_code < 500, url
        assert client.post("/deposit/", {}, headers=headers).status_code < 500
