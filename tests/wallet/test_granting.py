"""Roles with rights over money or people need a second operator, or a day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.conftest import SECOND_FACTOR, know_device, set_records, signed_in
from tests.factories import PASSWORD, UserFactory
from tests.pages import text
from wallet import granting
from wallet.context import Context
from wallet.errors import NotAllowed, TooLate
from wallet.messages import sending
from wallet.models import AuditEvent, RoleRequest, Session, User
from wallet.staff import roles
from wallet.staff.roles import APPROVER, AUDITOR, FINANCE

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def second(db) -> User:
    return UserFactory(name="Second Operator", is_staff=True, is_superuser=True)


def form_of(person: User, *groups: str, **more: str | list[int]) -> dict[str, str | list[int]]:
    given = {"name": person.name, "email": person.email, "phone": person.phone, "is_active": "on"}
    ids = [Group.objects.get(name=name).pk for name in groups]
    return given | {"groups": ids, "reason": "She joins the team"} | more


def url_of(person: User) -> str:
    return reverse("admin:wallet_user_change", args=[person.pk])


def ask(operator: User, person: User, role: str = APPROVER) -> RoleRequest:
    return granting.ask(Context(operator.pk, reason="Joins."), user_id=person.pk, role=role)


def test_the_form_requests_roles_and_gives_none(as_operator, finance, second, bob):
    given = form_of(bob, FINANCE, APPROVER, AUDITOR, is_staff="on", is_superuser="on")
    page = as_operator.post(url_of(bob), given | {"user_permissions": ["1"], "reason": ""})
    assert "Enter a reason." in text(page)
    assert not RoleRequest.objects.exists()
    page = as_operator.post(url_of(bob), given, follow=True)
    assert "It waits for a second operator, or until" in text(page)
    bob.refresh_from_db()
    assert [group.name for group in bob.groups.all()] == [AUDITOR]
    assert (bob.is_staff, bob.is_superuser, bob.user_permissions.count()) == (False, False, 0)
    asked = RoleRequest.objects.filter(user=bob, state="open")
    assert {one.role for one in asked} == {FINANCE, APPROVER, "operator"}
    (event,) = AuditEvent.objects.filter(action="change_person")
    assert event.facts == {"before": {"groups": []}, "after": {"groups": [AUDITOR]}}
    sending.send_all()
    wanted = [sent for sent in mail.outbox if "finance approver" in sent.subject]
    assert {sent.to[0] for sent in wanted} >= {finance.email, second.email, bob.email}
    assert all("Reason: She joins the team" in sent.body for sent in wanted)


def test_a_new_person_gets_no_such_role_either(as_operator):
    given = {"name": "Jane", "email": "jane@example.com", "is_active": "on", "is_staff": "on"}
    given |= {"groups": [Group.objects.get(name=FINANCE).pk], "reason": "She joins the team"}
    assert as_operator.post(reverse("admin:wallet_user_add"), given).status_code == 302
    jane = User.objects.get(name="Jane")
    assert (jane.is_staff, jane.groups.count()) == (False, 0)
    assert RoleRequest.objects.filter(user=jane, state="open").count() == 2


def test_a_second_operator_approves(as_operator, operator, second, bob):
    asked = ask(operator, bob)
    client = signed_in(bob)
    url = reverse("admin:wallet_rolerequest_change", args=[asked.pk])
    page = as_operator.post(url, {"decision": "approve"}, follow=True)
    assert "another operator approves it" in text(page)
    assert "changed successfully" not in text(page)
    assert not LogEntry.objects.exists()
    assert not bob.groups.exists()
    assert signed_in(second).post(url, {"decision": "approve"}).status_code == 302
    asked.refresh_from_db()
    assert (asked.state, asked.decided_by) == ("granted", second)
    assert roles.may(User.objects.get(pk=bob.pk), roles.Right.DECIDE)
    event = AuditEvent.objects.get(action="grant_role")
    assert (event.actor, event.reason, event.subject) == (second, "Joins.", f"member {bob.pk}")
    assert (event.facts["before"], event.facts["after"]) == ({"groups": []}, {"groups": [APPROVER]})
    assert not Session.objects.filter(user=bob).exists()
    assert client.get("/panel/").status_code == 302
    with pytest.raises(TooLate):
        granting.deny(Context(operator.pk), request_id=asked.pk, answer="Too late")


def test_a_role_comes_after_a_day_unless_someone_denies_it(operator, second, bob, time_machine):
    time_machine.move_to("2026-11-25T10:00:00Z", tick=False)
    asked = ask(operator, bob, "operator")
    denied = granting.deny(
        Context(second.pk), request_id=ask(operator, bob).pk, answer="Not that one"
    )
    assert (denied.state, denied.decided_by) == ("denied", second)
    time_machine.move_to("2026-11-26T09:59:59Z", tick=False)
    assert granting.grant_due() == 0
    time_machine.move_to("2026-11-26T10:00:00Z", tick=False)
    assert (granting.grant_due(), granting.grant_due()) == (1, 0)
    asked.refresh_from_db()
    bob.refresh_from_db()
    assert (asked.state, asked.decided_by) == ("granted", None)
    assert (bob.is_staff, bob.is_superuser, bob.groups.count()) == (True, True, 0)


def test_what_a_former_operator_requested_never_comes(operator, bob, time_machine):
    time_machine.move_to("2026-11-25T10:00:00Z", tick=False)
    asked = ask(operator, bob)
    User.objects.filter(pk=operator.pk).update(is_active=False)
    time_machine.move_to("2026-11-27T10:00:00Z", tick=False)
    assert granting.grant_due() == 1
    asked.refresh_from_db()
    assert (asked.state, bob.groups.exists()) == ("denied", False)


def test_only_operators_decide_and_not_about_themselves(as_operator, operator, second, finance):
    given = form_of(operator, FINANCE, is_staff="on")
    assert "You can&#x27;t give yourself a role" in as_operator.post(url_of(operator), given).text
    for person, about in ((operator, operator), (finance, operator)):
        with pytest.raises(NotAllowed):
            ask(person, about, FINANCE)
    asked = ask(operator, finance, "operator")
    for person in (finance, operator):
        with pytest.raises(NotAllowed):
            granting.approve(Context(person.pk), request_id=asked.pk)
    # Someone who becomes an operator in the meantime doesn't approve their own role.
    User.objects.filter(pk=finance.pk).update(is_staff=True, is_superuser=True)
    with pytest.raises(NotAllowed):
        granting.approve(Context(finance.pk), request_id=asked.pk)


def test_the_database_refuses_one_person_alone(operator, second, bob):
    asked = ask(operator, bob)
    now = timezone.now()
    for wrong in (
        {"state": "granted", "decided_by": operator, "decided_at": now},
        {"state": "granted", "decided_by": bob, "decided_at": now},
        {"state": "granted", "decided_at": now + timedelta(hours=23)},
        {"state": "granted"},
        {"asked_by": bob},
        {"due_at": asked.asked_at},
        {"role": "king"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            RoleRequest.objects.filter(pk=asked.pk).update(**wrong)
    with pytest.raises(IntegrityError), transaction.atomic():
        RoleRequest.objects.create(user=bob, role=APPROVER, asked_by=second, due_at=now + 2 * DAY)


def test_a_role_is_taken_away_by_one_operator(as_operator, finance, second):
    client = signed_in(finance)
    assert as_operator.post(url_of(finance), form_of(finance)).status_code == 302
    assert not finance.groups.exists()
    assert client.get("/panel/").status_code == 302
    assert as_operator.post(url_of(second), form_of(second)).status_code == 302
    second.refresh_from_db()
    assert (second.is_staff, second.is_superuser) == (False, False)
    sending.send_all()
    subjects = {sent.subject for sent in mail.outbox}
    assert subjects >= {
        "Nissmart: Finance Person is no longer finance maker, finance approver",
        "Nissmart: Second Operator is no longer operator",
    }


def test_the_form_asks_for_a_recent_password_and_then_goes_on(operator, bob):
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)
    set_records(client, [SECOND_FACTOR])
    know_device(client, operator)
    page = client.get(url_of(bob))
    token = {"csrfmiddlewaretoken": client.cookies["csrftoken"].value}
    given = form_of(bob, AUDITOR) | token
    page = client.post(url_of(bob), given)
    assert page.status_code == 302
    assert page.headers["Location"].startswith(reverse("account_reauthenticate"))
    assert not bob.groups.exists()
    page = client.post(page.headers["Location"], {"password": PASSWORD} | token)
    assert page.status_code == 302
    assert bob.groups.exists()


def test_a_member_hears_of_another_contact_on_the_old_and_the_new_one(as_operator, bob):
    old = {bob.email, bob.phone}
    given = form_of(bob, phone="0722000999", email="new@example.com")
    page = as_operator.post(url_of(bob), given | {"reason": ""})
    assert "Enter a reason." in text(page)
    assert as_operator.post(url_of(bob), given).status_code == 302
    sent = set(
        bob.messages.filter(topic="operator_helped").values_list("deliveries__to", flat=True)
    )
    assert sent == old | {"+254722000999", "new@example.com"}
    wallet = bob.primary_account()
    assert wallet.no_payouts_until > timezone.now() + timedelta(hours=23)
    assert AuditEvent.objects.get(action="change_person").reason == "She joins the team"


def test_no_one_gives_themselves_even_a_role_that_needs_no_second_operator(as_operator, operator):
    given = form_of(operator, AUDITOR, email="", phone="", is_staff="on")
    page = as_operator.post(url_of(operator), given)
    assert (page.status_code, operator.groups.exists()) == (200, False)
    assert "You can't give yourself a role." in text(page)


def test_the_team_hears_of_a_closed_colleague_and_opening_gives_no_role(
    as_operator, operator, finance, second
):
    """One who closed the others alone could request roles that no one hears of."""
    for person, groups in ((finance, (FINANCE, APPROVER)), (second, ())):
        given = form_of(person, *groups, is_staff="on") if not groups else form_of(person, *groups)
        assert as_operator.post(url_of(person), given | {"is_active": ""}).status_code == 302
    sending.send_all()
    heard = [(sent.to, sent.subject) for sent in mail.outbox]
    subject = "Nissmart: Finance Person is no longer finance maker, finance approver"
    assert ([finance.email], subject) in heard
    assert ([second.email], "Nissmart: Second Operator is no longer operator") in heard
    page = as_operator.post(url_of(finance), form_of(finance, FINANCE))
    assert "This account had a role." in text(page)
    finance.refresh_from_db()
    assert not finance.is_active
    assert as_operator.post(url_of(finance), form_of(finance)).status_code == 302
    finance.refresh_from_db()
    assert (finance.is_active, finance.groups.exists()) == (True, False)
