"""A member takes their data, or closes their account; the books stay."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db.models import Q
from django.test import Client
from django.utils import timezone

from ledger import alerts
from ledger.errors import AccountClosed
from ledger.leaving import operations as leaving
from ledger.models import Entry
from ledger.operations.arrivals import Paid, expect
from tests.books import nothing_moves
from tests.conftest import signed_in
from tests.factories import PASSWORD, UserFactory, balance, deposit, send
from tests.ledger.support.payouts import assert_right
from tests.pages import text
from wallet import safety
from wallet.context import Context
from wallet.errors import Refusal
from wallet.models import (
    ApiToken,
    AuditEvent,
    Delivery,
    Device,
    FormerMember,
    Message,
    Session,
    User,
)

pytestmark = pytest.mark.django_db

CLOSE = "/profile/close/"


def empty(user: User, other: User) -> None:
    send(user, other, balance(user))


def test_the_data_has_all_that_the_member_did_and_no_secret(alice, bob):
    deposit(alice, 50_00)
    send(alice, bob, 20_00, description="Lunch")
    alerts.write_due()
    safety.changed(Context(alice.pk), alice.pk, safety.Change.PASSWORD)
    answer = signed_in(alice).get("/profile/data/")
    assert "attachment" in answer["Content-Disposition"]
    document = json.loads(answer.content)
    assert document["person"]["phone"] == alice.phone
    assert document["wallet"]["balance_cents"] == balance(alice)
    newest = document["transactions"][0]
    assert (newest["amount_cents"], newest["note"], newest["is_out"]) == (20_00, "Lunch", True)
    assert newest["other_party"] == bob.short_name
    assert bob.phone not in answer.text
    assert alice.password not in answer.text
    assert [row["facts"] for row in document["security_changes"]] == [{"what": "password"}]
    topics = {row["topic"] for row in document["messages"]}
    assert topics == {"deposited", "sent", "password_changed"}


def test_the_password_is_asked_before_either(alice):
    client = Client()
    client.force_login(alice)
    for path in ("/profile/data/", CLOSE):
        assert "/accounts/reauthenticate/" in client.get(path)["Location"]
    assert "/accounts/login/" in Client().get(CLOSE)["Location"]


def test_closing_takes_the_name_off_and_keeps_the_books(alice, bob):
    name, phone, email = alice.name, alice.phone, alice.email
    empty(alice, bob)
    alerts.write_due()
    assert Delivery.objects.filter(to=phone).exists()
    other_browser, client = signed_in(alice), signed_in(alice)
    with nothing_moves():
        assert "Tick the box" in text(client.post(CLOSE, {}))
        answer = client.post(CLOSE, {"sure": "on"}, follow=True)
    assert "Your account is closed." in text(answer)
    alice.refresh_from_db()
    assert (alice.name, alice.phone, alice.email) == (f"Former member {alice.pk}", None, None)
    with pytest.raises(AccountClosed):
        send(bob, alice, 1_00)
    assert FormerMember.objects.values_list("name", "phone", "email").get() == (name, phone, email)
    assert "/accounts/login/" in other_browser.get("/activity/")["Location"]
    signs_in = Client().post("/accounts/login/", {"login": email, "password": PASSWORD})
    assert signs_in.status_code == 422 or "sessionid" not in signs_in.cookies
    assert not ApiToken.objects.filter(user=alice, revoked_at__isnull=True).exists()
    assert not Session.objects.filter(user=alice).exists()
    assert not Device.objects.filter(user=alice).exists()
    assert not Delivery.objects.filter(Q(to=phone) | Q(to=email)).exists()
    assert not Message.objects.filter(user=alice).exists()
    assert AuditEvent.objects.filter(action="close_account", actor=alice).exists()
    assert Entry.objects.filter(account__user=alice).exists()
    receipt = text(signed_in(bob).get("/activity/"))
    assert name not in receipt
    assert "Former" in receipt
    assert_right()
    # The number is free for a new account, which shares nothing with the old one.
    again = UserFactory(phone=phone)
    assert balance(again) == 0


def test_an_account_in_use_stays_open(alice, bob, finance):
    for user, why in [
        (alice, "still has KES 1,000.00"),
        (finance, "Staff can't close their own account."),
    ]:
        answer = signed_in(user).post(CLOSE, {"sure": "on"})
        assert answer.status_code == 422
        assert why in text(answer)
        user.refresh_from_db()
        assert user.is_active
    assert not FormerMember.objects.exists()


def test_money_on_its_way_or_a_freeze_keeps_it_open(alice, bob):
    context = Context(alice.pk)
    empty(alice, bob)
    # It waits for the rail, and would come in later.
    deposit(alice, 4_002_00)
    with pytest.raises(Refusal, match="on its way"):
        leaving.close(context, alice.pk)
    account = alice.primary_account()
    account.is_frozen, account.frozen_by = True, "staff"
    account.save(update_fields=["is_frozen", "frozen_by"])
    with pytest.raises(Refusal, match="frozen"):
        leaving.close(context, alice.pk)


def test_a_payment_that_its_rail_has_yet_to_confirm_keeps_it_open(bob, carol):
    expect(Paid("mpesa", "TKT1234567", 50_000_00, bob.primary_account().number.lower()))
    with pytest.raises(Refusal, match="on its way"):
        leaving.close(Context(bob.pk), bob.pk)
    leaving.close(Context(carol.pk), carol.pk)


def test_who_they_were_is_forgotten_when_the_law_allows(alice, bob, settings):
    empty(alice, bob)
    leaving.close(Context(alice.pk), alice.pk)
    assert leaving.SWEEP.run() == 0
    years_ago = timezone.now() - timedelta(days=366 * settings.RETENTION_YEARS + 1)
    FormerMember.objects.update(closed_at=years_ago)
    assert leaving.SWEEP.run() == 1
    assert not FormerMember.objects.exists()
