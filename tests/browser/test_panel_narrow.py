"""The panel on a phone: counts and buttons are in view, and no number is cut off."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from adminpanel.models import Incident
from adminpanel.reversals import operations as reversals
from tests.factories import send, withdraw
from wallet.context import Context

pytestmark = [pytest.mark.any_engine, pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTH = 360


@pytest.fixture
def page(open_page, wambui) -> Page:
    return open_page(wambui, viewport={"width": WIDTH, "height": 740})


def is_in_view(page: Page, selector: str) -> bool:
    box = page.locator(selector).bounding_box()
    assert box
    return box["x"] >= 0 and box["x"] + box["width"] <= WIDTH


def test_one_button_opens_the_menu_and_escape_closes_it(page, alice, bob, joseph):
    record = send(alice, bob, 1_00)
    reversals.propose(Context(joseph.pk, reason="Sent twice."), transaction_id=record.pk)
    Incident.objects.create(title="Odd", severity="LOW", opened_by=joseph)
    page.goto("/panel/")
    button = page.get_by_role("button", name="Menu")
    menu = page.get_by_role("navigation", name="Finance panel")
    expect(menu).to_be_hidden()
    expect(button).to_contain_text("2")
    assert page.evaluate("document.documentElement.scrollWidth") == WIDTH
    button.focus()
    page.keyboard.press("Enter")
    expect(menu).to_be_visible()
    for section in ("reversals", "incidents"):
        assert is_in_view(page, f"nav a[href='/panel/{section}/'] .count")
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Close menu")).to_be_focused()
    menu.get_by_role("link", name="Audit").click()
    expect(page).to_have_url("/panel/audit/")
    expect(menu).to_be_hidden()


def test_staff_choose_the_colours_on_the_panel_too(page):
    page.goto("/panel/audit/")
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page).to_have_url("/panel/audit/")


def test_no_entry_is_cut_off(page, alice, bob):
    sent, paid = send(alice, bob, 300_00), withdraw(alice, 40_00)
    for record, left in ((sent, "700.00"), (paid, "660.00")):
        page.goto(f"/panel/transactions/{record.reference}/")
        cells = page.locator(".entries :is(th, td):visible")
        cut = "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).length"
        assert cells.evaluate_all(cut) == 0
        sheet = page.locator(".sheet:has(.entries)")
        assert sheet.evaluate("one => one.scrollWidth <= one.clientWidth")
        expect(page.locator(".entries").get_by_text(left)).to_be_visible()


def test_the_reversal_form_is_above_incidents_timeline_and_notes(page, alice, bob):
    page.goto(f"/panel/transactions/{send(alice, bob, 300_00).reference}/")
    places = [
        page.locator(selector).bounding_box()["y"]
        for selector in ("#reversal", "#incidents-title", "#timeline-title", "#notes")
    ]
    assert places == sorted(places)
    assert places[0] < 900
