"""The ledger page with some transactions, open for finance."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.support.explorer_rows import URL
from tests.factories import deposit, send, withdraw


@pytest.fixture
def history(alice, bob):
    for number in range(6):
        send(alice, bob, (number + 1) * 100, description=f"Lunch {number}")
    withdraw(bob, 3_00, description="Cash")
    deposit(bob, 50_00, description="Wages")


@pytest.fixture
def page(open_page, finance, history) -> Page:
    page = open_page(finance)
    page.goto(URL)
    return page
