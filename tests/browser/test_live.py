"""Pages update by themselves: balances, lists, filters and preferences."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.support.pace import advance
from tests.factories import PIN, account_id, deposit, send
from wallet import operations as wallet_operations
from wallet.context import SYSTEM

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_balance_updates_when_money_arrives(open_page, alice, bob):
    page = open_page(alice)
    page.clock.install()
    page.goto("/")
    expect(page.locator("#balance")).to_contain_text("1,000.00")
    deposit(bob, 50_00)
    send(bob, alice, 25_50)
    advance(page, 21_000)
    expect(page.locator("#balance")).to_contain_text("1,025.50")
    # The new element polls again.
    send(bob, alice, 1_00)
    advance(page, 21_000)
    expect(page.locator("#balance")).to_contain_text("1,026.50")


def test_the_list_updates_and_announces_money_that_arrives(open_page, alice, bob):
    page = open_page(alice)
    page.clock.install()
    page.goto("/")
    rows = page.locator("#latest a.row")
    expect(rows).to_have_count(1)
    expect(page.locator("#live")).to_be_empty()
    deposit(bob, 50_00)
    send(bob, alice, 25_50, description="Rent share")
    advance(page, 21_000)
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Rent share")
    expect(page.locator("#balance")).to_contain_text("1,025.50")
    expect(page.locator("#live")).to_contain_text("Money in: Bob O., KES\u00a025.50")
    expect(page.locator("#latest")).to_have_count(1)


def test_a_focused_list_updates_only_after_it_loses_focus(open_page, alice, bob):
    page = open_page(alice)
    page.clock.install()
    page.goto("/")
    rows = page.locator("#latest a.row")
    rows.first.focus()
    deposit(bob, 50_00)
    send(bob, alice, 25_50)
    advance(page, 21_000)
    expect(page.locator("#balance")).to_contain_text("1,025.50")
    expect(rows).to_have_count(1)
    expect(rows.first).to_be_focused()
    page.get_by_role("link", name="Home").first.focus()
    advance(page, 21_000)
    expect(rows).to_have_count(2)
    expect(page.locator("#live")).to_contain_text("Bob O.")


def test_a_receipt_in_one_tab_refreshes_the_balance_in_another(open_page, alice, bob):
    home = open_page(alice)
    home.goto("/")
    expect(home.locator("#balance")).to_contain_text("1,000.00")
    record = send(alice, bob, 100_00)
    other = home.context.new_page()
    other.goto(f"/activity/{record.reference}/")
    expect(home.locator("#balance")).to_contain_text("900.00")


def test_a_poll_after_signing_out_elsewhere_shows_no_balance(open_page, alice):
    page = open_page(alice)
    page.clock.install()
    page.goto("/")
    expect(page.locator("#balance")).to_contain_text("1,000.00")
    page.context.clear_cookies()
    advance(page, 21_000)
    expect(page.get_by_role("link", name="Open a wallet").first).to_be_visible()
    expect(page.locator("#balance")).to_have_count(0)


def test_a_hidden_balance_stays_hidden(open_page, alice):
    page = open_page(alice)
    page.goto("/")
    page.get_by_role("button", name="Hide the balance").click()
    expect(page.locator("#balance")).not_to_contain_text("1,000.00")
    page.reload()
    expect(page.locator("#balance")).not_to_contain_text("1,000.00")
    page.get_by_role("button", name="Show the balance").click()
    expect(page.locator("#balance")).to_contain_text("1,000.00")


def test_the_chosen_colours_stay(open_page, alice):
    page = open_page(alice, color_scheme="light")
    page.goto("/profile/")
    light = background(page)
    page.get_by_role("button", name="Dark").click()
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    dark = background(page)
    assert dark != light
    page.goto("/")
    assert background(page) == dark


def background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_activity_loads_more_and_searches_within_the_page(open_page, alice, bob, settings):
    settings.PAGE_SIZE = 5
    for number in range(12):
        send(alice, bob, 1_00, description=f"Note {number}")
    page = open_page(alice)
    page.goto("/activity/")
    rows = page.locator("#activity a.row")
    expect(rows).to_have_count(5)
    page.get_by_role("link", name="Load more").click()
    expect(rows).to_have_count(10)
    expect(page.get_by_role("link", name="Load more")).to_have_count(1)
    page.get_by_role("link", name="Load more").click()
    expect(rows).to_have_count(13)
    references = rows.evaluate_all("rows => rows.map(row => row.pathname)")
    assert len(set(references)) == 13
    page.get_by_label(re.compile("Search")).first.fill("Note 3")
    page.get_by_role("button", name="Search").click()
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile(r"q=Note\+3|q=Note%203"))
    page.reload()
    expect(rows).to_have_count(1)
    page.go_back()
    expect(rows).to_have_count(5)


def test_back_from_a_receipt_shows_the_list_as_it_was(open_page, alice, bob, settings):
    settings.PAGE_SIZE = 5
    for number in range(12):
        send(alice, bob, 1_00, description=f"Note {number}")
    page = open_page(alice, viewport={"width": 360, "height": 500})
    page.goto("/activity/")
    rows = page.locator("#activity a.row")
    for length in (10, 13):
        page.get_by_role("link", name="Load more").click()
        expect(rows).to_have_count(length)
    rows.nth(11).click()
    expect(page.get_by_role("link", name="Done")).to_be_visible()
    page.go_back()
    expect(rows).to_have_count(13)
    expect(rows.nth(11)).to_be_in_viewport()
    # A new search is a new list.
    page.get_by_label(re.compile("Search")).first.fill("Note")
    page.get_by_role("button", name="Search").click()
    expect(rows).to_have_count(5)


def test_the_filters_of_activity_open_in_a_dialog(open_page, alice, bob):
    send(alice, bob, 1_00, description="Chai")
    send(bob, alice, 50, description="Chai back")
    page = open_page(alice)
    page.goto("/activity/?q=chai")
    opener = page.get_by_role("link", name="Filter", exact=True)
    dialog = page.get_by_role("dialog", name="Filter")
    opener.click()
    expect(dialog).to_be_visible()
    expect(page.get_by_role("heading", name="Filter")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()
    opener.click()
    expect(dialog.get_by_role("button", name="Show 2 results")).to_be_visible()
    dialog.get_by_label("Money out").check()
    dialog.get_by_role("button", name="Show 1 result", exact=True).click()
    expect(dialog).to_have_count(0)
    expect(page.locator("#activity a.row")).to_have_count(1)
    expect(page.locator(".month-head h2")).to_be_focused()
    expect(page).to_have_url(re.compile("q=chai.*direction=out"))
    # A search keeps the filters.
    page.get_by_label(re.compile("Search")).first.fill("back")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("No activity matches")).to_be_visible()
    expect(page).to_have_url(re.compile("q=back.*direction=out|direction=out.*q=back"))


def test_the_ledger_filters_as_soon_as_a_type_is_chosen(open_page, finance, alice, bob):
    send(alice, bob, 12_34, description="Lunch")
    page = open_page(finance)
    page.goto("/panel/ledger/")
    rows = page.locator("#ledger a.reference")
    expect(rows).to_have_count(2)
    page.get_by_role("combobox", name="Type").select_option("TRANSFER")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile("type=TRANSFER"))
    page.get_by_role("link", name="Clear filters").click()
    expect(rows).to_have_count(2)
    page.go_back()
    expect(rows).to_have_count(1)
    rows.click()
    expect(page.get_by_role("heading", name="Entries")).to_be_visible()


def test_a_password_can_be_shown(open_page):
    page = open_page()
    page.goto("/accounts/login/")
    password = page.locator("input[name=password]")
    password.fill("secret words")
    page.get_by_role("button", name="Show").click()
    expect(password).to_have_attribute("type", "text")
    page.get_by_role("button", name="Hide").click()
    expect(password).to_have_attribute("type", "password")


def test_a_quick_amount_fills_the_field(open_page, alice):
    page = open_page(alice)
    page.goto("/deposit/")
    page.get_by_role("button", name="500", exact=True).click()
    expect(page.get_by_label("Amount", exact=True)).to_have_value("500")


def test_an_operator_freezes_a_wallet_and_its_member_sees_it(open_page, operator, alice):
    page = open_page(operator)
    page.goto("/admin/wallet/account/?q=Alice")
    page.locator("input.action-select").first.check()
    page.locator("select[name=action]").select_option("freeze")
    page.get_by_role("button", name=re.compile("Run|Go")).click()
    page.get_by_label("Reason").fill("Stolen phone")
    page.get_by_role("button", name="Freeze").click()
    expect(page.get_by_text("1 wallet is frozen.")).to_be_visible()
    member = open_page(alice)
    member.goto("/")
    expect(member.get_by_text("Your wallet is frozen")).to_be_visible()
    wallet_operations.unfreeze(SYSTEM, account_id(alice))
    member.reload()
    expect(member.get_by_text("Your wallet is frozen")).to_have_count(0)


def test_a_transfer_works_with_the_keyboard_alone(open_page, alice, bob):
    page = open_page(alice)
    page.goto("/transfer/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the main content")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_label("Send to").focus()
    page.keyboard.type(bob.email)
    page.get_by_label("Amount", exact=True).focus()
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Check and confirm")).to_be_focused()
    page.get_by_label("Your PIN").focus()
    page.keyboard.type(PIN)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/activity/NS-"))
