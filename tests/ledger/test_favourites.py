"""People whom a member saved are first in Send, for as long as both are members."""

from __future__ import annotations

import pytest

from ledger.favourites import operations
from ledger.models import Favourite
from ledger.views.moves import RECENT
from tests.conftest import signed_in
from tests.factories import UserFactory, deposit, funded, send
from tests.pages import htmx

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]


def post(client, record, headers=None, **fields):
    return client.post(f"/activity/{record.reference}/save/", fields, headers=headers)


def people(client) -> list[str]:
    """The references behind the people that Send offers, in order."""
    page = client.get("/transfer/")
    return [payee.record.reference for payee in page.context["recent"]]


def test_a_saved_person_comes_first(as_alice, alice, bob):
    saved = send(alice, bob, 1_00)
    others = [send(alice, UserFactory(), 1_00) for _each in range(RECENT)]
    assert people(as_alice) == [record.reference for record in reversed(others)]
    assert "Save this person" in as_alice.get(f"/activity/{saved.reference}/").text
    assert post(as_alice, saved).status_code == 303
    assert people(as_alice) == [
        saved.reference,
        *(record.reference for record in reversed(others[1:])),
    ]
    page = post(as_alice, others[0], htmx("receipt"))
    assert (page.status_code, "Remove from saved people" in page.text) == (200, True)
    # Saved again from a later payment: still once.
    later = send(alice, bob, 2_00)
    post(as_alice, later)
    assert people(as_alice)[:2] == [others[0].reference, later.reference]
    post(as_alice, saved, forget="1")
    post(as_alice, others[0], forget="1")
    assert not Favourite.objects.exists()
    assert people(as_alice)[0] == later.reference


def test_only_whom_one_paid_can_be_saved(as_alice, alice, bob, carol):
    came, others = send(funded(bob, 5_00), alice, 1_00), send(bob, carol, 1_00)
    for record in (came, others, deposit(alice, 1_00)):
        assert post(as_alice, record).status_code == 404
    assert "Save this person" not in as_alice.get(f"/activity/{came.reference}/").text
    assert not Favourite.objects.exists()


def test_there_is_a_limit_and_the_page_says_so(as_alice, alice, bob, monkeypatch):
    monkeypatch.setattr(operations, "AT_MOST", 1)
    post(as_alice, send(alice, bob, 1_00))
    page = post(as_alice, send(alice, UserFactory(), 1_00))
    assert page.status_code == 422
    assert "You can save up to 1 people" in page.text
    assert Favourite.objects.count() == 1


def test_one_who_left_is_not_offered(as_alice, alice, bob):
    post(as_alice, send(alice, bob, 1_00))
    bob.is_active = False
    bob.save(update_fields=["is_active"])
    assert people(as_alice) == []
    assert [each.payee.user_id for each in Favourite.objects.all()] == [bob.pk]
    assert signed_in(bob).get("/transfer/").status_code == 302
