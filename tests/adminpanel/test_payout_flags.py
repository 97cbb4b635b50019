"""The flags of a payout: why someone should look twice before they approve it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from ledger import guards
from ledger.models import Attempt
from tests.adminpanel.support.payouts import (
    LIST,
    fund,
    order,
    references,
    url,
)
from tests.factories import UserFactory, withdraw
from tests.pages import text
from wallet.models import Device, User

pytestmark = [
    pytest.mark.any_engine,
    pytest.mark.django_db,
    pytest.mark.usefixtures("approval_for_every_payout"),
]


def test_the_flags_say_why_to_look_twice(alice, rail, settings, as_wambui):
    settings.APPROVE_ONE_ABOVE_CENTS = 200_00
    order(alice, 201_00)
    page = text(as_wambui.get(LIST))
    assert "Over KES 200.00" in page
    assert "Number changed" not in page
    User.objects.filter(pk=alice.pk).update(phone="+254799000001")
    assert "Number changed since" in text(as_wambui.get(LIST))


def test_a_first_payout_and_many_in_a_day_are_flagged(rail, as_wambui, time_machine):
    time_machine.move_to("2026-11-21T20:50Z", tick=False)
    owner = fund(UserFactory())
    order(owner, 1_00)
    today = []
    for minute in range(4):
        # The next day in Nairobi.
        time_machine.move_to(f"2026-11-21T21:1{minute}Z", tick=False)
        today.append(order(owner, 2_00))
    page = text(as_wambui.get(LIST))
    assert page.count("First payout") == 5
    assert page.count("Payout number 4 that day") == 1
    for answer in (
        as_wambui.get(url(today[3])),
        as_wambui.get(f"{LIST}approve/", {"payout": references(*today)}),
    ):
        assert "First payout" in text(answer)
        assert "Payout number 4 that day" in text(answer)
    with override_settings(RAIL="simulated", APPROVE_ONE_ABOVE_CENTS=10**9):
        withdraw(owner, 1_00)
    assert "First payout" not in text(as_wambui.get(LIST))


def test_the_first_payout_to_a_new_phone_number_says_so(alice, rail, settings, as_wambui):
    settings.APPROVE_ONE_ABOVE_CENTS = 10**9
    alice.phone = "+254799000001"
    alice.save()
    order(alice)
    page = text(as_wambui.get(LIST))
    assert "First payout to a new phone number" in page
    assert "Number changed under a minute before" in page


def test_a_payout_ordered_while_a_device_was_new_says_so(alice, rail, as_wambui):
    old, at = order(alice, 201_00), timezone.now()
    Device.objects.create(user=alice, digest="a", name="x", known_from=at)
    assert "New device" not in text(as_wambui.get(LIST))
    Device.objects.create(user=alice, digest="b", name="y", known_from=at + timedelta(days=1))
    new = order(alice, 202_00)
    assert "New device" in text(as_wambui.get(url(new)))
    assert "New device" not in text(as_wambui.get(url(old)))
    assert text(as_wambui.get(LIST)).count("New device") == 1


def test_a_payout_above_what_may_leave_in_a_day_says_so(alice, rail, settings, as_wambui):
    settings.APPROVE_ONE_ABOVE_CENTS = 10**9
    settings.APPROVE_ONE_ABOVE_CENTS_A_DAY = 100_00
    order(alice)
    assert "Over KES 100.00 in a day" in text(as_wambui.get(LIST))


def test_the_reason_is_the_one_that_held_it_then(alice, rail, settings, as_wambui):
    """Whatever the limits are now, and what the member's phone number is."""
    settings.APPROVE_ONE_ABOVE_CENTS, settings.APPROVE_TWO_ABOVE_CENTS = 200_00, 400_00
    order(alice, 201_00)
    two = order(alice, 401_00)
    settings.APPROVE_ONE_ABOVE_CENTS = settings.APPROVE_TWO_ABOVE_CENTS = 0
    User.objects.filter(pk=alice.pk).update(phone_changed_at=two.created_at - timedelta(hours=1))
    page = text(as_wambui.get(LIST))
    assert "0 of 1 Over KES 200.00" in page
    assert "0 of 2 Over KES 400.00" in page
    assert "Over KES 400.00" in text(as_wambui.get(url(two)))
    guards.remove(connection)
    Attempt.objects.update(held_because=None, held_above_cents=None)
    guards.install(connection)
    assert "Not stored when it was ordered" in text(as_wambui.get(url(two)))


def test_a_frozen_wallet_is_flagged(held, alice, as_wambui):
    account = alice.primary_account()
    type(account).objects.filter(pk=account.pk).update(is_frozen=True, frozen_by="staff")
    assert "Wallet frozen" in text(as_wambui.get(LIST))
