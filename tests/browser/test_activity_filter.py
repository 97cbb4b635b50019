"""Activity's filters, in a dialog that htmx opens."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.factories import deposit, send

pytestmark = [pytest.mark.any_engine, pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_dialog_filters_the_list_and_opens_again(open_page, alice, bob):
    deposit(alice, 900_00)
    send(alice, bob, 250_00)
    page = open_page(alice, viewport={"width": 360, "height": 640})
    page.goto("/activity/")
    dialog = page.get_by_role("dialog", name="Filter")
    rows = page.locator("#activity a.row")
    before = rows.count()
    page.get_by_role("link", name="Filter", exact=True).click()
    dialog.get_by_label("Money out").check()
    expect(dialog.get_by_role("button", name="Show 1 result")).to_be_visible()
    dialog.get_by_role("button", name="Show 1 result").click()
    expect(dialog).to_be_hidden()
    expect(rows).to_have_count(1)
    page.get_by_role("link", name="Filter", exact=True).click()
    expect(dialog.get_by_label("Money out")).to_be_checked()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert before > 1
    page.reload()
    expect(rows).to_have_count(1)
