"""Incidents and integrity checks in a browser: a page never contradicts itself."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from adminpanel.incidents import operations as incidents
from adminpanel.integrity import operations as integrity
from adminpanel.models import CheckRun
from ledger.models import Transaction
from tests.adminpanel.support.checks import rewrite, run_checks
from tests.browser.support.pace import advance, wait_for_htmx
from tests.browser.test_accessible import problems
from tests.factories import send
from wallet.context import Context

pytestmark = [pytest.mark.any_engine, pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def record(alice, bob) -> Transaction:
    return send(alice, bob, 300_00)


@pytest.fixture
def page(open_page, wambui) -> Page:
    page = open_page(wambui)
    page.clock.install()
    return page


def test_the_banner_comes_and_goes_with_the_last_poll_of_a_run(page, record):
    wrong = record.entries.first()
    banner = page.locator(".banner[role=alert]")
    paused = page.get_by_label("Payouts are paused")
    menu = page.get_by_role("navigation", name="Finance panel")
    page.goto("/panel/integrity/")
    for amount_cents, count in ((wrong.amount_cents + 1, 1), (wrong.amount_cents, 0)):
        rewrite(wrong, amount_cents)
        page.get_by_role("button", name="Run now").click()
        expect(page.get_by_text("Running: 0 of")).to_be_visible()
        assert integrity.run_next()
        advance(page, 2_500)
        expect(page.get_by_text("requested by Wambui Kariuki")).to_be_visible()
        expect(banner).to_have_count(count)
        # Wrong books paused the payouts, and two people have to resume them.
        expect(paused).to_be_visible()
        # The incident closes when its checks pass.
        incidents_link = menu.get_by_role("link", name="Incidents")
        expect(incidents_link.locator(".count")).to_have_count(count)
    assert CheckRun.objects.count() == 2


def test_an_old_notice_does_not_stay_above_a_refusal(page, record, wambui):
    incident = incidents.open_by_hand(Context(wambui.pk), title="Paid twice")
    page.goto(f"/panel/incidents/{incident.pk}/")
    page.get_by_label("Link transactions").fill(record.reference)
    page.get_by_role("button", name="Link", exact=True).click()
    linked = page.get_by_text(f"Linked {record.reference}.", exact=True)
    expect(linked).to_be_visible()
    wait_for_htmx(page)
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_text("There is a problem")).to_be_visible()
    expect(linked).to_have_count(0)
    wait_for_htmx(page)
    page.get_by_label("Add a note").fill("Alice was called.")
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_role("region", name="Timeline")).to_contain_text("Alice was called.")


def test_an_incident_of_a_check_is_accessible(page, record):
    rewrite(record.entries.first(), 1)
    run_checks()
    page.goto("/panel/incidents/?severity=high&state=open")
    found = problems(page)
    page.get_by_role("link", name="Checks failed: ").first.click()
    expect(page.get_by_text("Still failing")).to_be_visible()
    found += problems(page)
    page.get_by_role("link", name="“Balance after each entry”").click()
    expect(page.get_by_role("link", name=record.reference)).to_be_visible()
    found += problems(page)
    assert not found
