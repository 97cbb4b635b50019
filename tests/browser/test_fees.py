"""A tariff that changes while a member reads the review shows them the new fee first."""

from __future__ import annotations

import pytest

from ledger.models import Transaction
from tests.factories import PIN, UserFactory, funded
from tests.ledger.support.prices import price

pytestmark = pytest.mark.any_engine


def test_the_review_comes_back_with_the_new_fee(open_page):
    alice = funded(UserFactory(), 10_000_00)
    price((1_00, 5_00), (5_001_00, 11_00))
    page = open_page(alice, viewport={"width": 360, "height": 800})
    page.goto("/fees/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.goto("/withdraw/")
    page.fill("input[name=amount]", "2000")
    page.click("button.go")
    page.click("#move >> text=Withdraw KES 2,000.00", trial=True)
    price((1_00, 20_00))
    page.fill("input[name=pin]", PIN)
    page.click("button[name=confirm]")
    page.wait_for_selector("[role=alert] >> text=The fee is now KES")
    assert not Transaction.objects.filter(type="WITHDRAW").exists()
    page.fill("input[name=pin]", PIN)
    page.click("button[name=confirm]")
    page.wait_for_selector("article.receipt")
    assert Transaction.objects.get(type="WITHDRAW").fee_cents == 20_00
