"""The search box, revealing contacts and freezing, with JavaScript and without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from adminpanel.models import Incident
from tests.browser.test_accessible import problems
from tests.factories import UserFactory, deposit, send, withdraw
from wallet.models import AuditEvent, User

pytestmark = [pytest.mark.any_engine, pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BOTH = pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])


@pytest.fixture
def amina(transactional_db) -> User:
    user = UserFactory(name="Amina Wanjiku", email="amina@example.com", phone="+254712000001")
    deposit(user, 1_000_00)
    return user


@BOTH
def test_the_search_box_finds_a_member_by_phone_number(open_page, finance, amina, scripts):
    page = open_page(finance, java_script_enabled=scripts)
    page.goto("/panel/")
    page.get_by_label("Search everything").fill("0712 000 001")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Members")).to_be_visible()
    expect(page.get_by_label("Search everything")).to_have_value("0712 000 001")
    page.get_by_role("link", name="Amina Wanjiku").click()
    expect(page.get_by_role("heading", name="Amina Wanjiku", level=1)).to_be_visible()


@BOTH
def test_the_search_box_opens_a_reference(open_page, finance, amina, bob, scripts):
    record = send(amina, bob, 12_50)
    page = open_page(finance, java_script_enabled=scripts)
    page.goto("/panel/accounts/")
    page.get_by_label("Search everything").fill(record.reference.lower())
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/panel/transactions/{record.reference}/"))


@BOTH
def test_contacts_are_revealed_for_a_reason_and_hidden_again(open_page, finance, amina, scripts):
    page = open_page(finance, java_script_enabled=scripts)
    page.goto(f"/panel/members/{amina.pk}/")
    contact = page.locator("#contact")
    expect(contact).to_contain_text("0712 *** 001")
    contact.get_by_text("Show in full").click()
    contact.get_by_label("Reason").fill("abc")
    contact.get_by_role("button", name="Show phone number and email").click()
    summary = contact.get_by_role("alert")
    expect(summary).to_contain_text("Enter a reason of at least 5 characters.")
    if scripts:
        expect(summary).to_be_focused()
    summary.get_by_role("link").click()
    expect(contact.get_by_label("Reason")).to_be_focused()
    expect(contact.get_by_label("Reason")).to_have_value("abc")
    contact.get_by_label("Reason").fill("They called about a lost phone")
    contact.get_by_role("button", name="Show phone number and email").click()
    expect(contact).to_contain_text("0712 000 001")
    expect(contact).to_contain_text("amina@example.com")
    expect(page.locator("#acts")).to_contain_text("Phone revealed by Finance Person")
    assert "0712" not in page.url
    assert AuditEvent.objects.acts().get().reason == "They called about a lost phone"
    contact.get_by_role("link", name="Hide").click()
    expect(contact).to_contain_text("0712 *** 001")


@BOTH
def test_freezing_on_an_outdated_page_says_it_was_done_already(open_page, finance, amina, scripts):
    page = open_page(finance, java_script_enabled=scripts)
    page.goto(f"/panel/members/{amina.pk}/")
    older = page.context.new_page()
    older.goto(f"/panel/members/{amina.pk}/")
    for each, said in ((page, "is frozen"), (older, "was already frozen")):
        freezing = each.locator("#freezing")
        freezing.get_by_text("Freeze this wallet").click()
        freezing.get_by_label("Reason").fill("Phone reported stolen")
        freezing.get_by_role("button", name="Freeze", exact=True).click()
        expect(each.locator(".messages")).to_contain_text(said)
        expect(each.locator("#freezing")).to_contain_text("Unfreeze this wallet")
    assert AuditEvent.objects.acts().count() == 1


def test_a_filter_of_lines_changes_only_the_lines(open_page, finance, amina):
    withdraw(amina, 10_00)
    page = open_page(finance)
    page.goto("/panel/accounts/-1/")
    expect(page.locator("#lines a.reference")).to_have_count(2)
    page.get_by_label("Type").focus()
    page.get_by_label("Type").select_option("DEPOSIT")
    expect(page.locator("#lines a.reference")).to_have_count(1)
    assert page.url.endswith("type=DEPOSIT&from=&to=")
    expect(page.get_by_label("Type")).to_be_focused()
    page.go_back()
    expect(page.locator("#lines a.reference")).to_have_count(2)


def test_these_pages_are_accessible(open_page, finance, amina, bob):
    send(amina, bob, 12_50, description="Lunch at a place with quite a long name " * 3)
    incident = Incident.objects.create(title="Lunch " + "went missing " * 8, opened_by=finance)
    incident.transactions.add(amina.primary_account().transactions_out.get())
    wallet = f"/panel/accounts/{amina.primary_account().pk}/"
    page, found = open_page(finance), []
    for url in (
        "/panel/accounts/",
        "/panel/accounts/?on=2999-01-01",
        "/panel/accounts/-1/",
        f"{wallet}?at=2020-01-01T00:00",
        f"{wallet}?at=x&from=x",
        "/panel/members/",
        "/panel/members/?q=nobody",
        f"/panel/members/{amina.pk}/",
        "/panel/search/",
        "/panel/search/?q=lunch",
        "/panel/search/?q=nothing+at+all",
    ):
        page.goto(url)
        found += problems(page)
    page.goto(f"/panel/members/{amina.pk}/")
    for part, button in (("#contact", "Show phone number and email"), ("#freezing", "Freeze")):
        page.locator(f"{part} summary").click()
        page.locator(part).get_by_label("Reason").fill("abc")
        page.locator(part).get_by_role("button", name=button, exact=True).click()
        expect(page.locator(part).get_by_role("alert")).to_be_visible()
    found += problems(page)
    page.locator("#contact").get_by_label("Reason").fill("They called about a lost phone")
    page.locator("#contact").get_by_role("button", name="Show phone number and email").click()
    expect(page.locator("#contact")).to_contain_text("amina@example.com")
    assert found + problems(page) == []
