"""Paying a stranger, reporting a payment and asking for a name, with hostile text in each field."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from ledger.models import Report
from tests.browser.test_accessible import problems
from tests.factories import send
from tests.nissmart.support.hostile import texts
from wallet.models import NameRequest

pytestmark = [pytest.mark.any_engine, pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Short enough for a field, and with markup, templates, marks or other scripts.
SAMPLE = [each for each in texts() if len(each) < 60 and each.isprintable()][::12][:5]


def test_a_stranger_is_reported_and_a_name_asked_for(open_page, alice, bob, carol):
    record = send(alice, bob, 300_00)
    page = open_page(bob, viewport={"width": 360, "height": 800})
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(f"/activity/{record.reference}/")
    expect(page.get_by_text("You hadn't dealt with this person before.")).to_be_visible()
    page.get_by_role("link", name="Report this person").click()
    for hostile in SAMPLE:
        page.get_by_label("What happened?").fill(hostile)
        page.get_by_role("button", name="Send the report").click()
        expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
        expect(page.get_by_label("What happened?")).to_have_value(hostile.strip())
    found = problems(page)
    page.get_by_label("What is wrong?").select_option("tricked")
    page.get_by_role("button", name="Send the report").click()
    expect(page.get_by_text("Thank you, we'll look at it.").first).to_be_visible()
    assert Report.objects.get().text == SAMPLE[-1].strip()
    page.goto("/profile/name/")
    for hostile in SAMPLE:
        page.get_by_label("New name").fill(hostile)
        page.get_by_role("button", name="Ask for this name").click()
        expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
        expect(page.get_by_label("New name")).to_have_value(hostile.strip())
    found += problems(page)
    page.get_by_label("New name").fill("Bob Odhiambo")
    page.get_by_label("Why does it change?").fill(SAMPLE[0])
    page.get_by_role("button", name="Ask for this name").click()
    expect(page.get_by_text("We're looking at it.")).to_be_visible()
    assert NameRequest.objects.get().reason == SAMPLE[0].strip()
    page.goto("/transfer/")
    page.get_by_role("textbox", name="Amount").fill("50")
    page.get_by_label("Send to").fill(carol.phone)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("You haven't dealt with this person before.")).to_be_visible()
    found += problems(page)
    assert not found
    assert not dialogs
