"""A payment whose outcome is unknown: the page finds out by itself or with a button."""

import pytest
from playwright.sync_api import Page, expect

from ledger import operations
from ledger.models import Transaction
from tests.books import assert_books_right
from tests.browser.test_once import (
    RECEIPT,
    deliver_but_lose_the_answer,
    review,
    scripts_or_not,
    send_button,
)
from tests.factories import balance
from wallet.errors import OutcomeUnknown

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def lose_answer(monkeypatch):
    """Loses the answer to the next payment's COMMIT, whether the database committed or not."""

    def lose_answer(*, is_committed: bool) -> None:
        perform = operations.perform

        def perform_without_answer(*args, **kwargs):
            monkeypatch.undo()
            if is_committed:
                perform(*args, **kwargs)
            raise OutcomeUnknown("server closed the connection unexpectedly")

        monkeypatch.setattr(operations, "perform", perform_without_answer)

    return lose_answer


def expect_confirming(page: Page) -> None:
    expect(page.get_by_role("heading", name="We're confirming this")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Don't pay again yet.")).to_be_visible()


@scripts_or_not
def test_the_page_turns_into_the_receipt(open_page, alice, bob, lose_answer, scripts):
    page = open_page(alice, java_script_enabled=scripts)
    review(page, bob.email)
    lose_answer(is_committed=True)
    send_button(page).click()
    expect_confirming(page)
    if not scripts:
        page.get_by_role("button", name="Check again").click()
    expect(page).to_have_url(RECEIPT, timeout=10_000)
    assert balance(bob) == 250_00
    assert Transaction.objects.filter(type="TRANSFER").count() == 1
    assert_books_right()
    open_page.complaints.clear()


@scripts_or_not
def test_the_page_says_that_the_payment_failed(open_page, alice, bob, lose_answer, scripts):
    page = open_page(alice, java_script_enabled=scripts)
    review(page, bob.email)
    lose_answer(is_committed=False)
    send_button(page).click()
    expect_confirming(page)
    if not scripts:
        page.get_by_role("button", name="Check again").click()
    failed = page.get_by_role("heading", name="This didn't go through")
    expect(failed).to_be_visible(timeout=10_000)
    expect(page).to_have_title("This didn't go through · Nissmart")
    expect(page.get_by_text("Nothing has moved. You can send it again.")).to_be_visible()
    if scripts:
        expect(page.locator("#live")).to_have_text("This didn't go through")
    assert balance(bob) == 0
    send_button(page).click()
    expect(page).to_have_url(RECEIPT)
    assert balance(bob) == 250_00
    open_page.complaints.clear()


def test_a_page_that_got_no_answer_finds_the_receipt_by_itself(open_page, alice, bob):
    page = open_page(alice)
    review(page, bob.email)
    page.context.route("**/transfer/", deliver_but_lose_the_answer, times=1)
    send_button(page).click()
    expect(page.get_by_text("We don't know yet if it went through")).to_be_visible()
    expect(page).to_have_url(RECEIPT, timeout=10_000)
    assert balance(bob) == 250_00
    assert Transaction.objects.filter(type="TRANSFER").count() == 1
    open_page.complaints.clear()


def test_a_payment_that_was_never_sent_is_not_called_failed(open_page, alice, bob):
    page = open_page(alice)
    review(page, bob.email)
    page.context.set_offline(True)
    send_button(page).click()
    unsure = page.get_by_text("We don't know yet if it went through")
    expect(unsure).to_be_visible()
    page.context.set_offline(False)
    with page.expect_response(lambda response: response.status == 204, timeout=20_000):
        pass
    expect(unsure).to_be_visible()
    expect(send_button(page)).to_be_visible()
    send_button(page).click()
    expect(page).to_have_url(RECEIPT)
    assert balance(bob) == 250_00
    open_page.complaints.clear()
