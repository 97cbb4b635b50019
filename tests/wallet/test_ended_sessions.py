"""What ends the sessions of a person: a change of sign-in, an operator, or they themselves."""

from __future__ import annotations

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from tests.conftest import pass_second_factor, signed_in
from tests.factories import PASSWORD, UserFactory
from tests.pages import text
from tests.wallet.support.browsers import LOGIN, is_in, sign_in
from tests.wallet.support.codes import prove
from tests.wallet.support.totp import code
from wallet.api import tokens
from wallet.models import ApiToken, AuditEvent, Session, User

pytestmark = pytest.mark.django_db

PROFILE = reverse("wallet:profile")


@pytest.fixture
def jane(db) -> User:
    return UserFactory(name="Jane", email="jane@example.com", phone="+254712345678")


def save_profile(client: Client, **changes: str):
    now = {"name": "Jane", "phone": "0712345678", "email": "jane@example.com"}
    return client.post(PROFILE, now | {"password": PASSWORD} | changes)


@pytest.mark.parametrize(
    ("change", "contact"),
    [
        ({"phone": "0722 000 111"}, "+254722000111"),
        ({"email": "new@example.com"}, "new@example.com"),
    ],
)
def test_a_new_phone_number_or_email_ends_other_sessions_and_asks_about_tokens(
    jane, change, contact
):
    here, there = sign_in(jane), sign_in(jane)
    token, _secret = tokens.issue(user_id=jane.pk, scope=ApiToken.Scope.MEMBER, name="Shop")
    save_profile(here, **change)
    assert is_in(there)
    answer = prove(here, contact)
    ask = reverse("wallet:revoke_api_tokens")
    assert answer.headers["Location"] == ask
    assert (is_in(here), is_in(there)) == (True, False)
    page = here.get(ask)
    assert "Also revoke your API tokens?" in text(page)
    assert "Shop" in text(page)
    token.refresh_from_db()
    assert token.revoked_at is None
    assert here.post(ask).headers["Location"] == reverse("wallet:security")
    token.refresh_from_db()
    assert token.revoked_at is not None
    assert "You have no API tokens." in text(here.get(ask))


def test_a_new_name_ends_nothing(jane):
    here, there = sign_in(jane), sign_in(jane)
    assert save_profile(here, name="Jane Doe").headers["Location"] == PROFILE
    assert is_in(there)


@pytest.mark.parametrize("change", ["is_active", "groups", "phone"])
def test_an_operators_change_of_a_person_ends_their_sessions(jane, as_operator, change):
    client = sign_in(jane)
    given = {"name": "Jane", "email": jane.email, "phone": jane.phone, "is_active": "on"}
    group = Group.objects.get(name="auditor")
    changes = {"is_active": {"is_active": ""}, "groups": {"groups": [group.pk]}}
    given |= changes.get(change, {"phone": "0722 000 111"})
    given["reason"] = "They showed their ID"
    if change == "is_active":
        del given["is_active"]
    url = reverse("admin:wallet_user_change", args=[jane.pk])
    assert as_operator.post(url, given).status_code == 302
    assert not Session.objects.filter(user=jane).exists()
    assert not is_in(client)
    assert as_operator.get("/admin/").status_code == 200


def test_operators_see_and_end_sessions_for_a_reason(as_operator, finance, jane):
    staff, member, phone = sign_in(finance), sign_in(jane), sign_in(jane)
    sessions = reverse("admin:wallet_session_changelist")
    page = as_operator.get(sessions)
    for person in (finance, jane):
        assert person.name in text(page)
    of_staff = Session.objects.get(user=finance)
    detail = as_operator.get(reverse("admin:wallet_session_change", args=[of_staff.pk]))
    for shown in (page, detail):
        assert of_staff.digest not in shown.text
        assert of_staff.data not in shown.text
    given = {"action": "end", "_selected_action": [of_staff.pk]}
    asked = as_operator.post(sessions, given)
    assert f"1 row {finance.name}" in text(asked)
    assert as_operator.post(sessions, given | {"confirm": "x", "reason": ""}).status_code == 422
    assert is_in(staff)
    reason = {"confirm": "x", "reason": "A lost computer"}
    answer = as_operator.post(sessions, given | reason, follow=True)
    assert "1 session has ended." in text(answer)
    assert [is_in(client) for client in (staff, member, phone)] == [False, True, True]
    event = AuditEvent.objects.acts().get(action="end_sessions")
    assert (event.subject, event.facts["ip_address"]) == (f"member {finance.pk}", "127.0.0.1")
    assert event.reason == "A lost computer"
    # One of a person's sessions stands for all of them.
    given = {"action": "end_all", "_selected_action": [jane.sessions.earliest("pk").pk]}
    assert "2 rows" in text(as_operator.post(sessions, given))
    assert "2 sessions have ended." in text(as_operator.post(sessions, given | reason, follow=True))
    assert [is_in(client) for client in (member, phone)] == [False, False]


def test_a_change_of_the_second_factor_ends_other_sessions(jane):
    here, there = signed_in(jane), sign_in(jane)
    TOTP.activate(jane, generate_totp_secret())
    pass_second_factor(here)
    assert here.post(reverse("mfa_deactivate_totp")).status_code in (302, 303)
    assert [is_in(client) for client in (here, there)] == [True, False]


def test_a_change_ends_a_sign_in_that_waits_for_its_second_factor(jane):
    """A thief who knew the old password, and gets at the second factor later, doesn't get in."""
    TOTP.activate(jane, secret := generate_totp_secret())
    thief, owner = sign_in(jane), signed_in(jane)
    assert Session.objects.get(pending_user=jane).user is None
    pass_second_factor(owner)
    new = {"password1": "another-Long-one-2", "password2": "another-Long-one-2"}
    owner.post(reverse("account_change_password"), {"oldpassword": PASSWORD, **new})
    assert not Session.objects.filter(pending_user=jane).exists()
    answer = thief.post(reverse("mfa_authenticate"), {"code": code(secret)})
    assert answer.headers["Location"].startswith(LOGIN)
    assert not is_in(thief)
    assert is_in(owner)


def test_a_new_password_by_link_ends_a_sign_in_of_the_same_browser(jane):
    TOTP.activate(jane, generate_totp_secret())
    client = sign_in(jane)
    key = f"{user_pk_to_url_str(jane)}-{default_token_generator.make_token(jane)}"
    page = client.get(f"/accounts/password/reset/key/{key}/").headers["Location"]
    new = {"password1": "another-Long-one-2", "password2": "another-Long-one-2"}
    assert client.post(page, new).status_code == 302
    jane.refresh_from_db()
    assert jane.check_password("another-Long-one-2")
    assert not Session.objects.filter(pending_user=jane).exists()
    assert client.get(reverse("mfa_authenticate")).headers["Location"].startswith(LOGIN)
    # The new password alone doesn't get past the second factor.
    answer = client.post(LOGIN, {"login": jane.email, "password": "another-Long-one-2"})
    assert answer.headers["Location"].startswith(reverse("mfa_authenticate"))
