"""Members see where to pay in by themselves, when the rail has a paybill."""

from __future__ import annotations

import pytest

from tests.ledger.support.arrivals import number, prompted
from tests.ledger.support.payouts import now_is
from tests.ledger.support.typed import order, press
from tests.pages import elements, text

# Pages whose words no database changes.
pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]


def facts(response) -> set[str]:
    """What one can copy."""
    buttons = [dict(button.attributes) for button in elements(response, "button")]
    return {button["data-copy"] for button in buttons if "data-copy" in button}


def test_pages_show_the_paybill_and_the_account_number(as_alice, alice, rail):
    wanted = {rail.paybill, number(alice)}
    for url in ("/deposit/", "/profile/"):
        page = as_alice.get(url)
        assert wanted <= facts(page), url
        assert number(alice) in text(page)
    attempt = prompted(alice)
    url = f"/activity/{attempt.transaction.reference}/"
    assert not wanted & facts(as_alice.get(url))
    now_is(attempt, minutes=2)
    assert wanted <= facts(as_alice.get(url))


def test_a_form_with_an_error_still_shows_them(as_alice, alice, rail):
    page = as_alice.post("/deposit/", {"amount": "x"})
    assert page.status_code == 422
    assert {rail.paybill, number(alice)} <= facts(page)


def test_a_rail_without_a_paybill_shows_none(as_alice, alice):
    for url in ("/deposit/", "/profile/", "/withdraw/"):
        page = as_alice.get(url)
        assert number(alice) not in page.text
        assert "aybill" not in text(page)


def test_a_deposits_review_says_which_phone_is_asked(as_alice, alice, rail):
    page = " ".join(text(press(as_alice, "deposit", order("deposit"))).split())
    assert f"Comes from {rail.name} 07" in page
    assert "You confirm it on this phone." in page
    assert alice.phone not in page
