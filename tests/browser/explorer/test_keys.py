"""The ledger by keyboard: `/`, `j`, `k`, `Enter` and `?`."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.support.explorer_rows import URL_END, focused_reference, outline, rows

pytestmark = [pytest.mark.any_engine, pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_slash_focuses_the_search_box(page):
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    expect(page.locator("#find")).to_have_value("")
    page.keyboard.type("a/b?jk")
    expect(page.locator("#find")).to_have_value("a/b?jk")
    expect(page.locator("#keys")).to_be_hidden()
    for url in ("/panel/activity/", "/panel/members/"):
        page.goto(url)
        page.keyboard.press("/")
        expect(page.locator("#find")).to_be_focused()


def test_back_focuses_the_row_that_was_opened(page):
    references = rows(page).all_inner_texts()
    for _ in range(3):
        page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/panel/transactions/{references[2]}/"))
    page.go_back()
    page.wait_for_url(URL_END)
    expect(rows(page).nth(2)).to_be_focused()
    page.keyboard.press("j")
    assert focused_reference(page) == references[3]


def test_j_and_k_move_between_rows_and_enter_opens_one(page):
    references = rows(page).all_inner_texts()
    page.keyboard.press("j")
    assert focused_reference(page) == references[0]
    assert outline(page) == "solid"
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert focused_reference(page) == references[2]
    page.keyboard.press("k")
    assert focused_reference(page) == references[1]
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/panel/transactions/{references[1]}/"))


def test_j_and_k_stop_at_the_first_and_the_last_row(page):
    references = rows(page).all_inner_texts()
    page.keyboard.press("k")
    assert focused_reference(page) == references[-1]
    page.keyboard.press("j")
    assert focused_reference(page) == references[-1]
    for _ in range(20):
        page.keyboard.press("k")
    assert focused_reference(page) == references[0]


def test_keys_still_work_after_the_list_changes(page):
    page.get_by_role("combobox", name="Type").select_option("WITHDRAW")
    expect(rows(page)).to_have_count(1)
    page.locator("h1").click()
    page.keyboard.press("j")
    assert focused_reference(page) == rows(page).first.inner_text()


def test_the_keys_are_listed_and_can_be_turned_off(page):
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("heading")).to_be_focused()
    # The page's shortcuts are off while the dialog is open.
    page.keyboard.press("/")
    expect(page.locator("#find")).not_to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()

    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_label("Use single-key shortcuts").uncheck()
    page.get_by_role("button", name="Close").click()
    for key in ("?", "/", "j"):
        page.keyboard.press(key)
    expect(dialog).to_be_hidden()
    expect(page.locator("#find")).not_to_be_focused()
    page.goto("/panel/")
    page.keyboard.press("/")
    expect(page.locator("#find")).not_to_be_focused()

    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_label("Use single-key shortcuts").check()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()


@pytest.mark.parametrize("modifier", ["Control", "Alt", "Meta"])
def test_a_key_with_a_modifier_is_left_to_the_browser(page, modifier):
    page.keyboard.press(f"{modifier}+j")
    assert page.evaluate("document.activeElement === document.body")


def test_keys_do_nothing_in_a_field_or_a_list(page):
    page.get_by_role("combobox", name="Status").focus()
    page.keyboard.press("?")
    page.keyboard.press("/")
    expect(page.get_by_role("combobox", name="Status")).to_be_focused()
    expect(page.locator("#keys")).to_be_hidden()
