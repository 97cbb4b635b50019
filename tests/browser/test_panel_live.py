"""The overview and the live feed in a real browser: nothing moves under the pointer."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from adminpanel.models import Incident, ReversalProposal
from tests.browser.support.pace import advance
from tests.browser.test_accessible import problems
from tests.factories import deposit, send, withdraw
from tests.tampering import payout

pytestmark = [pytest.mark.any_engine, pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FEED = "/panel/activity/"
SHOW = re.compile(r"^Show \d+\+? new$")


@pytest.fixture
def page(open_page, finance, alice, bob) -> Page:
    for number in range(8):
        send(alice, bob, 1_00, description=f"Early {number}")
    page = open_page(finance)
    page.clock.install()
    return page


def collect_news_urls(page: Page) -> list[str]:
    """A list that collects the URL of each request for news."""
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url) if "/news/" in request.url else 0)
    return urls


def places(page: Page) -> list[tuple[str, float]]:
    """The text and the position of each line of the feed."""
    return page.evaluate(
        "[...document.querySelectorAll('#feed li')]"
        ".map(li => [li.innerText, li.getBoundingClientRect().top])"
    )


@pytest.mark.parametrize("width", [360, 1280])
def test_lines_stay_where_they_are_while_new_ones_arrive(page, alice, bob, width):
    page.set_viewport_size({"width": width, "height": 700})
    page.goto(FEED)
    page.locator("#feed li").nth(3).hover()
    before = places(page)
    assert len(before) == 9
    send(alice, bob, 12_34, description="Just now")
    advance(page, 10_500)
    bar = page.get_by_role("link", name=SHOW)
    expect(bar).to_have_text("Show 1 new")
    expect(page.locator("#live")).to_have_text("1 new")
    assert places(page) == before
    withdraw(bob, 1_00)
    deposit(bob, 1_00)
    advance(page, 10_500)
    expect(bar).to_have_text("Show 3 new")
    assert places(page) == before


def test_showing_new_lines_puts_them_on_top_of_the_same_feed(page, alice, bob):
    page.goto(f"{FEED}?type=TRANSFER")
    deposit(bob, 5_00, description="Not a transfer")
    send(alice, bob, 12_34, description="Just now")
    advance(page, 10_500)
    bar = page.get_by_role("link", name=SHOW)
    expect(bar).to_have_text("Show 1 new")
    bar.focus()
    # More arrive: the count goes up, and the focus stays where it is.
    send(alice, bob, 1_00, description="A moment later")
    advance(page, 10_500)
    expect(bar).to_have_text("Show 2 new")
    expect(bar).to_be_focused()
    expect(page.locator("#news")).not_to_have_class(re.compile("htmx-"))
    page.keyboard.press("Enter")
    lines = page.locator("#feed li")
    expect(lines).to_have_count(10)
    expect(lines.first).to_contain_text("A moment later")
    expect(page.locator("#feed .fresh")).to_have_count(2)
    expect(page.locator("#feed-title")).to_be_focused()
    expect(page.locator("#live")).to_have_text("2 new lines at the top.")
    expect(page).to_have_url(re.compile(r"activity/\?type=TRANSFER$"))
    # The feed keeps polling.
    send(alice, bob, 1_00)
    advance(page, 10_500)
    expect(bar).to_have_text("Show 1 new")


def test_a_feed_without_answers_says_that_it_is_not_live(page, open_page, alice, bob):
    page.goto(FEED)
    live, lost = page.locator("#news .live"), page.locator("#news-lost")
    expect(live).to_have_text(re.compile(r"^Live. Nothing new since \d\d:\d\d:\d\d$"))
    expect(lost).to_be_hidden()
    answer: dict[str, Callable[[Route], None]] = {"news": lambda route: route.abort()}
    page.route("**/activity/news/**", lambda route: answer["news"](route))
    advance(page, 10_500)
    expect(lost).to_be_visible()
    expect(lost).to_have_text(re.compile(r"^Connection lost at \d\d:\d\d:\d\d. Trying again$"))
    expect(live).to_be_hidden()
    expect(page.locator("#live")).to_have_text(re.compile("^Connection lost at"))
    since = lost.text_content()
    advance(page, 10_500)
    page.wait_for_timeout(300)
    expect(lost).to_have_text(since)
    # The server answers again, at first without news.
    answer["news"] = lambda route: route.continue_()
    advance(page, 10_500)
    expect(live).to_be_visible()
    expect(lost).to_be_hidden()
    # A proxy's answer while the server behind it is down.
    down = {"status": 503, "content_type": "text/html", "body": "<html>Unavailable</html>"}
    answer["news"] = lambda route: route.fulfill(**down)
    advance(page, 10_500)
    expect(lost).to_be_visible()
    answer["news"] = lambda route: route.continue_()
    send(alice, bob, 1_00)
    advance(page, 10_500)
    expect(page.get_by_role("link", name=SHOW)).to_be_visible()
    expect(lost).to_be_hidden()
    open_page.complaints.clear()


def test_a_paused_feed_polls_nothing(page, alice, bob):
    urls = collect_news_urls(page)
    page.goto(FEED)
    page.get_by_role("link", name="Pause").click()
    expect(page.get_by_text("Paused at")).to_be_visible()
    expect(page).to_have_url(re.compile("pause=1"))
    send(alice, bob, 1_00, description="While paused")
    before = len(urls)
    advance(page, 60_000)
    page.wait_for_timeout(300)
    assert len(urls) == before
    expect(page.get_by_role("link", name=SHOW)).to_have_count(0)
    page.get_by_role("link", name="Go live again").click()
    expect(page.locator("#feed li").first).to_contain_text("While paused")


def test_a_hidden_tab_polls_nothing_until_it_is_visible_again(page, alice, bob):
    page.goto(FEED)
    urls = collect_news_urls(page)
    hide(page, True)
    send(alice, bob, 1_00)
    advance(page, 60_000)
    page.wait_for_timeout(300)
    assert urls == []
    hide(page, False)
    expect(page.get_by_role("link", name=SHOW)).to_have_text("Show 1 new")


def hide(page: Page, is_hidden: bool) -> None:
    """Pretend that another tab covers this one, which a headless browser can't do."""
    page.evaluate(
        """is_hidden => {
            Object.defineProperty(document, 'hidden', {value: is_hidden, configurable: true});
            document.dispatchEvent(new Event('visibilitychange'));
        }""",
        is_hidden,
    )


def test_without_javascript_the_reader_refreshes(open_page, finance, alice, bob):
    page = open_page(finance, java_script_enabled=False)
    page.goto(FEED)
    expect(page.locator("#feed li")).to_have_count(1)
    send(alice, bob, 1_00)
    page.get_by_role("link", name="Refresh").click()
    expect(page.locator("#feed li")).to_have_count(2)
    expect(page.locator("#feed .fresh")).to_have_count(1)
    expect(page.get_by_text(re.compile(r"^As of \d\d:\d\d:\d\d$"))).to_be_visible()
    # The page doesn't poll, so it neither calls itself live nor offers a pause.
    expect(page.get_by_text("Live. Nothing new")).to_be_hidden()
    expect(page.get_by_role("link", name="Pause")).to_have_count(0)


def test_the_latest_transactions_refresh_unless_the_reader_is_using_them(page, alice, bob):
    page.goto("/panel/")
    first = page.locator("#latest tbody a.reference").first
    old = first.inner_text()
    page.mouse.move(0, 0)
    send(alice, bob, 1_00)
    advance(page, 10_500)
    expect(first).not_to_have_text(old)
    shown = first.inner_text()
    for come, go in (
        (first.hover, lambda: page.mouse.move(0, 0)),
        (first.focus, lambda: first.blur()),
    ):
        come()
        send(alice, bob, 1_00)
        advance(page, 30_500)
        page.wait_for_timeout(300)
        expect(first).to_have_text(shown)
        go()
        advance(page, 10_500)
        expect(first).not_to_have_text(shown)
        shown = first.inner_text()


def test_charts_switch_from_money_to_counts_within_the_page(page):
    page.goto("/panel/")
    expect(page.locator("#trends h3").first).to_have_text("Deposits, KES")
    page.get_by_role("link", name="Count", exact=True).click()
    expect(page.locator("#trends h3").first).to_have_text("Deposits")
    expect(page).to_have_url(re.compile(r"by=count"))
    expect(page.get_by_role("group", name=re.compile("^Transfers per day"))).to_be_visible()
    page.get_by_text("Numbers for transfers").click()
    expect(page.get_by_role("row", name=re.compile("so far")).filter(visible=True)).to_contain_text(
        "8"
    )
    page.reload()
    expect(page.locator("#trends h3").first).to_have_text("Deposits")
    page.go_back()
    expect(page.locator("#trends h3").first).to_have_text("Deposits, KES")


def test_bars_can_be_read_on_a_phone(page):
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto("/panel/")
    (width,) = {
        round(bar["width"])
        for bar in page.evaluate(
            "[...document.querySelectorAll('.bars .now')].map(bar => bar.getBoundingClientRect())"
        )
    }
    assert width >= 10
    letters = page.evaluate("document.querySelector('.bars .today').getBoundingClientRect().height")
    assert letters >= 11


def test_both_pages_are_accessible(page, alice, bob):
    payout(alice, "PENDING")
    payout(alice, "FAILED")
    page.goto("/panel/?by=count")
    for summary in page.locator(".chart summary").all():
        summary.click()
    found = problems(page)
    page.goto(f"{FEED}?pause=1")
    found += problems(page)
    page.goto(FEED)
    send(alice, bob, 1_00)
    advance(page, 10_500)
    expect(page.get_by_role("link", name=SHOW)).to_be_visible()
    found += problems(page)
    page.get_by_role("link", name=SHOW).click()
    expect(page.locator("#feed .fresh")).to_have_count(1)
    assert found + problems(page) == []


def test_the_panel_fits_on_a_phone_when_much_needs_attention(page, alice, bob, joseph):
    ReversalProposal.objects.create(
        amount_cents=1_00,
        transaction=send(alice, bob, 1_00),
        reason="Sent twice",
        proposed_by=joseph,
    )
    for severity in Incident.Severity:
        Incident.objects.create(title="Odd", severity=severity)
    page.goto("/panel/")
    # The three incidents, the proposal, and that no worker runs.
    expect(page.locator(".attention li")).to_have_count(5)
    assert problems(page) == []


def test_a_click_anywhere_in_a_row_opens_it(page, alice, bob):
    record = send(alice, bob, 1_00)
    page.goto("/panel/ledger/")
    page.locator(".records tbody td.number").first.click()
    expect(page).to_have_url(f"/panel/transactions/{record.reference}/")
