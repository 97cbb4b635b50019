"""After a reversal, each member's receipt says which way the money went back."""

from __future__ import annotations

import pytest

from adminpanel.reversals import operations as reversals
from ledger.models import Transaction
from tests.adminpanel.support.proposals import propose
from tests.conftest import signed_in, staff
from tests.factories import deposit
from tests.pages import text
from wallet.context import Context

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]


def test_each_receipt_shows_the_reversal_from_its_members_side(record, wambui, joseph, alice, bob):
    reversals.approve(Context(joseph.pk), proposal_id=propose(record, wambui).pk)
    reversal = Transaction.objects.get(reverses=record)
    for member, original, returned in (
        (alice, "KES 300.00 came back to your wallet", "Returned to you by Nissmart (from Bob O.)"),
        (
            bob,
            "This was returned to Alice W., so KES 300.00 left your wallet again.",
            "Returned by Nissmart to Alice W.",
        ),
    ):
        client = signed_in(member)
        page = text(client.get(f"/activity/{record.reference}/"))
        assert original in page
        assert f"Reversed by {reversal.reference}" in page
        # A reversed payment isn't one to repeat.
        assert "Send again" not in page
        assert "Complete" in page
        other = text(client.get(f"/activity/{reversal.reference}/"))
        assert returned in other
        # No member ordered the reversal, so it has one step.
        assert "What happened Posted" in other
        assert "Ordered" not in other
        assert f"This takes back {record.reference}" in other
        # Members don't see who on the staff did it, or why.
        for secret in ("Wambui", "Joseph", "Sent twice"):
            assert secret not in page + other
        activity = text(client.get("/activity/"))
        assert returned in activity
        assert "Returned" in text(client.get("/"))
    stranger = signed_in(staff("finance", "Zuri Third"))
    assert stranger.get(f"/activity/{reversal.reference}/").status_code == 404


def test_a_deposit_that_was_taken_back_says_so(wambui, joseph, bob):
    record = deposit(bob, 50_00)
    reversals.approve(Context(joseph.pk), proposal_id=propose(record, wambui).pk)
    client = signed_in(bob)
    page = text(client.get(f"/activity/{record.reference}/"))
    assert "This deposit was reversed, so KES 50.00 left your wallet again." in page
    reversal = Transaction.objects.get(reverses=record)
    assert "Deposit reversed" in text(client.get(f"/activity/{reversal.reference}/"))
    assert "Deposit reversed" in text(client.get("/activity/"))


def test_a_receipt_without_a_reversal_does_not_mention_one(record, alice):
    client = signed_in(alice)
    for path in ("/", "/activity/", f"/activity/{record.reference}/"):
        page = text(client.get(path))
        assert "Returned" not in page
        assert "Reversed" not in page
