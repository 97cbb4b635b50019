"""Operators manage people and freeze accounts, but can't change a balance."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.core import mail
from django.test import Client
from django.urls import reverse

from ledger.errors import AccountFrozen
from tests.conftest import signed_in
from tests.factories import UserFactory, account_id, send
from tests.pages import elements, find, problems_beside, text, words
from wallet import house, operations
from wallet.admin import confirming
from wallet.context import SYSTEM, Context
from wallet.messages import sending
from wallet.models import Account, AuditEvent, User

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

ACCOUNTS = reverse("admin:wallet_account_changelist")
USERS = reverse("admin:wallet_user_changelist")
ADD = reverse("admin:wallet_user_add")


def act(client, action, *accounts):
    """Choose these accounts in the list and carry out the action."""
    chosen = {"action": action, "_selected_action": accounts}
    if action == "freeze":
        chosen |= {"reason": "Stolen phones", "confirm": "x"}
    return client.post(ACCOUNTS, chosen, follow=True)


def test_freezing_stops_money_from_leaving(as_operator, alice, bob):
    page = act(as_operator, "freeze", account_id(alice), account_id(bob))
    assert "2 wallets are frozen." in text(page)
    with pytest.raises(AccountFrozen):
        send(alice, bob, 1_00)
    assert {event.reason for event in AuditEvent.objects.acts().all()} == {"Stolen phones"}


def test_freezing_asks_for_a_reason_and_shows_whom_it_concerns(as_operator, alice, bob):
    ids = [account_id(alice), account_id(bob), house.IN_TRANSIT.id]
    chosen = {"action": "freeze", "_selected_action": ids}
    for more, status in (({}, 200), ({"confirm": "x", "reason": " "}, 422)):
        page = as_operator.post(ACCOUNTS, chosen | more)
        assert page.status_code == status
        rows = "2 rows Bob Otieno money can't leave Alice Wanjiku money can't leave Money can come"
        assert rows in text(page)
        assert not Account.objects.filter(is_frozen=True).exists()
    assert problems_beside(page, "reason") == ["Enter a reason."]


def test_at_most_a_hundred_wallets_are_frozen_together(as_operator, alice, monkeypatch):
    monkeypatch.setattr(confirming, "ROWS_AT_MOST", 2)
    for _ in range(2):
        UserFactory()
    for chosen in ({}, {"select_across": "1"}):
        ids = [one.pk for one in Account.objects.exclude(user=None)]
        given = {"action": "freeze", "_selected_action": ids, "reason": "Stolen", "confirm": "x"}
        page = as_operator.post(ACCOUNTS, given | chosen, follow=True)
        assert "Choose at most 2 rows at a time. Nothing was changed." in text(page)
    assert not Account.objects.filter(is_frozen=True).exists()


def test_freezing_says_what_it_does_to_each_wallet(as_operator, alice, bob, carol):
    operations.freeze(SYSTEM, account_id(alice))
    operations.freeze_own(Context(bob.pk))
    ids = [account_id(each) for each in (alice, bob, carol)]
    page = text(as_operator.post(ACCOUNTS, {"action": "freeze", "_selected_action": ids}))
    assert "Alice Wanjiku already frozen by staff: nothing changes" in page
    assert "Bob Otieno frozen by its member: they can't unfreeze it any longer" in page
    assert "Carol Kirui money can't leave" in page
    assert "2 wallets are frozen." in text(act(as_operator, "freeze", *ids))


def test_freezing_is_logged(as_operator, alice, operator):
    act(as_operator, "freeze", account_id(alice))
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (operator, str(account_id(alice)))
    assert "frozen" in entry.get_change_message()


def test_house_accounts_are_never_frozen(as_operator):
    act(as_operator, "freeze", *(one.id for one in house.all_accounts()))
    assert not Account.objects.filter(is_frozen=True).exists()


def test_freezing_needs_the_permission(alice, bob):
    helper = UserFactory(is_staff=True)
    client = signed_in(helper)
    assert act(client, "freeze", account_id(alice)).status_code == 403
    assert not alice.primary_account().is_frozen


def test_an_account_is_read_only(as_operator, alice):
    account = alice.primary_account()
    given = {"balance_cents": "99999", "is_frozen": "on", "_save": "Save", "post": "yes"}
    for page, args in [("add", []), ("change", [account.pk]), ("delete", [account.pk])]:
        url = reverse(f"admin:wallet_account_{page}", args=args)
        assert as_operator.post(url, given).status_code == 403
    act(as_operator, "delete_selected", account.pk)
    account.refresh_from_db()
    assert (account.balance_cents, account.is_frozen) == (1_000_00, False)
    shown = text(as_operator.get(reverse("admin:wallet_account_change", args=[account.pk])))
    assert "KES 1,000.00" in shown


def found_names(client, url, search) -> list[str]:
    page = client.get(url, {"q": search})
    return [words(next(find(row, "a"))) for row in elements(page, "th", class_="field-name")]


@pytest.mark.parametrize(
    "search",
    [
        "jane",
        "Wanjiru",
        "jane@example.com",
        "+254712345678",
        "0712 345 678",
        "254 712 345678",
    ],
)
def test_a_search_finds_people(as_operator, alice, search):
    UserFactory(name="Jane Wanjiru", email="jane@example.com", phone="+254712345678")
    assert found_names(as_operator, USERS, search) == ["Jane Wanjiru"]
    assert "Jane Wanjiru" in text(as_operator.get(ACCOUNTS, {"q": search}))


def test_a_new_person_gets_a_wallet_and_chooses_a_password_by_email(as_operator):
    given = {"name": "Jane", "email": "Jane@Example.com", "phone": "", "is_active": "on"}
    assert as_operator.post(ADD, given).status_code == 302
    jane = User.objects.get(email="jane@example.com")
    assert jane.primary_account().balance_cents == 0
    assert (jane.phone, jane.has_usable_password()) == (None, False)
    Client().post(reverse("account_reset_password"), {"email": "jane@example.com"})
    sending.send_all()
    assert mail.outbox[0].to == ["jane@example.com"]
    assert "/password/reset/key/" in mail.outbox[0].body


@pytest.mark.parametrize(
    "given",
    [
        {"name": "", "email": "jane@example.com"},
        {"name": "Jane\n", "email": "x", "phone": ""},
        {"name": "Jane", "phone": "0712 345 67"},
        {"name": "Jane\u200b", "phone": ""},
        {"name": "Jane", "phone": "+15005550006"},
        {"name": "Jane", "email": "TAKEN@example.com"},
        {"name": "Jane", "phone": "+254712000999"},
    ],
)
def test_an_invalid_person_is_refused(as_operator, given):
    UserFactory(email="taken@example.com", phone="+254712000999")
    before = User.objects.count()
    page = as_operator.post(ADD, {"is_active": "on"} | given)
    assert page.status_code == 200
    assert elements(page, class_="errornote")
    assert User.objects.count() == before


def change(client, user, **changes):
    given = {"name": user.name, "email": user.email, "phone": user.phone or "", "is_active": "on"}
    given["reason"] = "They showed their ID"
    return client.post(reverse("admin:wallet_user_change", args=[user.pk]), given | changes)


def test_password_reset_uses_a_new_email_and_not_the_old_one(as_operator):
    jane = UserFactory(email="old@example.com", phone=None)
    EmailAddress.objects.create(user=jane, email=jane.email, primary=True, verified=True)
    assert change(as_operator, jane, email="New@example.com").status_code == 302
    for email in ("old@example.com", "new@example.com"):
        Client().post(reverse("account_reset_password"), {"email": email})
    sending.send_all()
    sent = [message.to for message in mail.outbox if "/password/reset/key/" in message.body]
    assert sent == [["new@example.com"]]


def test_closing_an_account_keeps_it_in_the_books(as_operator, alice, bob):
    send(alice, bob, 1_00)
    change(as_operator, bob, is_active="")
    bob.refresh_from_db()
    assert not bob.is_active
    url = reverse("admin:wallet_user_delete", args=[bob.pk])
    assert as_operator.post(url, {"post": "yes"}).status_code == 403
    as_operator.post(
        USERS, {"action": "delete_selected", "_selected_action": [bob.pk], "post": "yes"}
    )
    assert User.objects.filter(pk=bob.pk).exists()


def test_an_operator_makes_a_person_an_auditor(as_operator, bob):
    change(as_operator, bob, groups=[Group.objects.get(name="auditor").pk])
    assert signed_in(bob).get("/panel/").status_code == 200


def test_no_form_makes_a_superuser_or_sets_a_password(as_operator, bob):
    change(as_operator, bob, is_superuser="on", password="x", user_permissions="1")
    before = bob.password
    bob.refresh_from_db()
    assert (bob.is_superuser, bob.password) == (False, before)


def test_second_factors_and_email_lists_are_not_shown():
    assert not admin.site.is_registered(EmailAddress)
    assert not admin.site.is_registered(Authenticator)


def test_the_admin_uses_our_own_sign_in(alice):
    answer = Client().get("/admin/", follow=True)
    assert answer.request["PATH_INFO"] == "/accounts/login/"
    assert signed_in(alice).get("/admin/login/").status_code == 403
    # A password posted to the admin's own login URL signs no one in.
    client = Client()
    client.post("/admin/login/", {"username": alice.email, "password": "x"})
    assert "_auth_user_id" not in client.session


def test_the_front_page_and_every_list_open(as_operator, alice):
    page = as_operator.get("/admin/")
    links = {dict(link.attributes)["href"] for link in elements(page, "a")}
    assert {ACCOUNTS, USERS} <= links
    for link in links:
        if link.startswith("/admin/"):
            assert as_operator.get(link).status_code == 200, link


def test_a_local_phone_number_is_accepted_and_a_used_one_refused(as_operator):
    given = {"name": "Jane", "email": "", "phone": "0744 000 112", "is_active": "on"}
    assert as_operator.post(ADD, given).status_code == 302
    assert User.objects.get(name="Jane").phone == "+254744000112"
    page = as_operator.post(ADD, given | {"name": "Other", "phone": "00254 744 000 112"})
    assert "This number already has an account." in text(page)
    page = as_operator.post(ADD, given | {"phone": "12"})
    (row,) = elements(page, "div", class_="field-phone")
    assert "Enter a Kenyan phone number, like 0712 345 678." in words(row)
    assert "constraint" not in text(page).lower()


@pytest.mark.parametrize("name", ["finance", "finance approver", "auditor", "support"])
def test_the_groups_of_the_panel_cannot_be_renamed_or_deleted(as_operator, name):
    group = Group.objects.get(name=name)
    change = reverse("admin:auth_group_change", args=[group.pk])
    delete = reverse("admin:auth_group_delete", args=[group.pk])
    assert as_operator.post(delete, {"post": "yes"}).status_code == 403
    assert delete not in as_operator.get(change).text
    chosen = {"action": "delete_selected", "_selected_action": [group.pk], "post": "yes"}
    as_operator.post(reverse("admin:auth_group_changelist"), chosen)
    as_operator.post(change, {"name": "renamed", "permissions": []})
    assert Group.objects.filter(name=name).exists()


def test_other_groups_can_be_deleted(as_operator):
    group = Group.objects.create(name="helpers")
    delete = reverse("admin:auth_group_delete", args=[group.pk])
    assert as_operator.post(delete, {"post": "yes"}).status_code == 302
    assert not Group.objects.filter(name="helpers").exists()


def test_the_front_page_begins_with_people_and_ends_with_groups(as_operator):
    page = as_operator.get("/admin/")
    heads = [words(head) for head in elements(page, "caption")]
    assert heads == ["People and accounts", "Ledger", "Finance panel", "Site", "Staff groups"]
    assert "Authentication and Authorization" not in page.text


def test_times_use_the_24_hour_clock(as_operator, alice, time_machine):
    time_machine.move_to("2026-11-25T10:07:00Z", tick=False)
    jane = UserFactory(name="Jane")
    assert "25 Nov 2026, 13:07" in text(as_operator.get(USERS, {"q": "Jane"}))
    change = reverse("admin:wallet_user_change", args=[jane.pk])
    assert "25 Nov 2026, 13:07" in text(as_operator.get(change))


def test_house_accounts_say_where_to_find_their_balance(as_operator):
    said = text(as_operator.get(ACCOUNTS, {"q": ""}))
    assert "see the finance panel" in said
    assert "–" not in said
