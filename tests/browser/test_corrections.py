"""The pages of corrections are accessible at every width, and work without JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from ledger.kinds import STRAY_OUT
from tests.adminpanel.support.corrections import EVIDENCE, propose_adjustment, url
from tests.browser.test_accessible import problems, visit
from tests.factories import balance
from tests.ledger.support.suspense import stray

pytestmark = [pytest.mark.any_engine, pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_pages_of_corrections_are_accessible(open_page, alice, bob, wambui, joseph):
    item, lacking = stray(bob, rail_code="simulated"), stray(bob, 9_00, "simulated", STRAY_OUT)
    proposal = propose_adjustment(wambui, alice)
    page = open_page(joseph)
    about = [url(proposal), f"/panel/transactions/{lacking.reference}/"]
    assert visit(page, "/panel/adjustments/", *about) == []
    page.goto(f"/panel/adjustments/propose/?item={lacking.reference}")
    page.get_by_role("button", name="Propose", exact=True).click()
    expect(page.get_by_text("There is a problem").first).to_be_visible()
    assert problems(page) == []
    page.goto(f"/panel/transactions/{item.reference}/")
    page.locator("summary", has_text="Return").click()
    page.locator("summary", has_text="Assign").click()
    page.get_by_role("button", name="Propose to assign it").click()
    expect(page.get_by_text("Enter a member.").first).to_be_visible()
    assert problems(page) == []


def test_two_people_assign_an_item_without_javascript(open_page, bob, wambui, joseph):
    item = stray(bob, rail_code="simulated")
    page = open_page(wambui, java_script_enabled=False)
    page.goto(f"/panel/transactions/{item.reference}/")
    page.locator("summary", has_text="Assign").click()
    page.get_by_label("Member", exact=True).fill(bob.email)
    form = page.locator("form[action$='/assign/']")
    form.get_by_label("Reason").fill("The statement names him.")
    form.get_by_label("Evidence").fill(EVIDENCE)
    form.get_by_role("button").click()
    expect(page.get_by_text("A colleague in finance must approve it.")).to_be_visible()
    other = open_page(joseph, java_script_enabled=False)
    other.goto(page.url)
    other.get_by_role("button", name="Approve KES 300.00").click()
    expect(other.get_by_text("Approved and posted.")).to_be_visible()
    assert balance(bob) == 300_00
