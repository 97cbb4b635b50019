"""Operators look after people and accounts; balances move by no hand of theirs."""

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
from tests.factories import UserFactory, account_id, balance, send
from tests.pages import elements, find, text, words
from wallet.models import Account, User

pytestmark = pytest.mark.django_db

ACCOUNTS = reverse("admin:wallet_account_changelist")
USERS = reverse("admin:wallet_user_changelist")
ADD = reverse("admin:wallet_user_add")


@pytest.fixture
def client(operator):
    return signed_in(operator)


def act(client, action, *accounts):
    """Choose these accounts in the list and carry out the action."""
    chosen = {"action": action, "_selected_action": accounts}
    return client.post(ACCOUNTS, chosen, follow=True)


def test_freezing_stops_money_from_leaving(client, alice, bob):
    page = act(client, "freeze", account_id(alice), account_id(bob))
    assert "2 wallets are frozen." in text(page)
    with pytest.raises(AccountFrozen):
        send(alice, bob, 1_00)
    page = act(client, "unfreeze", account_id(alice))
    assert "1 wallet is unfrozen." in text(page)
    send(alice, bob, 1_00)
    assert balance(bob) == 1_00


def test_freezing_is_written_down(client, alice, operator):
    act(client, "freeze", account_id(alice))
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (operator, str(account_id(alice)))
    assert "frozen" in entry.get_change_message()


def test_the_houses_own_accounts_are_never_frozen(client):
    house = list(Account.HOUSE_IDS.values())
    act(client, "freeze", *house)
    assert not Account.objects.filter(is_frozen=True).exists()


def test_freezing_needs_the_right_to(alice, bob):
    helper = UserFactory(is_staff=True)
    client = signed_in(helper)
    assert act(client, "freeze", account_id(alice)).status_code == 403
    assert not alice.primary_account().is_frozen


def test_an_account_is_only_read(client, alice):
    account = alice.primary_account()
    given = {"balance_cents": "99999", "is_frozen": "on", "_save": "Save", "post": "yes"}
    for page, args in [("add", []), ("change", [account.pk]), ("delete", [account.pk])]:
        url = reverse(f"admin:wallet_account_{page}", args=args)
        assert client.post(url, given).status_code == 403
    act(client, "delete_selected", account.pk)
    account.refresh_from_db()
    assert (account.balance_cents, account.is_frozen) == (1_000_00, False)
    shown = text(client.get(reverse("admin:wallet_account_change", args=[account.pk])))
    assert "KES 1,000.00" in shown


def listed(client, url, search) -> list[str]:
    page = client.get(url, {"q": search})
    return [words(next(find(row, "a"))) for row in elements(page, "th", class_="field-name")]


@pytest.mark.parametrize("search", ["jane", "Wanjiru", "jane@example.com", "+254712345678"])
def test_finds_people(client, alice, search):
    UserFactory(name="Jane Wanjiru", email="jane@example.com", phone="+254712345678")
    assert listed(client, USERS, search) == ["Jane Wanjiru"]
    assert "Jane Wanjiru" in text(client.get(ACCOUNTS, {"q": search}))


def test_a_new_person_gets_a_wallet_and_chooses_a_password_by_email(client):
    given = {"name": "Jane", "email": "Jane@Example.com", "phone": "", "is_active": "on"}
    assert client.post(ADD, given).status_code == 302
    jane = User.objects.get(email="jane@example.com")
    assert jane.primary_account().balance_cents == 0
    assert (jane.phone, jane.has_usable_password()) == (None, False)
    Client().post(reverse("account_reset_password"), {"email": "jane@example.com"})
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
def test_a_person_who_will_not_do_is_refused(client, given):
    UserFactory(email="taken@example.com", phone="+254712000999")
    before = User.objects.count()
    page = client.post(ADD, {"is_active": "on"} | given)
    assert page.status_code == 200
    assert elements(page, class_="errornote")
    assert User.objects.count() == before


def change(client, user, **changes):
    given = {"name": user.name, "email": user.email, "phone": user.phone or "", "is_active": "on"}
    return client.post(reverse("admin:wallet_user_change", args=[user.pk]), given | changes)


def test_a_new_email_takes_the_old_ones_place_in_password_reset(client):
    jane = UserFactory(email="old@example.com", phone=None)
    EmailAddress.objects.create(user=jane, email=jane.email, primary=True, verified=True)
    assert change(client, jane, email="New@example.com").status_code == 302
    for email in ("old@example.com", "new@example.com"):
        Client().post(reverse("account_reset_password"), {"email": email})
    sent = [message.to for message in mail.outbox if "/password/reset/key/" in message.body]
    assert sent == [["new@example.com"]]


def test_closing_an_account_keeps_it_in_the_books(client, alice, bob):
    send(alice, bob, 1_00)
    change(client, bob, is_active="")
    bob.refresh_from_db()
    assert not bob.is_active
    url = reverse("admin:wallet_user_delete", args=[bob.pk])
    assert client.post(url, {"post": "yes"}).status_code == 403
    client.post(USERS, {"action": "delete_selected", "_selected_action": [bob.pk], "post": "yes"})
    assert User.objects.filter(pk=bob.pk).exists()


def test_a_person_is_put_into_the_finance_team(client, bob):
    change(client, bob, groups=[Group.objects.get(name="finance").pk])
    assert signed_in(bob).get("/panel/").status_code == 200


def test_no_form_makes_a_superuser_or_sets_a_password(client, bob):
    change(client, bob, is_superuser="on", password="x", user_permissions="1")
    before = bob.password
    bob.refresh_from_db()
    assert (bob.is_superuser, bob.password) == (False, before)


def test_second_factors_and_email_lists_are_not_shown():
    assert not admin.site.is_registered(EmailAddress)
    assert not admin.site.is_registered(Authenticator)


def test_the_admins_door_is_our_own_sign_in(alice):
    answer = Client().get("/admin/", follow=True)
    assert answer.request["PATH_INFO"] == "/accounts/login/"
    assert signed_in(alice).get("/admin/login/").status_code == 403
    # A password posted to the admin's own address signs nobody in.
    client = Client()
    client.post("/admin/login/", {"username": alice.email, "password": "x"})
    assert "_auth_user_id" not in client.session


def test_the_front_page_and_every_list_open(client, alice):
    page = client.get("/admin/")
    links = {dict(link.attributes)["href"] for link in elements(page, "a")}
    assert {ACCOUNTS, USERS} <= links
    for link in links:
        if link.startswith("/admin/"):
            assert client.get(link).status_code == 200, link
