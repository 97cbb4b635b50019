"""A member shares a receipt, and takes a statement with them, on a phone."""

from __future__ import annotations

import pytest

from tests.factories import send

pytestmark = [pytest.mark.any_engine, pytest.mark.browser, pytest.mark.django_db(transaction=True)]

REMEMBER = "navigator.share = (data) => { window.shared = data; return Promise.resolve(); };"
FORGET = "Object.defineProperty(navigator, 'share', { value: undefined });"


def test_a_receipt_is_shared_or_copied_and_the_code_leads_on(open_page, alice, bob):
    record = send(alice, bob, 250_00)
    page = open_page(alice, viewport={"width": 360, "height": 640})
    page.add_init_script(REMEMBER)
    page.goto(f"/activity/{record.reference}/")
    page.get_by_role("button", name="Share").click()
    shared = page.evaluate("window.shared")
    assert "KES\u00a0250.00 from Alice W. to Bob O." in shared["text"]
    stranger = open_page(viewport={"width": 360, "height": 640})
    stranger.goto(shared["url"])
    stranger.get_by_role("heading", name="This receipt is genuine").wait_for()

    without = open_page(alice, permissions=["clipboard-read", "clipboard-write"])
    without.add_init_script(FORGET)
    without.goto(f"/activity/{record.reference}/")
    without.get_by_role("button", name="Share").click()
    without.get_by_role("button", name="Copied").wait_for()
    copied = without.evaluate("navigator.clipboard.readText()")
    assert copied == f"{shared['text']} {shared['url']}"

    page.goto("/activity/")
    page.get_by_role("link", name="Statement").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download PDF").click()
    assert download.value.suggested_filename.startswith("nissmart-statement-")
