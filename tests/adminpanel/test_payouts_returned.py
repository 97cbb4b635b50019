"""Money that goes back to its payer is a payout too: people end it when the rail says nothing."""

from __future__ import annotations

import pytest

from adminpanel.payouts.queries import payouts_to_decide
from ledger.models import Attempt
from ledger.payouts import worker
from tests.adminpanel.support.payouts import LIST, NOT_PAID, page, references, refuse, url
from tests.books import nothing_moves
from tests.conftest import signed_in, staff
from tests.ledger.support.payouts import assert_right, state, suspense_cents
from tests.ledger.support.suspense import PHONE, attempt_of, give_back, stray
from tests.pages import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def returned(bob, rail, joseph) -> Attempt:
    """A return that Joseph approved, and that no worker has sent."""
    return attempt_of(give_back(stray(bob), joseph))


def test_an_unknown_return_is_found_out_by_two_people(returned, rail, wambui, joseph):
    rail.script = lambda call, reference: "lost"
    worker.do_due()
    client = signed_in(wambui)
    assert f"{references(returned)[0]} Its payer" in text(client.get(f"{LIST}?tab=unknown"))
    assert "Return to suspense, or say that it was paid" in text(
        client.get(f"/panel/transactions/{references(returned)[0]}/")
    )
    client.post(url(returned, "not-paid"), NOT_PAID)
    # The worker has given up.
    Attempt.objects.update(next_look_at=None)
    second = signed_in(joseph)
    assert returned in payouts_to_decide(joseph)
    second.post(url(returned, "not-paid"), NOT_PAID)
    assert (state(returned), suspense_cents()) == ("FAILED", 300_00)
    assert "Two people agree. The money is in suspense again." in page(second, returned)
    assert_right()


def test_a_return_that_was_not_sent_is_refused_back_into_suspense(returned, as_wambui):
    shown = page(as_wambui, returned)
    assert "Two people agreed on this return, so it needs no approval." in shown
    assert "Staff read this." in shown
    assert "The member reads" not in shown
    refuse(as_wambui, returned)
    assert "Refused. The money is in suspense again." in page(as_wambui, returned)
    assert (state(returned), suspense_cents()) == ("CANCELLED", 300_00)
    assert_right()


def test_who_gets_a_return_does_not_decide_about_it(returned):
    payer = staff("finance", "Peter Payer")
    payer.phone = PHONE
    payer.save()
    client = signed_in(payer)
    with nothing_moves():
        assert refuse(client, returned).status_code == 403
    assert "This return goes to your phone, so a colleague decides it." in page(client, returned)
