"""The audit has access: sign-ins, refusals and reads, few of each, and nothing that was typed."""

from __future__ import annotations

import json

import pytest
from allauth.core import context as allauth_context
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError
from django.test import Client, RequestFactory
from django.urls import reverse

from tests.api.support.calls import by_session, by_token
from tests.conftest import pass_second_factor, signed_in
from tests.factories import PASSWORD, UserFactory
from tests.pages import text
from tests.wallet.test_passkeys import answer
from wallet.context import Context
from wallet.models import AuditEvent, User
from wallet.signin import adapters
from wallet.signin.passkey_forms import AuthenticateForm
from wallet.staff import access, audit, roles, subjects
from wallet.staff.audit import Action

pytestmark = pytest.mark.django_db

LOGIN, LOGOUT = reverse("account_login"), reverse("account_logout")
AUTHENTICATE = reverse("mfa_authenticate")


@pytest.fixture
def jane(db, time_machine) -> User:
    time_machine.move_to("2026-11-28T12:00:10Z", tick=False)
    return UserFactory(name="Jane Wanjiru", email="jane@example.com", phone="+254712345678")


def sign_in(login="jane@example.com", password=PASSWORD, address="192.0.2.1") -> Client:
    client = Client(REMOTE_ADDR=address, HTTP_USER_AGENT="Mozilla <b>Chrome/1</b> Android")
    client.post(LOGIN, {"login": login, "password": password})
    return client


def events(*actions: str) -> list[AuditEvent]:
    found = AuditEvent.objects.order_by("pk")
    return list(found.filter(action__in=actions) if actions else found)


def acts() -> list[str]:
    return [event.action for event in events()]


def test_a_sign_in_and_a_sign_out_are_recorded(jane):
    client = sign_in()
    client.post(LOGOUT)
    there, away = events()
    assert (there.action, away.action) == ("sign_in", "sign_out")
    assert there.facts == {"device": "Chrome on Android (new)", "by": ["password"]}
    for event in (there, away):
        assert (event.subject, event.actor) == (f"member {jane.pk}", jane)
        assert event.ip_address == "192.0.2.1"
        # Their name goes when they close the account, and an event stays.
        assert event.actor_name == ""
    assert "Jane" not in str(list(AuditEvent.objects.values()))
    assert not roles.was_ever_staff(jane)


def test_signing_out_elsewhere_and_from_the_admin_is_recorded(jane, operator):
    other, here = sign_in(), sign_in()
    session_id = jane.sessions.earliest("pk").pk
    here.post(reverse("wallet:end_session", args=[session_id]))
    here.post(reverse("wallet:end_other_sessions"))
    assert [event.facts for event in events("sign_out")] == [
        {"device": "Chrome on Android"}, {"others": 0}
    ]  # fmt: skip
    signed_in(operator).post(reverse("admin:logout"))
    assert events()[-1].actor == operator
    assert other.get("/profile/").status_code == 302


def test_a_member_who_signs_in_all_day_writes_few_events(jane, time_machine, monkeypatch):
    monkeypatch.setattr(adapters, "SIGN_INS_PER_HOUR", 2)
    for _ in range(4):
        sign_in()
    assert acts() == ["sign_in"] * 2
    time_machine.shift(3600)
    sign_in()
    assert acts() == ["sign_in"] * 3


def test_wrong_passwords_are_few_events_and_the_limit_is_one(jane):
    for number in range(12):
        sign_in(password=f"guessed-{number}", address=f"192.0.2.{number}")
    wrong, limit = events("wrong_guess"), events("hit_limit")
    assert len(wrong) == 3
    assert {(event.subject, event.actor) for event in wrong + limit} == {
        (f"member {jane.pk}", None)
    }
    assert wrong[0].facts == {"what": "password"}
    assert [event.facts for event in limit] == [{"page": "/accounts/login/", "what": "password"}]
    assert "guessed" not in str(list(AuditEvent.objects.values()))


def test_names_without_an_account_are_few_events_without_the_name(jane, monkeypatch):
    for number in range(4):
        sign_in(login=f"stranger-{number}@example.com")
    assert [(event.subject, event.facts) for event in events()] == [
        ("site", {"what": "password", "account": "unknown"})
    ] * 3
    monkeypatch.setattr(access, "STRANGERS_PER_HOUR", 5)
    for number in range(4):
        sign_in(login="stranger@example.com", address=f"198.51.100.{number}")
    *_, cut = events()
    assert len(acts()) == 6
    assert (cut.subject, cut.facts) == ("audit", {"not_recorded": "others of this hour"})
    # Those who are signed in have their own count.
    sign_in()
    assert acts()[-1] == "sign_in"


def test_wrong_second_factors_are_recorded(jane):
    TOTP.activate(jane, generate_totp_secret())
    client = sign_in()
    client.post(AUTHENTICATE, {"code": "000000"})
    assert [event.facts for event in events()] == [{"what": "second_factor"}]
    request = RequestFactory().post(AUTHENTICATE)
    request.user, request.session = AnonymousUser(), {}
    with allauth_context.request_context(request):
        form = AuthenticateForm({"credential": json.dumps(answer())}, user=jane)
        assert not form.is_valid()
    assert [(event.subject, event.facts["what"]) for event in events()] == [
        (f"member {jane.pk}", "second_factor")
    ] * 2


def test_a_refused_staff_page_is_recorded_and_makes_no_one_staff(jane):
    client = signed_in(jane)
    for _ in range(11):
        assert client.get("/panel/members/7/").status_code == 403
    assert client.get("/admin/", follow=True).status_code == 403
    found = events()
    assert acts() == ["refuse_page"] * 10
    assert (found[0].actor, found[0].facts) == (jane, {"page": "/panel/members/…/"})
    assert not roles.was_ever_staff(jane)


def test_a_stale_form_and_a_visitor_are_no_refusals(jane):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(jane)
    assert strict.post("/panel/members/7/reveal/").status_code == 403
    assert Client().get("/panel/").status_code == 302
    assert not events()


def test_a_limit_of_a_page_is_one_event(finance, settings):
    settings.CONTACT_LOOKUPS_PER_HOUR = 1
    client = signed_in(finance)
    pages = [client.get("/panel/members/", {"q": f"071234560{n}"}) for n in range(4)]
    assert [page.status_code for page in pages] == [200, 429, 429, 429]
    (event,) = events("hit_limit")
    assert (event.actor, event.facts) == (finance, {"page": "/panel/members/"})


def test_a_limit_of_the_api_is_one_event_and_an_order_writes_none(alice, bob, settings):
    settings.API_CALLS_PER_MINUTE = dict.fromkeys(settings.API_CALLS_PER_MINUTE, 1)
    caller = by_token(alice)
    body = {"from_user_id": alice.pk, "to": bob.email, "amount_cents": 5_00}
    statuses = [caller.post("/api/transfer", body).status_code for _ in range(3)]
    assert statuses == [201, 429, 429]
    assert not events()
    assert [caller.get("/api/users").status_code for _ in range(2)] == [429, 429]
    (event,) = events()
    assert (event.action, event.actor, event.subject) == ("hit_limit", None, f"member {alice.pk}")


@pytest.mark.parametrize("page", ["member", "account", "admin", "admin_account"])
def test_opening_a_member_is_recorded_once_an_hour(page, alice, finance, operator, time_machine):
    wallet = alice.primary_account().pk
    staff, url = {
        "member": (finance, reverse("adminpanel:member", args=[alice.pk])),
        "account": (finance, reverse("adminpanel:account", args=[wallet])),
        "admin": (operator, reverse("admin:wallet_user_change", args=[alice.pk])),
        "admin_account": (operator, reverse("admin:wallet_account_change", args=[wallet])),
    }[page]
    client = signed_in(staff)
    time_machine.move_to("2026-11-28T12:00:10Z", tick=False)
    for _ in range(2):
        assert client.get(url).status_code == 200
    (event,) = events("open_member")
    assert (event.actor, event.subject) == (staff, f"member {alice.pk}")
    assert event.actor_name == staff.name
    time_machine.shift(3600)
    pass_second_factor(client)
    client.get(url)
    assert roles.was_ever_staff(staff)


@pytest.mark.parametrize("url", ["/panel/members/{}/", "/admin/wallet/user/{}/change/"])
def test_what_cannot_be_recorded_is_not_shown(url, alice, finance, operator, monkeypatch):
    def fail(*args: object, **facts: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(audit, "record", fail)
    client = signed_in(finance if "panel" in url else operator)
    client.raise_request_exception = False
    for _ in range(2):
        page = client.get(url.format(alice.pk))
        assert page.status_code >= 500
        assert alice.name not in page.text


def test_what_finance_reads_by_the_api_is_recorded(alice, finance, auditor):
    by_finance = by_token(finance, "finance")
    for path in (f"users/{alice.pk}", f"balance/{alice.pk}", f"transactions/{alice.pk}", "users"):
        assert by_finance.get(f"/api/{path}").status_code == 200
    assert [(event.action, event.subject) for event in events()[1:]] == [
        ("open_member", f"member {alice.pk}"), ("list_members", "site")
    ]  # fmt: skip
    by_session(auditor).get(f"/api/users/{alice.pk}")
    by_token(alice).get(f"/api/users/{alice.pk}")
    assert [event.actor for event in events("open_member")] == [finance, auditor]


@pytest.mark.parametrize("what", ["users", "balance", "transactions", "goals", "statement"])
def test_each_way_to_read_a_member_by_the_api_is_recorded(alice, finance, what):
    assert by_token(finance, "finance").get(f"/api/{what}/{alice.pk}").status_code == 200
    (event,) = events("open_member")
    assert (event.actor, event.subject) == (finance, f"member {alice.pk}")


def test_the_audit_keeps_access_apart_and_names_strangers(jane, auditor, finance):
    sign_in(password="wrong")
    audit.record(Context(finance.pk, reason="Lost phone"), Action.FREEZE, subjects.NAMES)
    client = signed_in(auditor)

    def found(**filters: str) -> list[bool]:
        page = text(client.get("/panel/audit/", filters)).partition("Reason and changes")[2]
        return [words in page for words in ("Lost phone", "Someone not signed in 192.0.2.1")]

    assert found() == [True, False]
    assert found(action="access") == found(q="192.0.2.1", action="all") == [False, True]
    assert found(action="all", actor="stranger") == [False, True]
    assert found(action="all", actor="system") == [False, False]
    assert "Access: sign-ins, refusals, data read" in text(
        client.get("/panel/audit/", {"action": "access"}, headers={"HX-Target": "audit"})
    )
    # A member's card has what staff did, and a link to all.
    page = client.get(f"/panel/members/{jane.pk}/")
    assert "Wrong password" not in text(page)
    assert f"q=member+{jane.pk}&amp;action=all" in page.text
