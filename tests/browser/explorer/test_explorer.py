"""The ledger in a browser: menus, filter chips, the Back button, and without JavaScript."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.support.explorer_rows import URL, focused_reference, rows
from tests.browser.support.pace import wait_for_htmx
from tests.browser.test_accessible import problems
from tests.factories import UserFactory, funded, send

pytestmark = [pytest.mark.any_engine, pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EVERY = ("time", "type", "from", "to", "amount", "status", "settled", "note", "by", "key")


def test_a_wide_table_keeps_its_heading_and_its_first_column(open_page, finance, alice, bob):
    for number in range(40):
        send(alice, bob, 100, description=f"A long note about lunch {number} " * 4)
    page = open_page(finance, viewport={"width": 1280, "height": 700})
    page.goto(f"{URL}?{'&'.join(f'columns={name}' for name in EVERY)}")
    scroller = page.get_by_role("region", name="Transactions, newest first")
    scroller.focus()
    expect(scroller).to_be_focused()
    heading, time = corner(page, "thead th"), corner(page, "tbody .time")
    scroller.evaluate("box => box.scrollTo(300, 400)")
    assert scroller.evaluate("box => [box.scrollLeft, box.scrollTop]") == [300, 400]
    assert corner(page, "thead th") == heading
    # Nothing covers the heading.
    on_top = "([x, y]) => document.elementFromPoint(x + 20, y + 20).closest('th')?.textContent"
    assert page.evaluate(on_top, list(heading)) == "Time"
    assert corner(page, "tbody .time")[0] == time[0]
    assert problems(page) == []


def corner(page: Page, selector: str) -> tuple[float, float]:
    box = page.locator(f"#ledger {selector}").first.bounding_box()
    assert box
    return round(box["x"]), round(box["y"])


def test_a_chip_removes_its_filter_and_back_restores_it(page):
    page.get_by_role("combobox", name="Type").select_option("TRANSFER")
    expect(rows(page)).to_have_count(6)
    page.get_by_text("Member, dates and amounts").click()
    page.get_by_label("At least").fill("4")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(rows(page)).to_have_count(3)
    expect(page.locator("#totals")).to_have_text(re.compile(r"3\s+transactions\s+KES.15\.00"))
    expect(page).to_have_url(re.compile(r"/panel/ledger/\?type=TRANSFER&min=4$"))
    page.get_by_role("link", name="At least: KES 4.00").click()
    expect(rows(page)).to_have_count(6)
    expect(page.get_by_role("link", name="At least: KES 4.00")).to_have_count(0)
    expect(page.get_by_role("heading", name="Results")).to_be_focused()
    page.go_back()
    expect(rows(page)).to_have_count(3)
    expect(page.get_by_label("At least")).to_have_value("4")
    expect(page.get_by_role("combobox", name="Type")).to_have_value("TRANSFER")
    page.go_back()
    expect(rows(page)).to_have_count(6)
    page.go_forward()
    expect(rows(page)).to_have_count(3)


def test_going_forward_before_the_scripts_have_loaded_shows_the_page_of_the_address(page):
    page.get_by_role("combobox", name="Type").select_option("TRANSFER")
    expect(rows(page)).to_have_count(6)
    expect(page).to_have_url(re.compile("type=TRANSFER"))
    held: list[Route] = []
    page.route("**/app*.js", lambda route: held.append(route), times=1)
    with page.expect_request("**/app*.js"):
        page.go_back(wait_until="commit")
    page.evaluate("history.forward()")
    expect(page).to_have_url(re.compile("type=TRANSFER"))
    for route in held:
        route.continue_()
    expect(rows(page)).to_have_count(6)
    expect(page.get_by_role("combobox", name="Type")).to_have_value("TRANSFER")


def test_the_totals_load_after_the_page_and_are_announced(page):
    page.goto(f"{URL}?q=lunch")
    expect(page.locator("#totals")).to_have_text(
        re.compile(r"6\s+transactions\s+Transfers\s+KES.21\.00")
    )
    expect(page.locator("#live")).to_have_text(
        re.compile(r"6 transactions, Transfers KES.21\.00\.")
    )


def test_an_invalid_filter_shows_its_error_and_the_rest_stays(page):
    page.get_by_text("Member, dates and amounts").click()
    page.get_by_label("At least").fill("ten")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("Enter an amount in shillings")).to_be_visible()
    expect(page).to_have_title(re.compile("^Error: Ledger"))
    expect(page.get_by_label("At least")).to_have_value("ten")
    page.get_by_label("At least").fill("4")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page).to_have_title(re.compile("^Ledger"))


def test_chosen_columns_are_remembered(page):
    page.get_by_role("combobox", name="Type").select_option("TRANSFER")
    expect(rows(page)).to_have_count(6)
    page.locator("summary", has_text="Columns").click()
    page.get_by_label("Note", exact=True).check()
    page.get_by_label("To", exact=True).last.uncheck()
    page.get_by_label("Compact").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("columnheader", name="Note")).to_be_visible()
    expect(page.get_by_role("columnheader", name="To", exact=True)).to_have_count(0)
    expect(page.locator("table.compact")).to_have_count(1)
    expect(rows(page)).to_have_count(6)
    page.reload()
    expect(page.get_by_role("cell", name="Lunch 5")).to_be_visible()
    expect(page.locator("table.compact")).to_have_count(1)
    page.get_by_role("combobox", name="Type").select_option("")
    expect(rows(page)).to_have_count(9)
    expect(page.get_by_role("columnheader", name="Note")).to_be_visible()
    # A new visit shows the same columns, until the reader resets them.
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("link", name="Ledger", exact=True).click()
    expect(page.get_by_role("cell", name="Lunch 5")).to_be_visible()
    page.locator("summary", has_text="Columns").click()
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_role("columnheader", name="Note")).to_have_count(0)
    wait_for_htmx(page)
    page.goto(URL)
    expect(page.get_by_role("columnheader", name="Note")).to_have_count(0)


def test_a_menu_closes_on_escape_and_on_a_click_outside(page):
    menu = page.locator("summary", has_text="Columns")
    button = page.get_by_role("button", name="Apply")
    menu.click()
    expect(button).to_be_visible()
    page.get_by_label("Compact").focus()
    page.keyboard.press("Escape")
    expect(button).to_be_hidden()
    expect(menu).to_be_focused()
    menu.click()
    page.locator("h1").click()
    expect(button).to_be_hidden()


def test_a_view_is_saved_opened_and_deleted(page):
    page.get_by_role("combobox", name="Type").select_option("DEPOSIT")
    expect(rows(page)).to_have_count(2)
    page.locator("summary", has_text="Views").click()
    page.get_by_label("Name of this view").fill("Money in")
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_text("View “Money in” saved.")).to_be_visible()
    page.goto(f"{URL}?type=DEPOSIT&status=SUCCESS")
    page.locator("summary", has_text="Views").click()
    page.get_by_label("Name of this view").fill("Money in")
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_text("You already have a view with this name.")).to_be_visible()
    page.get_by_role("button", name="Replace", exact=True).click()
    expect(page.get_by_text("View “Money in” replaced.")).to_be_visible()
    page.get_by_role("link", name="Clear filters").click()
    expect(rows(page)).to_have_count(9)
    page.locator("summary", has_text="Views").click()
    page.get_by_role("link", name="Money in").click()
    expect(rows(page)).to_have_count(2)
    page.locator("summary", has_text="Views").click()
    page.get_by_role("button", name="Delete Money in").click()
    expect(page.get_by_text("View “Money in” deleted.")).to_be_visible()
    expect(rows(page)).to_have_count(2)


def test_the_export_is_a_file(page):
    page.get_by_role("combobox", name="Type").select_option("TRANSFER")
    expect(rows(page)).to_have_count(6)
    with page.expect_download() as download:
        page.get_by_role("link", name="Export CSV").click()
    assert re.fullmatch(r"nissmart-ledger-\d{4}-\d\d-\d\d\.csv", download.value.suggested_filename)
    lines = download.value.path().read_text("utf-8").splitlines()
    assert len(lines) == 7
    # The page is still there and answers.
    page.keyboard.press("j")
    assert focused_reference(page) == rows(page).first.inner_text()


def test_the_ledger_works_without_javascript(open_page, finance, history):
    page = open_page(finance, java_script_enabled=False)
    page.goto(URL)
    expect(page.get_by_role("button", name="Keyboard shortcuts")).to_be_hidden()
    page.get_by_role("combobox", name="Type").select_option("TRANSFER")
    page.get_by_text("Member, dates and amounts").click()
    page.get_by_label("At least").fill("4")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(rows(page)).to_have_count(3)
    page.locator("summary", has_text="Columns").click()
    page.get_by_label("Note", exact=True).check()
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("cell", name="Lunch 5")).to_be_visible()
    expect(rows(page)).to_have_count(3)
    page.locator("summary", has_text="Views").click()
    page.get_by_label("Name of this view").fill("Dear lunches")
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_text("View “Dear lunches” saved.")).to_be_visible()
    page.get_by_role("link", name="Count and sum these").click()
    expect(page.locator("#totals")).to_have_text(re.compile(r"3\s+transactions\s+KES.15\.00"))
    page.get_by_role("link", name="Back to the ledger").click()
    page.get_by_role("link", name="Type: Transfer").click()
    expect(page.get_by_role("link", name="Type: Transfer")).to_have_count(0)
    page.locator("summary", has_text="Views").click()
    page.get_by_role("link", name="Dear lunches").click()
    expect(rows(page)).to_have_count(3)
    page.locator("summary", has_text="Views").click()
    page.get_by_role("button", name="Delete Dear lunches").click()
    expect(page.get_by_text("View “Dear lunches” deleted.")).to_be_visible()


def test_the_ledger_is_accessible(page):
    found = problems(page)
    for menu in ("Columns", "Views"):
        page.goto(f"{URL}?type=TRANSFER&columns=note&columns=key&columns=settled&density=compact")
        page.locator("summary", has_text=menu).click()
        found += problems(page)
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    found += problems(page)
    for url in (
        f"{URL}?q=nothing",
        f"{URL}?min=x&size=7",
        f"{URL}totals/?min=1",
        f"{URL}?cursor=x",
    ):
        page.goto(url)
        found += problems(page)
    assert found == []


def test_long_names_and_notes_fit_a_narrow_screen(open_page, finance, alice):
    other = funded(UserFactory(name="Wanjiku-Akinyi " * 5), 1_00)
    send(alice, other, 1_00, description="x" * 140, key="k" * 255)
    page = open_page(finance)
    page.goto(f"{URL}?columns=from&columns=to&columns=note&columns=key&columns=by&columns=amount")
    assert problems(page) == []
