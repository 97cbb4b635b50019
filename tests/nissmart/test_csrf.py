"""Nothing changes without the CSRF token of our own page, or by a method that only reads."""

import os

import pytest
from django.test import Client

from ledger.models import Transaction
from tests.books import assert_books_right
from tests.conftest import Payer, pass_second_factor
from tests.factories import PASSWORD, UserFactory, account_id, new_key, send
from tests.nissmart.test_privileges import expected, people, samples, url_of
from tests.pages import elements, fields, htmx, text
from wallet.models import Account, User

__all__ = ["people", "samples"]

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

OURS = {"Origin": "http://testserver"}


def strict(user: User | None = None) -> Client:
    client = Payer(enforce_csrf_checks=True)
    if user:
        client.force_login(user)
        pass_second_factor(client)
    return client


def state() -> tuple:
    """Everything that a request could change."""
    return (
        list(User.objects.order_by("pk").values_list()),
        list(Account.objects.order_by("pk").values_list()),
        list(Transaction.objects.order_by("pk").values_list()),
    )


def test_every_url_that_accepts_post_requires_the_token(people, samples):
    """A URL without POST answers 405, and the others refuse a POST without the token.

    The token comes before the role, so the roles that would get another answer take turns.
    """
    unguarded = {}
    clients = {role: strict(people.get(role)) for role in ("anonymous", "member", "operator")}
    for number, ((route, method), row) in enumerate(expected().items()):
        asked = [role for role in clients if method == "POST" and has_token(route, role, row[role])]
        if asked and not os.environ.get("NIGHTLY"):
            telling = [role for role in asked if row[role] != "403"] or asked
            asked = [telling[number // 2 % len(telling)]]
        for role in asked:
            status = clients[role].post(url_of(route, samples)).status_code
            if status != 403:
                unguarded[route, role] = status
    assert unguarded == {}


def has_token(route: str, role: str, answer: str) -> bool:
    """Is the token what this POST lacks? `answer` is what it gets with a token."""
    if answer == "405":
        return False
    # A rail has no cookie: the secret in its URL stands for the token.
    if route.startswith(("accounts/", "rails/")):
        return answer != "404"
    # Without a session or token the API answers 401, and its documents change nothing.
    if route.startswith("api/"):
        return role != "anonymous" and answer not in ("200", "404")
    return True


@pytest.fixture
def order(alice, bob) -> dict[str, str]:
    return {"recipient": bob.email, "amount": "5", "idempotency_key": new_key(), "confirm": "1"}


def token(client: Client, url: str = "/transfer/") -> str:
    return fields(client.get(url))["csrfmiddlewaretoken"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        htmx("move"),
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"X-CSRFToken": "x" * 64},
        {"X-HTTP-Method-Override": "GET"},
    ],
)
def test_an_order_without_the_token_moves_nothing(alice, order, headers):
    client, before = strict(alice), state()
    answer = client.post("/transfer/", order, headers=headers)
    assert answer.status_code == 403
    assert state() == before


def test_another_members_token_moves_nothing(alice, bob, order):
    theirs = strict(bob)
    stolen = token(theirs, "/profile/")
    client = strict(alice)
    token(client)
    before = state()
    answer = client.post("/transfer/", order | {"csrfmiddlewaretoken": stolen}, headers=OURS)
    assert answer.status_code == 403
    assert state() == before


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://testserver.evil.example"]
)
def test_the_right_token_from_another_site_moves_nothing(alice, order, origin):
    client = strict(alice)
    filled, before = order | {"csrfmiddlewaretoken": token(client)}, state()
    assert client.post("/transfer/", filled, headers={"Origin": origin}).status_code == 403
    assert state() == before


@pytest.mark.parametrize("headers", [OURS, OURS | htmx("move")])
def test_our_own_page_moves_money(alice, bob, order, headers):
    client = strict(alice)
    filled = order | {"csrfmiddlewaretoken": token(client)}
    client.post("/transfer/", filled, headers=headers)
    assert bob.primary_account().balance_cents == 5_00
    assert_books_right()


def test_a_body_of_another_content_type_moves_nothing(alice, order):
    client = strict(alice)
    right, before = token(client), state()
    for kind in ("text/plain", "application/json", "application/xml", ""):
        answer = client.generic(
            "POST",
            "/transfer/",
            "&".join(f"{name}={value}" for name, value in order.items()),
            content_type=kind,
            headers=OURS | {"X-CSRFToken": right},
        )
        assert answer.status_code == 422, kind
    assert state() == before


@pytest.mark.parametrize("method", ["get", "head", "options", "put", "patch", "delete", "trace"])
def test_a_method_that_reads_changes_nothing(alice, bob, order, operator, samples, people, method):
    client = Client()
    client.force_login(operator)
    pass_second_factor(client)
    send(alice, bob, 1_00)
    before = state()
    query = "&".join(f"{name}={value}" for name, value in order.items())
    for url in ("/deposit/", "/transfer/", "/withdraw/", "/profile/", "/preferences/"):
        getattr(client, method)(f"{url}?{query}&theme=dark&_method=POST&name=Mallory")
    chosen = f"action=freeze&_selected_action={account_id(alice)}"
    getattr(client, method)(f"/admin/wallet/account/?{chosen}")
    getattr(client, method)("/accounts/logout/")
    assert state() == before
    assert "_auth_user_id" in client.session


def test_a_missing_token_gets_a_calm_page():
    answer = strict().post("/accounts/login/", {"login": "x"})
    assert answer.status_code == 403
    assert "This page is out of date" in text(answer)
    assert elements(answer, "main")


def test_every_form_that_posts_carries_the_token(alice, finance):
    for user, urls in [
        (None, ["/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"]),
        (alice, ["/", "/deposit/", "/transfer/", "/profile/", "/accounts/password/change/"]),
        (finance, ["/panel/", "/panel/ledger/", "/panel/activity/"]),
    ]:
        client = strict(user)
        for url in urls:
            page = client.get(url)
            forms = [form for form in elements(page, "form") if is_post(form)]
            assert forms, url
            tokens = elements(page, "input", name="csrfmiddlewaretoken")
            assert len(tokens) == len(forms), url


def is_post(form) -> bool:
    return (dict(form.attributes).get("method") or "").lower() == "post"


def test_signing_in_changes_the_token():
    UserFactory(email="jane@example.com")
    client = strict()
    old = token(client, "/accounts/login/")
    before = client.cookies["csrftoken"].value
    filled = {"login": "jane@example.com", "password": PASSWORD, "csrfmiddlewaretoken": old}
    assert client.post("/accounts/login/", filled).status_code == 302
    assert client.cookies["csrftoken"].value != before
    assert client.post("/deposit/", {"csrfmiddlewaretoken": old}).status_code == 403
