"""From sign-up to withdrawal as a member does it, with JavaScript and without."""

import re

import pytest
from playwright.sync_api import Page, expect

from ledger.models import Transaction
from tests.books import assert_books_right
from tests.factories import PASSWORD, PIN, UserFactory, balance
from tests.wallet.support.codes import code_to
from wallet.models import User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=re.compile(name)).click()


def move(page: Page, link: str, amount: str, button: str, **more: str) -> None:
    """Move money once, from the home page to the receipt."""
    page.get_by_role("navigation", name="Move money").get_by_role("link", name=link).click()
    for label, value in more.items():
        page.get_by_label(label.replace("_", " ")).fill(value)
    page.get_by_label("Amount", exact=True).fill(amount)
    press(page, "Continue")
    if link == "Send":
        # The first money out: the member chooses a PIN, and finds the form filled in.
        page.get_by_label("New PIN", exact=True).fill(PIN)
        page.get_by_label("New PIN again").fill(PIN)
        press(page, "Set PIN")
        press(page, "Continue")
    expect(page.get_by_text("Nothing has moved yet.", exact=True)).to_be_visible()
    if link != "Deposit":
        page.get_by_label("Your PIN").fill("1357")
        press(page, button)
        expect(page.get_by_text("This PIN isn't right.")).to_be_visible()
        page.get_by_label("Your PIN").fill(PIN)
    press(page, button)
    page.wait_for_url(re.compile(r"/activity/NS-"))
    expect(page.get_by_text("Complete").first).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_a_member_signs_up_and_moves_money(open_page, scripts):
    UserFactory(name="Brian Otieno", phone="+254712000002")
    page = open_page(java_script_enabled=scripts, viewport={"width": 360, "height": 740})
    page.goto("/")
    page.get_by_role("link", name="Open a wallet").first.click()
    page.get_by_label("Full name").fill("Jane Wanjiru")
    page.get_by_label("Phone").fill("0712 345 678")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    press(page, "Open my wallet")
    # Until the number is proved, nothing moves.
    page.locator("input[name=code]").fill(code_to("+254712345678"))
    press(page, "^Verify$")
    expect(page.get_by_role("heading", name="Your wallet is ready")).to_be_visible()

    move(page, "Deposit", "2,500", "Deposit KES", Note="First")
    expect(page.locator("p.figure")).to_have_text("+KES\u00a02,500.00")
    page.get_by_role("link", name="Done").click()

    move(page, "Send", "1,000.50", "Send KES", Send_to="0712 000 002")
    expect(page.get_by_role("heading", name="Sent to Brian O.")).to_be_visible()
    page.get_by_role("link", name="Done").click()

    move(page, "Withdraw", "99.50", "Withdraw KES")
    page.get_by_role("link", name="Done").click()
    expect(page.locator("#balance")).to_contain_text("1,400.00")
    expect(page.locator("a.row")).to_have_count(3)

    jane = User.objects.get(phone="+254712345678")
    assert (balance(jane), Transaction.objects.count()) == (1_400_00, 3)
    assert_books_right()

    page.get_by_role("link", name="Profile").last.click()
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
    page.goto("/activity/")
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    page.get_by_label("Phone number or email").fill("+254 712 345678")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    press(page, "Sign in")
    expect(page.get_by_role("heading", name="Activity")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_changing_something_on_the_review_keeps_what_was_typed(open_page, alice, bob, scripts):
    page = open_page(alice, java_script_enabled=scripts)
    page.goto("/transfer/")
    page.get_by_label("Send to").fill(bob.email)
    page.get_by_label("Amount", exact=True).fill("12.34")
    page.get_by_label("Note").fill("Lunch & tea")
    press(page, "Continue")
    press(page, "Edit")
    expect(page.get_by_label("Send to")).to_have_value(bob.email)
    expect(page.get_by_label("Amount", exact=True)).to_have_value("12.34")
    expect(page.get_by_label("Note")).to_have_value("Lunch & tea")
    assert Transaction.objects.count() == 1


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_a_refusal_says_why_and_keeps_what_was_typed(open_page, alice, bob, scripts):
    page = open_page(alice, java_script_enabled=scripts)
    page.goto("/transfer/")
    page.get_by_label("Send to").fill(bob.email)
    page.get_by_label("Amount", exact=True).fill("1,000.01")
    press(page, "Continue")
    summary = page.get_by_role("alert").filter(has_text="There is a problem")
    expect(summary).to_contain_text("1,000.00 available. Enter that or less.")
    expect(page).to_have_title("Error: Send money · Nissmart")
    if scripts:
        expect(summary).to_be_focused()
    summary.get_by_role("link").click()
    expect(page.get_by_label("Amount", exact=True)).to_be_focused()
    expect(page.get_by_label("Amount", exact=True)).to_have_value("1,000.01")
    page.get_by_label("Amount", exact=True).fill("1,000")
    press(page, "Continue")
    expect(page.get_by_text("Nothing has moved yet.", exact=True)).to_be_visible()
