"""The reference at /api/docs works under our strict CSP and loads only our own files."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.any_engine, pytest.mark.browser]

OPERATIONS = 26


def test_the_reference_lists_every_operation(open_page):
    page = open_page()
    page.goto("/api/docs")
    expect(page.locator(".opblock")).to_have_count(OPERATIONS)
    expect(page.get_by_role("heading", name="Nissmart")).to_be_visible()


def test_a_reader_can_try_a_call(open_page, alice):
    """The call uses the reader's session and the page's CSRF token."""
    page = open_page(alice)
    page.goto("/api/docs")
    block = page.locator(".opblock", has_text="/api/deposit")
    block.locator(".opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    block.locator("textarea").fill(f'{{"user_id": {alice.pk}, "amount_cents": 500}}')
    block.get_by_role("button", name="Execute").click()
    said = block.locator(".live-responses-table")
    expect(said.locator(".response-col_status").last).to_contain_text("201")
    expect(said).to_contain_text('"amount_cents": 500')
