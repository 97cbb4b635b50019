"""The Back and Forward buttons during a transfer, and pages that are too old or signed out."""

import re

import pytest
from playwright.sync_api import Page, expect

from ledger.models import Transaction
from tests.browser.support.pace import wait_for_htmx
from tests.factories import PASSWORD, PIN, balance, send

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RECEIPT = re.compile(r"/activity/NS-")
scripts_or_not = pytest.mark.parametrize(
    "scripts", [True, False], ids=["with JavaScript", "without"]
)


def fill(page: Page, payee: str) -> None:
    page.get_by_label("Send to").fill(payee)
    page.get_by_label("Amount", exact=True).fill("12.34")
    page.get_by_label("Note").fill("Lunch & tea")


def expect_review(page: Page) -> None:
    expect(page.get_by_text("Nothing has moved yet.", exact=True)).to_be_visible()
    wait_for_htmx(page)


def proceed(page: Page) -> None:
    page.get_by_role("button", name="Continue").click()
    expect_review(page)


def expect_filled(page: Page, payee: str) -> None:
    expect(page.get_by_role("heading", name="Send money")).to_be_visible()
    expect(page.get_by_label("Send to")).to_have_value(payee)
    expect(page.get_by_label("Amount", exact=True)).to_have_value("12.34")
    expect(page.get_by_label("Note")).to_have_value("Lunch & tea")
    wait_for_htmx(page)


def test_back_goes_from_the_review_to_the_filled_form(open_page, alice, bob):
    page = open_page(alice)
    page.goto("/")
    page.goto("/transfer/")
    fill(page, bob.email)
    key = page.locator("input[name=idempotency_key]").input_value()
    proceed(page)
    page.go_back()
    expect_filled(page, bob.email)
    assert page.locator("input[name=idempotency_key]").input_value() == key
    page.go_forward()
    expect_review(page)
    page.go_back()
    expect_filled(page, bob.email)
    page.get_by_label("Amount", exact=True).fill("5")
    proceed(page)
    page.get_by_label("Your PIN").fill(PIN)
    page.get_by_role("button", name=re.compile("^Send KES")).click()
    expect(page).to_have_url(RECEIPT)
    assert balance(bob) == 5_00
    assert Transaction.objects.filter(type="TRANSFER").count() == 1


def test_back_twice_leaves_the_form(open_page, alice, bob):
    page = open_page(alice)
    page.goto("/")
    page.goto("/transfer/")
    fill(page, bob.email)
    proceed(page)
    page.go_back()
    expect_filled(page, bob.email)
    page.go_back()
    expect(page.locator("#balance")).to_be_visible()


def test_the_change_button_goes_back_one_step_too(open_page, alice, bob):
    page = open_page(alice)
    page.goto("/")
    page.goto("/transfer/")
    fill(page, bob.email)
    for clicks in (1, 2, 1):
        proceed(page)
        page.get_by_role("button", name="Edit", exact=True).click(click_count=clicks)
        expect_filled(page, bob.email)
    page.go_back()
    expect(page.locator("#balance")).to_be_visible()


def test_back_after_a_refusal_shows_the_form_without_the_error(open_page, alice, bob):
    page = open_page(alice)
    page.goto("/transfer/")
    fill(page, bob.email)
    page.get_by_label("Amount", exact=True).fill("9999")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("There is a problem")).to_be_visible()
    page.get_by_label("Amount", exact=True).fill("12.34")
    proceed(page)
    page.go_back()
    expect_filled(page, bob.email)
    expect(page.get_by_text("There is a problem")).to_have_count(0)


def test_enter_does_not_pick_a_suggested_person(open_page, alice, bob):
    send(alice, bob, 1_00)
    page = open_page(alice)
    page.goto("/transfer/")
    page.get_by_label("Amount", exact=True).fill("5")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Enter the person's phone number or email.").first).to_be_visible()


@scripts_or_not
def test_a_recent_person_can_be_picked_and_paid(open_page, alice, bob, carol, scripts):
    for person in (carol, bob):
        send(alice, person, 1_00)
    page = open_page(alice, java_script_enabled=scripts)
    page.goto("/transfer/")
    page.get_by_label("Amount", exact=True).fill("5")
    people = page.get_by_role("group", name="People you saved or sent money to recently")
    people.get_by_role("button", name=re.compile("Carol K.")).click()
    expect(page.get_by_role("group", name="Send to")).to_contain_text("Carol K.")
    expect(page.get_by_label("Amount", exact=True)).to_have_value("5")
    proceed(page)
    page.get_by_label("Your PIN").fill(PIN)
    page.get_by_role("button", name=re.compile("^Send KES")).click()
    expect(page).to_have_url(RECEIPT)
    page.get_by_role("link", name="Send again").click()
    expect(page.get_by_role("group", name="Send to")).to_contain_text("Carol K.")
    assert (balance(carol), balance(bob)) == (6_00, 1_00)


def test_a_page_that_is_too_old_to_send_says_so(open_page, alice, bob):
    page = open_page(alice)
    page.goto("/transfer/")
    fill(page, bob.email)
    page.context.clear_cookies(name="csrftoken")
    page.get_by_role("button", name="Continue").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("This page is out of date. Nothing has moved.")
    expect(alert).not_to_contain_text("problem")
    alert.get_by_role("link", name="Reload it").click()
    expect(page.get_by_role("alert").filter(has_text="too old")).to_have_count(0)
    open_page.complaints.clear()
    fill(page, bob.email)
    proceed(page)


@scripts_or_not
def test_a_form_sent_while_signed_out_is_filled_in_after_sign_in(open_page, alice, bob, scripts):
    page = open_page(alice, java_script_enabled=scripts)
    page.goto("/transfer/")
    fill(page, bob.email)
    # Not the device's: on a new one she'd confirm that it's her.
    page.context.clear_cookies(name=re.compile("session|csrf"))
    page.get_by_role("button", name="Continue").click()
    if not scripts:
        expect(page.get_by_role("heading", name="You're signed out")).to_be_visible()
        page.get_by_role("link", name="Sign in").click()
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    open_page.complaints.clear()
    page.get_by_label("Phone number or email").fill(alice.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect_filled(page, bob.email)
    proceed(page)


def test_too_many_lookups_get_a_sentence(open_page, alice, bob, carol, settings):
    settings.PAYEE_LOOKUPS_PER_HOUR = 1
    page = open_page(alice)
    page.goto("/transfer/")
    fill(page, bob.email)
    proceed(page)
    page.go_back()
    expect_filled(page, bob.email)
    page.get_by_label("Send to").fill(carol.email)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("You've looked up too many new people")).to_be_visible()
    expect_filled(page, carol.email)
    open_page.complaints.clear()


def test_an_operator_can_make_a_password_link_on_a_phone(open_page, operator, alice):
    page = open_page(operator, viewport={"width": 360, "height": 740})
    page.goto(f"/admin/wallet/user/{alice.pk}/change/")
    page.get_by_role("link", name="Help with sign-in").click()
    page.get_by_label("How did you check who is asking?").fill("Showed their ID")
    page.get_by_role("button", name="Make a password link").click()
    expect(page.locator(".handed")).to_contain_text("/accounts/password/reset/key/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.reload()
    expect(page.locator(".handed")).to_have_count(0)


def test_the_api_page_without_javascript_says_where_to_look(open_page):
    page = open_page(java_script_enabled=False)
    page.goto("/api/docs")
    expect(page.get_by_text("This page needs JavaScript")).to_be_visible()
    expect(page.get_by_role("link", name="Nissmart")).to_have_attribute("href", "/")
    page.get_by_role("link", name="openapi.json").click()
    expect(page.locator("body")).to_contain_text("List transactions")
