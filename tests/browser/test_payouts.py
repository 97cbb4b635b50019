"""Finance approves, refuses and resolves payouts, and pauses them, in the browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from ledger.models import Approval, Attempt, Pause
from ledger.payouts import worker
from ledger.rails.simulated import STAYS_UNKNOWN
from tests.adminpanel.support.payouts import LIST, fund, order, url
from tests.books import assert_books_right
from tests.browser.test_accessible import problems
from tests.factories import UserFactory, balance
from tests.ledger.support.payouts import state
from wallet.models import User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

scripts_or_not = pytest.mark.parametrize(
    "scripts", [True, False], ids=["with JavaScript", "without"]
)


@pytest.fixture(autouse=True)
def each_needs_approval(settings) -> None:
    settings.APPROVE_ONE_ABOVE_CENTS = 0


@pytest.fixture
def unknown(settings) -> Attempt:
    member = fund(UserFactory(name="Esther Achieng"))
    settings.APPROVE_ONE_ABOVE_CENTS = 10**9
    attempt = order(member, STAYS_UNKNOWN)
    worker.do_due()
    settings.APPROVE_ONE_ABOVE_CENTS = 0
    assert state(attempt) == "UNKNOWN"
    return attempt


def approve_button(page: Page):
    return page.get_by_role("button", name="Approve KES 300.00")


@scripts_or_not
def test_a_double_click_approves_once(open_page, alice, wambui, scripts):
    attempt = order(alice)
    page = open_page(wambui, java_script_enabled=scripts)
    page.goto("/panel/")
    page.get_by_role("navigation", name="Finance panel").get_by_role("link", name="Payouts").click()
    page.get_by_role("link", name=attempt.transaction.reference).click()
    approve_button(page).dblclick()
    expect(approve_button(page)).to_have_count(0)
    expect(page.get_by_role("region", name="Approvals")).to_contain_text("Wambui Kariuki")
    assert Approval.objects.count() == 1
    assert worker.do_due() == 1
    assert state(attempt) == "SUCCEEDED"
    assert_books_right()


@scripts_or_not
def test_a_refusal_needs_a_reason_and_returns_the_money(open_page, alice, wambui, scripts):
    attempt = order(alice)
    page = open_page(wambui, java_script_enabled=scripts)
    page.goto(url(attempt))
    page.get_by_text("Refuse with a reason").click()
    page.get_by_role("button", name="Refuse and return KES 300.00").click()
    expect(page.get_by_role("link", name="Enter a reason.")).to_be_visible()
    page.get_by_label("Reason").fill("The member didn't ask for it.")
    page.get_by_role("button", name="Refuse and return KES 300.00").click()
    expect(page.get_by_text("Refused. The money is back in the wallet.")).to_be_visible()
    assert balance(alice) == 1_000_00
    assert_books_right()


@scripts_or_not
def test_two_people_say_that_it_was_paid(open_page, unknown, wambui, joseph, scripts):
    for person, words in ((wambui, "Saved."), (joseph, "Two people agree.")):
        page = open_page(person, java_script_enabled=scripts)
        page.goto(f"{LIST}?tab=unknown")
        page.get_by_role("link", name=unknown.transaction.reference).click()
        page.get_by_text("It was paid", exact=True).first.click()
        page.get_by_label("Receipt number").fill("SKL1AB2CDE")
        page.get_by_role("button", name="Say that it was paid").click()
        expect(page.get_by_text("There is a problem")).to_be_visible()
        expect(page.get_by_label("Receipt number")).to_have_value("SKL1AB2CDE")
        page.get_by_label("How you know").first.fill("Line 12 of the statement")
        page.get_by_role("button", name="Say that it was paid").click()
        expect(page.get_by_text(words)).to_be_visible()
    assert state(unknown) == "SUCCEEDED"
    assert_books_right()


@scripts_or_not
def test_one_pauses_and_two_resume(open_page, wambui, joseph, scripts):
    page, other = (open_page(each, java_script_enabled=scripts) for each in (wambui, joseph))
    page.goto(LIST)
    page.locator("summary", has_text="Pause payouts").click()
    page.get_by_role("button", name="Pause payouts").click()
    expect(page.get_by_role("link", name="Enter why payouts are paused.")).to_be_visible()
    page.get_by_label("Reason").fill("M-PESA answers late.")
    page.get_by_role("button", name="Pause payouts").click()
    banner = page.get_by_role("region", name="Payouts are paused")
    expect(banner).to_contain_text("“M-PESA answers late.”")
    page.get_by_role("button", name="Propose to resume").click()
    expect(banner).to_contain_text("You proposed to resume them.")
    other.goto("/panel/audit/")
    other.get_by_role("link", name="See the payouts").click()
    other.get_by_role("button", name="Resume payouts").click()
    expect(other.get_by_text("Payouts are resumed.")).to_be_visible()
    assert Pause.objects.get().lifted_by == joseph


def test_these_pages_are_accessible(open_page, alice, unknown, wambui, joseph):
    attempt = order(alice)
    Pause.objects.create(reason="The rail answers late " * 8, paused_by=joseph)
    User.objects.filter(pk=alice.pk).update(phone="+254799000001")
    page, found = open_page(wambui), []
    tabs = [f"{LIST}?tab={tab}" for tab in ("sending", "unknown", "failed", "paid")]
    for there in (LIST, *tabs, url(attempt), url(unknown)):
        page.goto(there)
        for summary in page.locator("main summary").all():
            summary.click()
        found += problems(page)
    page.get_by_role("button", name="Say that it was paid").click()
    expect(page.get_by_text("There is a problem")).to_be_visible()
    assert found + problems(page) == []
