"""A receipt follows a payment by itself, and its withdrawal can be cancelled, with and without
JavaScript."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from ledger.models import Attempt
from ledger.payouts import operations, worker
from tests.browser.test_accessible import problems, visit
from tests.factories import balance, deposit, withdraw
from tests.ledger.support import paya
from tests.ledger.support.payouts import now_is, say, script
from wallet.context import Context

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTHS = pytest.mark.parametrize("width", [360, 1280])


@pytest.fixture
def rail(alice):
    with paya.known() as rail:
        yield rail


def ordered(user, move=withdraw) -> Attempt:
    return Attempt.objects.get(transaction=move(user, 300_00))


def url(attempt: Attempt) -> str:
    return f"/activity/{attempt.transaction.reference}/"


def size(width: int) -> dict[str, int]:
    return {"width": width, "height": 640}


@WIDTHS
def test_the_steps_go_on_by_themselves_and_polling_ends(open_page, alice, rail, width):
    attempt = ordered(alice)
    page = open_page(alice, viewport=size(width))
    page.goto(url(attempt))
    now = page.locator(".timeline [aria-current=step]")
    expect(now).to_contain_text("Sending to Paya")
    worker.do_due()
    expect(now).to_contain_text("Paya is paying it out")
    say(rail, attempt)
    expect(page.locator(".timeline li").last).to_contain_text("Paid")
    expect(page.locator("#live")).to_have_text("Complete. Paid.")
    expect(page.locator(".badge")).to_have_text("Complete")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(4_000)
    assert asked == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@WIDTHS
def test_a_withdrawal_is_cancelled_in_place(open_page, alice, rail, settings, width):
    settings.APPROVE_ONE_ABOVE_CENTS = 0
    attempt = ordered(alice)
    page = open_page(alice, viewport=size(width))
    page.goto(url(attempt))
    page.evaluate("window.isSamePage = true")
    page.get_by_role("button", name="Cancel this withdrawal").click()
    expect(page.locator(".badge")).to_have_text("Cancelled")
    expect(page.get_by_text("KES 300.00 is back in your wallet.")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel this withdrawal")).to_have_count(0)
    expect(page.locator("h1")).to_be_focused()
    assert page.evaluate("window.isSamePage")
    assert balance(alice) == 1_000_00


def test_a_double_click_cancels_once_and_stays_on_the_page(open_page, alice, rail):
    attempt = ordered(alice)
    page = open_page(alice)
    page.goto(url(attempt))
    posts: list[str] = []
    page.on("request", lambda request: request.method == "POST" and posts.append(request.url))
    page.get_by_role("button", name="Cancel this withdrawal").dblclick()
    expect(page.locator(".badge")).to_have_text("Cancelled")
    expect(page).to_have_url(re.compile(f"{url(attempt)}$"))
    assert len(posts) == 1
    assert balance(alice) == 1_000_00


def test_too_late_says_what_happened(open_page, alice, rail):
    attempt = ordered(alice)
    page = open_page(alice)
    page.goto(url(attempt))
    page.route(re.compile(r"\?seen="), lambda route: route.abort())
    worker.do_due()
    page.get_by_role("button", name="Cancel this withdrawal").click()
    expect(page.get_by_role("alert").filter(has_text="We had sent it")).to_be_visible()
    expect(page.locator(".timeline [aria-current=step]")).to_contain_text("Paya is paying it out")
    open_page.complaints.clear()


@WIDTHS
def test_without_javascript(open_page, alice, rail, settings, width):
    settings.APPROVE_ONE_ABOVE_CENTS = 0
    attempt = ordered(alice)
    page = open_page(alice, viewport=size(width), java_script_enabled=False)
    page.goto(url(attempt))
    page.get_by_role("link", name="Refresh").click()
    expect(page.locator(".badge")).to_have_text("Being checked")
    page.get_by_role("button", name="Cancel this withdrawal").click()
    expect(page).to_have_url(re.compile(f"{url(attempt)}$"))
    expect(page.locator(".badge")).to_have_text("Cancelled")
    expect(page.get_by_role("link", name="Refresh")).to_have_count(0)


@pytest.mark.any_engine
def test_each_state_is_accessible(open_page, alice, rail, settings):
    late, unknown = ordered(alice, deposit), ordered(alice, deposit)
    script(rail, "", "lost")
    worker.do_due()
    now_is(late, seconds=70)
    settings.APPROVE_ONE_ABOVE_CENTS = 0
    held, cancelled = ordered(alice), ordered(alice)
    operations.cancel(Context(alice.pk), transaction_id=cancelled.transaction_id)
    page = open_page(alice)
    assert visit(page, "/", *map(url, (unknown, held, cancelled))) == []
    page.goto(url(late))
    page.get_by_text("I didn't get the prompt").click()
    assert problems(page) == []


def test_help_without_the_prompt_stays_open_and_leads_to_the_form(open_page, alice, rail):
    attempt = ordered(alice, deposit)
    worker.do_due()
    now_is(attempt, seconds=70)
    page = open_page(alice, viewport=size(360))
    page.goto(url(attempt))
    page.get_by_text("I didn't get the prompt").click()
    page.wait_for_timeout(3_500)
    page.get_by_role("link", name="Ask again for").click()
    expect(page.get_by_label("Amount", exact=True)).to_have_value("300.00")
