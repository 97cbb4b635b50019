"""Double clicks, the Back button and lost connections: money moves once."""

import re
import time
from threading import Semaphore

import pytest
from playwright.sync_api import Error, Page, Route, expect

from ledger import operations
from ledger.models import Transaction
from tests.books import assert_books_right
from tests.factories import PIN, balance

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RECEIPT = re.compile(r"/activity/NS-")
scripts_or_not = pytest.mark.parametrize(
    "scripts", [True, False], ids=["with JavaScript", "without"]
)


def review(page: Page, payee: str, amount: str = "250") -> None:
    page.goto("/transfer/")
    page.get_by_label("Send to").fill(payee)
    page.get_by_label("Amount", exact=True).fill(amount)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Nothing has moved yet.", exact=True)).to_be_visible()


def send_button(page: Page):
    """The review's button. Types the PIN first, since a new page has forgotten it."""
    for field in page.get_by_label("Your PIN").all():
        field.fill(PIN)
    return page.get_by_role("button", name=re.compile("^Send KES"))


@scripts_or_not
def test_a_double_click_sends_once(open_page, alice, bob, scripts):
    page = open_page(alice, java_script_enabled=scripts)
    review(page, bob.email)
    send_button(page).dblclick()
    expect(page).to_have_url(RECEIPT)
    assert balance(bob) == 250_00
    assert Transaction.objects.filter(type="TRANSFER").count() == 1
    assert_books_right()


def test_a_second_click_during_the_first_payment_sends_once(open_page, alice, bob, monkeypatch):
    """Without JavaScript nothing stops the second click, so both requests reach the ledger."""
    arrived, perform = Semaphore(0), operations.perform

    def perform_slowly(*args, **kwargs):
        arrived.release()
        time.sleep(0.5)
        return perform(*args, **kwargs)

    monkeypatch.setattr(operations, "perform", perform_slowly)
    page = open_page(alice, java_script_enabled=False)
    review(page, bob.email)
    box = send_button(page).bounding_box()
    assert box
    for _ in range(2):
        page.mouse.click(box["x"] + 20, box["y"] + 20)
        assert arrived.acquire(timeout=10)
    # The second click aborts the first one's navigation. `wait_for_url` would fail on that.
    expect(page).to_have_url(RECEIPT)
    assert balance(bob) == 250_00
    assert Transaction.objects.filter(type="TRANSFER").count() == 1
    assert_books_right()


def test_going_back_and_sending_the_review_again_ends_on_the_same_receipt(open_page, alice, bob):
    """Without JavaScript the review is a separate page, which the browser requests again."""
    page = open_page(alice, java_script_enabled=False)
    review(page, bob.email)
    send_button(page).click()
    expect(page).to_have_url(RECEIPT)
    receipt = page.url
    with pytest.raises(Error, match="ERR_CACHE_MISS"):
        page.go_back()
    # Chromium's error page. The headless shell leaves it empty.
    expect(page.locator("main")).to_have_count(0)
    # Chromium requests either the review again, or its result directly.
    page.reload()
    if send_button(page).count():
        send_button(page).click()
    expect(page).to_have_url(receipt)
    assert balance(bob) == 250_00


def test_going_back_after_paying_starts_a_new_payment(open_page, alice, bob):
    page = open_page(alice)
    review(page, bob.email)
    old_key = key(page)
    send_button(page).click()
    expect(page).to_have_url(RECEIPT)
    page.go_back()
    expect(page.get_by_role("heading", name="Send money")).to_be_visible()
    assert key(page) != old_key
    assert balance(bob) == 250_00


def key(page: Page) -> str:
    return page.locator("input[name=idempotency_key]").input_value()


def test_pressing_again_after_a_lost_answer_pays_once(open_page, alice, bob):
    """The payment reached the server, but its answer didn't reach the browser."""
    page = open_page(alice)
    review(page, bob.email)
    old_key = key(page)
    page.context.route("**/transfer/", deliver_but_lose_the_answer)
    send_button(page).click()
    expect_unknown_outcome(page)
    assert balance(bob) == 250_00
    page.context.unroute("**/transfer/")
    assert key(page) == old_key
    send_button(page).click()
    expect(page).to_have_url(RECEIPT)
    assert balance(bob) == 250_00
    assert Transaction.objects.filter(type="TRANSFER").count() == 1
    assert page.url.rstrip("/").endswith(Transaction.objects.latest("pk").reference)
    open_page.complaints.clear()


def expect_unknown_outcome(page: Page) -> None:
    """An alert on the page itself says so, and no line claims that nothing has moved."""
    said = page.get_by_role("alert").filter(has_text="We don't know yet if it went through")
    expect(said).to_contain_text("Press the button again: you can't pay twice.")
    expect(page.get_by_text("Nothing has moved yet.", exact=True)).to_be_hidden()
    expect(page.locator("#alert")).to_be_empty()
    expect(said).to_be_in_viewport()
    expect(page.get_by_role("heading", name="Check and confirm")).to_be_visible()


@pytest.mark.parametrize("status", [500, 502])
def test_a_server_error_is_not_treated_as_a_refusal(open_page, alice, bob, status):
    page = open_page(alice)
    review(page, bob.email)
    page.context.route("**/transfer/", lambda route: deliver_but_break_the_answer(route, status))
    send_button(page).click()
    expect_unknown_outcome(page)
    page.context.unroute("**/transfer/")
    send_button(page).click()
    expect(page).to_have_url(RECEIPT)
    assert balance(bob) == 250_00
    open_page.complaints.clear()


def test_a_lost_answer_to_another_button_still_says_that_nothing_moved(open_page, alice, bob):
    page = open_page(alice)
    review(page, bob.email)
    page.context.set_offline(True)
    page.get_by_role("button", name="Edit", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Check your connection, then try again.")
    expect(page.get_by_text("Nothing has moved yet.", exact=True)).to_be_visible()
    page.context.set_offline(False)
    open_page.complaints.clear()


def deliver_but_break_the_answer(route: Route, status: int) -> None:
    route.fetch(max_redirects=0)
    route.fulfill(status=status, body="<!doctype html><title>Bad gateway</title>")


def deliver_but_lose_the_answer(route: Route) -> None:
    route.fetch(max_redirects=0)
    route.abort("connectionreset")


def test_a_payment_that_was_never_sent_can_be_sent_again(open_page, alice, bob):
    page = open_page(alice)
    review(page, bob.email)
    page.context.set_offline(True)
    send_button(page).click()
    expect_unknown_outcome(page)
    assert balance(bob) == 0
    page.context.set_offline(False)
    send_button(page).click()
    expect(page).to_have_url(RECEIPT)
    assert balance(bob) == 250_00
    open_page.complaints.clear()


def test_an_ended_session_leads_to_sign_in_and_back(open_page, alice, bob):
    page = open_page(alice)
    review(page, bob.email)
    alice.set_password("another-Long-one-2")
    alice.save()
    send_button(page).click()
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert balance(bob) == 0
    page.get_by_label("Phone number or email").fill(alice.email)
    page.get_by_label("Password", exact=True).fill("another-Long-one-2")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Send money")).to_be_visible()
