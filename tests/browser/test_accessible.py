"""Every page is accessible: to a screen reader, in light and dark, on the narrowest phone."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connection
from playwright.sync_api import Page, expect

from adminpanel.models import Movement
from tests.adminpanel.support.matching import Sheet, came_in, new_receipt
from tests.factories import PIN, send, withdraw
from tests.ledger.support.goals import saving
from tests.unsettled import with_status

pytestmark = [pytest.mark.any_engine, pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# (width, size of text in per cent)
SIZES = [(240, 100), (320, 100), (1280, 100), (360, 200), (360, 100)]
# Dark mode changes only colours. axe is slow, and its findings don't depend on the database, so it
# runs on one engine only.
RULES = (
    {
        "light": {"resultTypes": ["violations"]},
        "dark": {"resultTypes": ["violations"], "runOnly": ["color-contrast"]},
    }
    if connection.vendor == "sqlite"
    else {}
)

VISITOR = [
    "/",
    "/fees/",
    "/help/",
    "/privacy/",
    "/verify/",
    "/accounts/signup/",
    "/accounts/login/",
    "/accounts/password/reset/",
]
MEMBER = [
    "/",
    "/deposit/",
    "/transfer/",
    "/withdraw/",
    "/activity/",
    "/activity/filter/?direction=out",
    "/ask/",
    "/savings/",
    "/savings/new/",
    "/statement/",
    "/messages/",
    "/scheduled/",
    "/scheduled/new/",
    "/profile/",
    "/profile/messages/",
    "/profile/name/",
    "/profile/name/shown/",
    "/profile/tokens/",
    "/security/",
    "/security/sessions/",
]
MORE = ["/accounts/password/change/", "/accounts/2fa/", "/nowhere/"]
IMPORT = "/panel/reconciliation/import/"
FINANCE = ["/panel/", "/panel/activity/", "/panel/ledger/", "/panel/reconciliation/", IMPORT]
REPORTS = [
    f"/panel/reports/{room}" for room in ("", "trial-balance/", "books/", "exports/", "mail/")
]


def problems(page: Page) -> list[str]:
    """Serious findings of axe in light and dark, and widths at which the page scrolls sideways."""
    found = []
    for width, text in SIZES:
        page.set_viewport_size({"width": width, "height": 800})
        wide = page.evaluate(
            """text => {
                const html = document.documentElement;
                html.style.fontSize = `${text}%`;
                return html.scrollWidth;
            }""",
            text,
        )
        if wide > width and "/panel/" not in page.url:
            found.append(f"{page.url} is {wide} px wide at {width} with text of {text} %")
    for scheme, rules in RULES.items():
        page.emulate_media(color_scheme=scheme)
        for violation in Axe().run(page, options=rules).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                where = [node["html"] for node in violation["nodes"][:3]]
                found.append(f"{page.url} {scheme}: {violation['id']} {where}")
    return found


def visit(page: Page, *urls: str) -> list[str]:
    found = []
    for url in urls:
        page.goto(url)
        found += problems(page)
    return found


def test_pages_for_visitors_are_accessible(open_page):
    page = open_page()
    found = visit(page, *VISITOR)
    with page.expect_navigation():
        page.get_by_role("main").get_by_role("button", name="Continue").click()
    assert found + problems(page) == []


def test_pages_for_members_are_accessible(open_page, alice, bob):
    record = send(alice, bob, 250_00, description="Lunch at a place with quite a long name " * 3)
    with_status(withdraw(alice, 40_00), "PENDING")
    with_status(withdraw(alice, 30_00), "FAILED")
    page = open_page(alice)
    goal = saving(alice, 100_00, target_cents=500_00)
    own = [f"/activity/{record.reference}/", f"/transfer/?again={record.reference}&amount=5"]
    own += [f"/savings/{goal.pk}/{each}" for each in ("", "add/", "part/")]
    assert visit(page, *MEMBER, *MORE, *own) == []


def test_every_step_of_a_transfer_is_accessible(open_page, alice, bob):
    page = open_page(alice)
    page.goto("/transfer/")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("There is a problem")).to_be_visible()
    found = problems(page)
    page.get_by_label("Send to").fill(bob.email)
    page.get_by_label("Amount", exact=True).fill("999.99")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Nothing has moved yet.", exact=True)).to_be_visible()
    found += problems(page)
    page.get_by_label("Your PIN").fill(PIN)
    page.get_by_role("button", name=re.compile("^Send KES")).click()
    page.wait_for_url(re.compile(r"/activity/NS-"))
    assert found + problems(page) == []


def test_pages_of_a_new_member_are_accessible(open_page, carol):
    assert visit(open_page(carol), "/", "/activity/", "/activity/?q=x&to=9999-12-31") == []


def test_pages_for_finance_are_accessible(open_page, finance, alice, bob):
    record = send(alice, bob, 250_00, description="Lunch")
    with_status(withdraw(alice, 40_00), "PENDING")
    filtered = "/panel/ledger/?type=TRANSFER&min=x&member=alice"
    page = open_page(finance)
    assert (
        visit(page, *FINANCE, *REPORTS, filtered, f"/panel/transactions/{record.reference}/") == []
    )


def test_pages_of_a_statement_are_accessible(open_page, finance, alice, settings):
    settings.RAIL = "mpesa"
    sheet = Sheet(opening_cents=5_000_00)
    receipt, _record = came_in(alice, 900_00)
    sheet.say(receipt, 950_00)
    sheet.say(new_receipt(), 250_00, details="Pay Bill from a customer with quite a long name")
    came_in(alice, 300_00)
    statement = sheet.imported()
    matched = Movement.objects.lines().get(receipt=receipt)
    top = f"/panel/reconciliation/{statement.pk}/"
    page = open_page(finance)
    found = visit(page, top, f"/panel/reconciliation/lines/{matched.pk}/")
    page.goto(f"{top}lines/")
    page.get_by_role("button", name="Match the ticked").click()
    expect(page.get_by_text("Choose at least two lines")).to_be_visible()
    assert found + problems(page) == []
