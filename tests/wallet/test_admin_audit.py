"""Operators' changes to people and groups are in the audit, with the old values."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from tests.conftest import signed_in
from tests.factories import UserFactory, account_id
from tests.pages import elements, text, words
from wallet import operations
from wallet.context import SYSTEM, Context
from wallet.messages import sending
from wallet.models import Account, AuditEvent, User

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "another-Long-one-2"
ACCOUNTS = reverse("admin:wallet_account_changelist")


@pytest.fixture
def jane(db) -> User:
    return UserFactory(name="Jane", email="jane@example.com", phone="+254712345678")


def change(client: Client, user: User, **changes) -> None:
    given = {"name": user.name, "email": user.email, "phone": user.phone or "", "is_active": "on"}
    given["reason"] = "They showed their ID"
    url = reverse("admin:wallet_user_change", args=[user.pk])
    assert client.post(url, given | changes).status_code == 302
    user.refresh_from_db()


def group(name: str) -> int:
    return Group.objects.get(name=name).pk


def last() -> AuditEvent:
    return AuditEvent.objects.acts().latest("pk")


def help_with(client: Client, user: User) -> tuple[int, str]:
    """Make a password link. Return the status of the answer, and the link."""
    url = reverse("admin:wallet_user_sign_in_help", args=[user.pk])
    status = client.post(url, {"reason": "Showed their ID", "make_link": "x"}).status_code
    codes = elements(client.get(url), "code", class_="handed")
    return status, words(codes[0]).removeprefix("http://testserver") if codes else ""


def works(link: str) -> bool:
    return "password1" in Client().get(link, follow=True).text


def test_a_change_of_a_person_is_audited_with_the_old_values(as_operator, jane, operator):
    given = {"email": "New@example.com", "phone": "0722 000 999"}
    change(as_operator, jane, **given, groups=[group("auditor")])
    event = last()
    assert (event.action, event.subject, event.actor) == (
        "change_person",
        f"member {jane.pk}",
        operator,
    )
    assert event.reason == "They showed their ID"
    assert event.facts == {
        "before": {
            "email": "j***@example.com", "phone": "0712 *** 678", "groups": []
        },
        "after": {
            "email": "n***@example.com",
            "phone": "0722 *** 999",
            "groups": ["auditor"],
        },
    }  # fmt: skip


def test_the_audit_page_shows_the_change_in_words(as_operator, jane, auditor):
    change(as_operator, jane, groups=[group("support")])
    change(as_operator, jane, groups=[group("support"), group("auditor")])
    page = text(signed_in(auditor).get("/panel/audit/"))
    assert "Groups: – → support" in page
    assert "Groups: support → auditor, support" in page


def test_a_new_person_is_audited_with_their_groups(as_operator):
    given = {"name": "Jane", "email": "", "phone": "0712 345 678", "is_active": "on"}
    given["reason"] = "She joins the team"
    as_operator.post(reverse("admin:wallet_user_add"), given | {"groups": [group("auditor")]})
    assert last().facts == {
        "after": {"name": "Jane", "phone": "0712 *** 678", "groups": ["auditor"]}
    }


def test_new_changed_and_deleted_groups_are_audited(as_operator):
    right = Permission.objects.get(codename="change_account")
    as_operator.post(
        reverse("admin:auth_group_add"), {"name": "helpers", "permissions": [right.pk]}
    )
    helpers = Group.objects.get(name="helpers")
    assert (last().action, last().subject) == ("change_group", f"group {helpers.pk}")
    assert last().facts["after"] == {"name": "helpers", "permissions": [str(right)]}
    url = reverse("admin:auth_group_change", args=[helpers.pk])
    as_operator.post(url, {"name": "helpers", "permissions": []})
    assert last().facts["before"] == {"permissions": [str(right)]}
    assert last().facts["after"] == {"permissions": []}
    chosen = {"action": "delete_selected", "_selected_action": [helpers.pk], "post": "yes"}
    as_operator.post(reverse("admin:auth_group_changelist"), chosen)
    assert last().facts == {"name": "helpers", "deleted": "helpers", "people": []}
    other = Group.objects.create(name="others")
    as_operator.post(reverse("admin:auth_group_delete", args=[other.pk]), {"post": "yes"})
    assert last().facts["deleted"] == "others"
    assert AuditEvent.objects.acts().count() == 4


def test_changes_of_the_auditors_permissions_are_audited(as_operator):
    right = Permission.objects.get(codename="change_account")
    url = reverse("admin:auth_group_change", args=[group("auditor")])
    as_operator.post(url, {"permissions": [right.pk]})
    assert last().facts["name"] == "auditor"
    assert last().facts["after"] == {"permissions": [str(right)]}


@pytest.mark.parametrize("who", ["finance", "auditor"])
def test_removing_staff_from_their_group_does_not_allow_help(request, as_operator, who):
    person = request.getfixturevalue(who)
    change(as_operator, person, groups=[])
    assert help_with(as_operator, person) == (422, "")
    change(as_operator, person, email="operators-own@example.com", phone="0722 000 999")
    assert (person.email, person.phone) != ("operators-own@example.com", "+254722000999")


def test_a_person_who_has_acted_as_staff_gets_no_help(as_operator, finance, alice):
    operations.freeze(Context(finance.pk, reason="Lost phone"), account_id(alice))
    finance.groups.clear()
    assert help_with(as_operator, finance) == (422, "")


def test_an_old_event_without_values_counts_too(as_operator, jane, operator):
    facts = {"changed": ["groups"]}
    AuditEvent.objects.create(
        action="change_person", subject=f"member {jane.pk}", actor=operator, facts=facts
    )
    assert help_with(as_operator, jane) == (422, "")


def test_a_link_stops_working_for_good_when_the_groups_change(as_operator, jane):
    _status, link = help_with(as_operator, jane)
    change(as_operator, jane, name="Jane W")
    assert works(link)
    change(as_operator, jane, groups=[group("auditor")])
    assert not works(link)
    change(as_operator, jane, groups=[])
    assert not works(link)


def test_a_mailed_link_stops_working_too(as_operator, jane, mailoutbox):
    Client().post(reverse("account_reset_password"), {"email": jane.email})
    sending.send_all()
    link = next(line for line in mailoutbox[0].body.split() if "/password/reset/key/" in line)
    change(as_operator, jane, groups=[group("auditor")])
    assert not works(link.removeprefix("http://testserver"))


def test_an_operator_can_freeze_others_but_not_themselves(as_operator, operator, alice):
    ids = [account_id(operator), account_id(alice)]
    given = {"action": "freeze", "_selected_action": ids, "reason": "Stolen phones", "confirm": "x"}
    page = as_operator.post(ACCOUNTS, given, follow=True)
    assert "You can't freeze or unfreeze your own wallet. Ask a colleague." in text(page)
    assert "1 wallet is frozen." in text(page)
    assert list(Account.objects.filter(is_frozen=True)) == [alice.primary_account()]


def test_an_operator_unfreezes_no_one(as_operator, alice):
    operations.freeze(SYSTEM, account_id(alice))
    given = {"action": "unfreeze", "_selected_action": [account_id(alice)]}
    as_operator.post(ACCOUNTS, given, follow=True)
    assert alice.primary_account().is_frozen


@pytest.mark.parametrize(("scope", "count"), [("finance", 1), ("service", 1), ("member", 0)])
def test_a_token_with_a_wide_scope_is_audited(finance, scope, count):
    out = StringIO()
    call_command("issue_token", finance.email, scope=scope, name="till", stdout=out)
    events = list(AuditEvent.objects.acts().all())
    assert len(events) == count
    for event in events:
        assert (event.action, event.subject) == ("issue_token", f"member {finance.pk}")
        assert event.facts["scope"] == scope
        assert event.facts["token"].startswith("till (…")
        assert out.getvalue().strip() not in str(vars(event))
