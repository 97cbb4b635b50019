"""On narrow phones nothing is cut off, overflows or breaks in the wrong place."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.factories import PIN, UserFactory, deposit, funded, send, withdraw
from tests.unsettled import with_status

pytestmark = [pytest.mark.any_engine, pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONES = [320, 360, 375, 390, 412]

# Elements that overflow their card, or whose own text is cut off.
OVERFLOWS = """box => {
  const isCut = (one) =>
    getComputedStyle(one).display !== "inline" && one.scrollWidth > one.clientWidth + 1;
  const frame = box.getBoundingClientRect(), style = getComputedStyle(box);
  const right = frame.right - parseFloat(style.paddingRight) + 0.5;
  return [...box.querySelectorAll(".money, .figure, code, dd, .chip, button")]
    .filter((one) => one.offsetParent && !one.closest(".hidden-text, .with-copy"))
    .filter((one) => one.getBoundingClientRect().right > right || isCut(one))
    .map((one) => one.textContent.trim());
}"""


def overflows(page: Page, box: str) -> list[str]:
    found = []
    for width in PHONES:
        page.set_viewport_size({"width": width, "height": 740})
        wide = page.evaluate("document.documentElement.scrollWidth")
        found += [f"{width}: the page is {wide} wide"] if wide > width else []
        found += [f"{width}: {each}" for each in page.locator(box).first.evaluate(OVERFLOWS)]
    return found


@pytest.fixture
def rich(db):
    person = UserFactory(name="Rachel Mwangi")
    for _ in range(2):
        deposit(person, 249_999_75)
    return person


def test_a_large_amount_fits_on_both_receipts(open_page, rich, bob):
    record = send(rich, bob, 249_999_50)
    for person, shown in [(rich, "−KES 249,999.50"), (bob, "+KES 249,999.50")]:
        page = open_page(person)
        page.goto(f"/activity/{record.reference}/")
        expect(page.locator("p.figure")).to_have_text(shown)
        assert overflows(page, ".receipt .inside") == []
        figure, card = (page.locator(each).bounding_box() for each in ("p.figure", ".receipt"))
        assert figure
        assert card
        middle = figure["x"] + figure["width"] / 2
        assert abs(middle - card["x"] - card["width"] / 2) < 2


def test_a_large_remaining_balance_fits_in_its_card(open_page, rich, bob):
    page = open_page(rich)
    page.goto("/transfer/")
    page.get_by_label("Send to").fill(bob.email)
    page.get_by_label("Amount", exact=True).fill("249,999.50")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("250,000.00", exact=False).first).to_be_visible()
    assert overflows(page, ".card.move") == []


def test_a_new_token_fits_on_the_page_and_is_shown_once(open_page, alice):
    page = open_page(alice)
    page.goto("/profile/tokens/")
    page.get_by_label("What is it for?").fill("W" * 60)
    page.get_by_label("Your PIN").fill(PIN)
    page.get_by_role("button", name="Make a token").click()
    expect(page.locator("#secret")).to_be_visible()
    assert overflows(page, ".card") == []
    secret = page.locator("#secret").inner_text()
    page.reload()
    expect(page.locator("#secret")).to_have_count(0)
    assert alice.api_tokens.count() == 1
    assert alice.api_tokens.get().hint == secret[-4:]


def test_every_row_of_a_list_has_the_same_height(open_page, alice):
    other = funded(UserFactory(name="Bartholomew-Maximilian Otieno"), 1_000_00)
    send(alice, other, 1_00, description="A long note that goes on " * 5)
    send(alice, other, 998_00, description="Chai")
    send(alice, other, 5)
    page = open_page(alice, viewport={"width": 360, "height": 740})
    for url in ("/activity/", "/"):
        page.goto(url)
        heights = page.locator("a.row").evaluate_all("rows => rows.map(row => row.offsetHeight)")
        assert len(heights) >= 4
        assert len(set(heights)) == 1, url


def test_a_small_phone_shows_three_rows_and_the_button_that_sends(open_page, alice, bob):
    with_status(withdraw(alice, 40_00), "PENDING")
    for _ in range(4):
        send(alice, bob, 1_00, description="Chai")
    page = open_page(alice, viewport={"width": 360, "height": 640})
    page.goto("/")
    bar = page.locator(".bottom-bar").bounding_box()
    third = page.locator("a.row").nth(2).bounding_box()
    assert bar
    assert third
    assert third["y"] + third["height"] <= bar["y"]
    page.goto("/transfer/")
    expect(page.locator(".bottom-bar")).to_have_count(0)
    button = page.get_by_role("button", name="Continue").bounding_box()
    assert button
    assert button["y"] + button["height"] <= 640


def test_the_home_page_of_a_visitor_looks_right_on_a_phone(open_page, alice):
    page = open_page(alice, viewport={"width": 360, "height": 740}, color_scheme="dark")
    page.goto("/profile/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    flash = page.locator(".messages")
    expect(flash).to_have_text("You're signed out.")
    fills = [
        page.locator(each).evaluate("one => getComputedStyle(one).backgroundColor")
        for each in (".messages", ".hero", ".top")
    ]
    assert len(set(fills)) == 1
    buttons = page.locator(".hero-buttons .button")
    heights = buttons.evaluate_all("all => all.map(one => one.offsetHeight)")
    assert heights == [52, 52]


def test_filters_stay_aligned_when_one_is_invalid(open_page, alice):
    page = open_page(alice, viewport={"width": 1280, "height": 800})
    page.goto("/activity/?from=2026-11-25&to=2026-11-01")
    tops = [page.locator(f"[name={name}]").bounding_box() for name in ("from", "to")]
    assert tops[0]
    assert tops[1]
    assert tops[0]["y"] == tops[1]["y"]
    expect(page.get_by_text("Enter a date on or after the first one.")).to_have_count(2)
