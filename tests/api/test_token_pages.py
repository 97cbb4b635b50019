"""Members manage their own tokens on a page; operators revoke any token in the admin."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from tests.api.support.calls import bearer, issue
from tests.conftest import Payer, signed_in
from tests.pages import elements, fields, htmx, is_whole_page, problems_beside, text, title
from tests.pages import words as words_of
from wallet.api import tokens
from wallet.models import ApiToken, AuditEvent, Pin

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

PAGE = reverse("wallet:api_tokens")
ADMIN = reverse("admin:wallet_apitoken_changelist")
ADMIN_ADD = reverse("admin:wallet_apitoken_add")


def issue_on_page(user, name="My shop", days="90", **more):
    return signed_in(user).post(PAGE, {"name": name, "days": days}, **more)


def secret_on(response) -> str:
    (element,) = elements(response, "code", id="secret")
    return words_of(element)


def revoke_path(token) -> str:
    return reverse("wallet:revoke_api_token", args=[token.pk])


def is_live(secret: str) -> bool:
    return bearer(secret).get("/api/users").status_code == 200


def test_the_page_needs_a_session(client, alice):
    issue(alice)
    for response in (client.get(PAGE), client.post(PAGE, {"name": "x"})):
        assert response.headers["Location"].startswith(reverse("account_login"))
    response = client.post(revoke_path(ApiToken.objects.get()))
    assert response.headers["Location"].startswith(reverse("account_login"))
    assert ApiToken.objects.get().revoked_at is None


def test_the_security_page_links_to_the_page(as_alice):
    assert f'href="{PAGE}"' in as_alice.get("/security/").text


def test_the_page_without_tokens_says_so(as_alice):
    response = as_alice.get(PAGE)
    assert is_whole_page(response)
    assert "No tokens yet." in text(response)


@pytest.mark.parametrize("headers", [{}, htmx()])
def test_shows_a_new_token_once(alice, headers):
    client = signed_in(alice)
    answer = client.post(PAGE, {"name": "My shop", "days": "90"}, headers=headers)
    assert answer.headers["HX-Redirect" if headers else "Location"] == PAGE
    response = client.get(PAGE)
    secret = secret_on(response)
    assert is_live(secret)
    assert "no-store" in response.headers["Cache-Control"]
    token = ApiToken.objects.get()
    assert (token.user, token.scope, token.name) == (alice, "member", "My shop")
    later = client.get(PAGE)
    assert not elements(later, "code", id="secret")
    assert secret not in later.text
    assert f"Ends in {secret[-4:]}" in text(later)
    assert "My shop" in text(later)


def test_only_the_same_browser_sees_the_secret_and_only_for_a_minute(alice, bob, time_machine):
    client = signed_in(alice)
    client.post(PAGE, {"name": "My shop", "days": "90"})
    cookie = client.cookies["new_token"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", PAGE)
    for other, value in [(bob, cookie.value), (alice, cookie.value[:-1]), (alice, "nsk_planted")]:
        stranger = signed_in(other)
        stranger.cookies["new_token"] = value
        assert not elements(stranger.get(PAGE), "code", id="secret")
    time_machine.move_to(timezone.now() + timedelta(seconds=61))
    assert not elements(client.get(PAGE), "code", id="secret")


@pytest.mark.parametrize(("days", "expected"), [("30", 30), ("90", 90), ("365", 365), ("", None)])
def test_a_token_expires_after_the_chosen_days(alice, days, expected):
    issue_on_page(alice, days=days)
    expires_at = ApiToken.objects.get().expires_at
    if expected is None:
        assert expires_at is None
    else:
        assert abs(timezone.now() + timedelta(days=expected) - expires_at) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"days": "36500"}, "days"),
        ({"days": "never"}, "days"),
    ],
)
def test_an_error_stands_beside_its_field_and_keeps_the_input(alice, typed, field):
    response = issue_on_page(alice, **typed)
    assert response.status_code == 422
    assert title(response).startswith("Error:")
    assert problems_beside(response, field)
    assert not ApiToken.objects.exists()
    if field == "days":
        assert fields(response)["name"] == "My shop"


def test_a_member_can_not_choose_the_scope_or_the_owner(alice, bob):
    signed_in(alice).post(PAGE, {"name": "x", "days": "", "scope": "service", "user": bob.pk})
    token = ApiToken.objects.get()
    assert (token.scope, token.user) == ("member", alice)


def test_lists_only_the_members_own_live_tokens(alice, bob):
    for user, name in ((alice, "Alice's till"), (bob, "Bob's van"), (alice, "Old one")):
        issue(user, name=name)
    tokens.revoke(ApiToken.objects.get(name="Old one").pk)
    page = text(signed_in(alice).get(PAGE))
    assert "Alice's till" in page
    assert "Bob's van" not in page
    assert "Old one" not in page
    assert "never used" in page


def test_escapes_the_name(alice):
    issue(alice, name="<script>alert(1)</script>")
    assert "<script>alert" not in signed_in(alice).get(PAGE).text


@pytest.mark.parametrize(
    ("headers", "status", "header"), [({}, 303, "Location"), (htmx(), 200, "HX-Redirect")]
)
def test_a_member_revokes_a_token(alice, headers, status, header):
    secret, other = issue(alice), issue(alice)
    token = ApiToken.objects.earliest("pk")
    client = signed_in(alice)
    response = client.post(revoke_path(token), headers=headers)
    assert (response.status_code, response.headers[header]) == (status, PAGE)
    assert "Token revoked." in text(client.get(PAGE))
    assert not is_live(secret)
    assert is_live(other)


def test_a_strangers_token_is_not_found(alice, carol):
    secret = issue(alice)
    token = ApiToken.objects.get()
    stranger = signed_in(carol)
    unknown = reverse("wallet:revoke_api_token", args=[999_999])
    answers = {stranger.post(path).status_code for path in (revoke_path(token), unknown)}
    assert answers == {404}
    assert is_live(secret)


def test_a_revoked_token_is_not_found(alice):
    issue(alice)
    token = ApiToken.objects.get()
    client = signed_in(alice)
    client.post(revoke_path(token))
    assert client.post(revoke_path(token)).status_code == 404


def test_only_a_post_revokes(alice):
    secret = issue(alice)
    assert signed_in(alice).get(revoke_path(ApiToken.objects.get())).status_code == 405
    assert is_live(secret)


# --- The admin ----------------------------------------------------------------------------------


def issue_in_admin(operator, owner, scope="service", **more):
    client = signed_in(operator)
    wanted = {"user": owner.pk, "name": "Payroll", "scope": scope}
    response = client.post(ADMIN_ADD, wanted | {"expires_at_0": "", "expires_at_1": ""} | more)
    return client, response


@pytest.mark.parametrize("scope", ["member", "finance", "service"])
def test_an_operator_may_not_issue_tokens_because_they_move_money(operator, alice, scope):
    _client, response = issue_in_admin(operator, alice, scope)
    assert response.status_code == 403
    assert not ApiToken.objects.exists()


def test_an_operator_revokes_a_token(operator, alice):
    secrets = [issue(alice), issue(alice)]
    wanted = {"action": "revoke", "_selected_action": [str(ApiToken.objects.earliest("pk").pk)]}
    client = signed_in(operator)
    assert "Revoke these tokens?" in text(client.post(ADMIN, wanted))
    assert client.post(ADMIN, wanted | {"confirm": "x", "reason": ""}).status_code == 422
    assert all(map(is_live, secrets))
    response = client.post(ADMIN, wanted | {"confirm": "x", "reason": "Leaked"}, follow=True)
    assert "1 token is revoked." in text(response)
    assert AuditEvent.objects.acts().get(action="revoke_token").reason == "Leaked"
    assert [is_live(secret) for secret in secrets] == [False, True]
    assert LogEntry.objects.get().change_message == "revoked"


def test_an_operator_cannot_change_or_delete_a_token_or_see_its_hash(operator, alice):
    issue(alice)
    token = ApiToken.objects.get()
    client = signed_in(operator)
    change = reverse("admin:wallet_apitoken_change", args=[token.pk])
    delete = reverse("admin:wallet_apitoken_delete", args=[token.pk])
    assert client.post(change, {"name": "New", "scope": "service"}).status_code == 403
    assert client.post(delete, {"post": "yes"}).status_code == 403
    client.post(ADMIN, {"action": "delete_selected", "_selected_action": [token.pk], "post": "yes"})
    for page in (client.get(ADMIN), client.get(change)):
        assert token.digest not in page.text
    token.refresh_from_db()
    assert (token.name, token.scope) == ("a test", "member")


@pytest.mark.parametrize("role", ["alice", "finance", "auditor"])
def test_only_operators_reach_tokens_in_the_admin(request, role):
    client = signed_in(request.getfixturevalue(role))
    for path in (ADMIN, ADMIN_ADD):
        assert client.get(path).status_code in (302, 403)


def test_a_token_needs_the_pin_that_a_payment_needs(alice):
    client = signed_in(alice)
    order = {"name": "till", "days": "30"}
    for typed in ("0000", "12", "x"):
        answer = client.post(PAGE, order | {"pin": typed})
        assert answer.status_code == 422
        assert problems_beside(answer, "pin")
    assert not ApiToken.objects.exists()
    Pin.objects.filter(user=alice).delete()
    assert "Set a PIN first" in text(client.get(PAGE))
    assert client.post(PAGE, order).status_code == 422
    # A form with a PIN isn't kept until after the password: it would stand in the session.
    client = Payer()
    client.force_login(alice)
    assert client.post(PAGE, order | {"pin": "2468"}).headers["Location"] == PAGE
    assert "2468" not in str(dict(client.session.items()))
    assert not ApiToken.objects.exists()
