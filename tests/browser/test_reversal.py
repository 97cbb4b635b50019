"""One person in finance proposes, another approves, and both members see the reversal."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from adminpanel.models import Incident, ReversalProposal
from ledger.models import Transaction
from tests.adminpanel.support.proposals import propose
from tests.books import assert_books_right
from tests.browser.test_accessible import problems
from tests.factories import balance, send
from wallet.models import AuditEvent

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PROPOSAL = re.compile(r"/panel/reversals/\d+/$")
scripts_or_not = pytest.mark.parametrize(
    "scripts", [True, False], ids=["with JavaScript", "without"]
)


@pytest.fixture
def record(alice, bob):
    return send(alice, bob, 250_00, description="Lunch")


def approve_button(page: Page):
    return page.get_by_role("button", name="Approve and reverse KES 250.00")


@scripts_or_not
def test_two_people_in_finance_reverse_it_and_both_members_see_it(
    open_page, record, alice, bob, wambui, joseph, scripts
):
    page = open_page(wambui, java_script_enabled=scripts)
    page.goto(f"/panel/transactions/{record.reference}/")
    page.get_by_text("Propose a reversal").click()
    page.get_by_role("button", name="Propose", exact=True).click()
    expect(page.get_by_role("link", name="Enter a reason.")).to_be_visible()
    page.get_by_label("Reason").fill("Alice paid twice.")
    page.get_by_role("button", name="Propose", exact=True).click()
    expect(page).to_have_url(PROPOSAL)
    expect(
        page.get_by_text("You proposed this reversal, so someone else must decide.")
    ).to_be_visible()
    expect(approve_button(page)).to_have_count(0)

    other = open_page(joseph, java_script_enabled=scripts)
    other.goto("/panel/reversals/")
    other.get_by_role("link", name=re.compile("^From Bob Otieno back to Alice")).click()
    expect(other.get_by_text("Alice paid twice.")).to_be_visible()
    approve_button(other).click()
    expect(other.get_by_text("Approved. The transaction is reversed.")).to_be_visible()
    assert (balance(alice), balance(bob)) == (1_000_00, 0)

    reversal = Transaction.objects.get(reverses=record)
    for member, words in (
        (alice, "came back to your wallet"),
        (bob, "This was returned to Alice W."),
    ):
        phone = open_page(member, java_script_enabled=scripts)
        phone.goto(f"/activity/{record.reference}/")
        expect(phone.get_by_text(words)).to_be_visible()
        phone.get_by_role("link", name=reversal.reference).click()
        expect(phone.get_by_text("This takes back")).to_be_visible()
        expect(phone.get_by_role("link", name=record.reference)).to_be_visible()
    assert_books_right()


@scripts_or_not
def test_a_double_click_approves_once(open_page, record, alice, wambui, joseph, scripts):
    proposal = propose(record, wambui)
    page = open_page(joseph, java_script_enabled=scripts)
    page.goto(f"/panel/reversals/{proposal.pk}/")
    approve_button(page).dblclick()
    expect(page.get_by_text("Approved by", exact=True)).to_be_visible()
    expect(page).to_have_url(PROPOSAL)
    expect(approve_button(page)).to_have_count(0)
    assert balance(alice) == 1_000_00
    assert AuditEvent.objects.filter(action="approve").count() == 1
    assert AuditEvent.objects.filter(action="reverse").count() == 1
    assert_books_right()


def test_denying_asks_for_a_reason(open_page, record, wambui, joseph):
    proposal = propose(record, wambui)
    page = open_page(joseph)
    page.goto(f"/panel/reversals/{proposal.pk}/")
    page.get_by_text("Deny with a reason").click()
    page.get_by_role("button", name="Deny", exact=True).click()
    expect(page.get_by_role("link", name="Enter a reason.")).to_be_visible()
    page.get_by_label("Reason").fill("Lunch was eaten.")
    page.get_by_role("button", name="Deny", exact=True).click()
    expect(page.get_by_text("Denied. No money moved.")).to_be_visible()
    proposal.refresh_from_db()
    assert proposal.remark == "Lunch was eaten."


def test_a_note_and_an_incident_start_on_the_transactions_page(open_page, record, wambui):
    page = open_page(wambui)
    page.goto(f"/panel/transactions/{record.reference}/")
    page.get_by_label("Add a note").fill("Called Bob.\nNo answer.")
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_text("Note added.")).to_be_visible()
    expect(page.get_by_role("region", name="Notes")).to_contain_text("Called Bob.")
    page.get_by_role("link", name="Open an incident").click()
    page.get_by_role("button", name="Open incident").click()
    expect(page.get_by_role("link", name="Enter a title.")).to_be_visible()
    page.get_by_label("Title").fill("Paid twice")
    page.get_by_role("button", name="Open incident").click()
    expect(page.get_by_role("heading", name="Paid twice")).to_be_visible()
    page.get_by_role("button", name="Take ownership").click()
    expect(page.get_by_role("region", name="Owner")).to_contain_text("Wambui Kariuki (you)")
    page.get_by_label("What you found and what you did").fill("He had eaten twice.")
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_role("region", name="Resolution")).to_be_visible()
    incident = Incident.objects.get()
    assert (incident.state, incident.owner) == ("RESOLVED", wambui)
    assert list(incident.transactions.all()) == [record]


def test_these_pages_are_accessible(open_page, record, alice, bob, wambui, joseph):
    page = open_page(joseph)
    proposal = propose(record, wambui, "x" * 300)
    found = []
    for url in (
        f"/panel/transactions/{record.reference}/",
        "/panel/reversals/",
        f"/panel/reversals/{proposal.pk}/",
        f"/panel/incidents/open/?transaction={record.reference}",
    ):
        page.goto(url)
        for summary in page.locator("main summary").all():
            summary.click()
        found += problems(page)
    page.get_by_label("Title").fill("Paid twice " * 10)
    page.get_by_role("button", name="Open incident").click()
    expect(page.get_by_role("button", name="Take ownership")).to_be_visible()
    found += problems(page)
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_text("There is a problem")).to_be_visible()
    found += problems(page)
    page.goto("/panel/incidents/")
    found += problems(page)
    page.goto(f"/panel/reversals/{proposal.pk}/")
    approve_button(page).click()
    expect(page.get_by_text("Approved. The transaction is reversed.")).to_be_visible()
    for url in (f"/panel/transactions/{record.reference}/", "/panel/reversals/?tab=decided"):
        page.goto(url)
        found += problems(page)
    phone = open_page(bob)
    reversal = ReversalProposal.objects.get().posted
    for url in ("/", "/activity/", f"/activity/{record.reference}/"):
        phone.goto(url)
        found += problems(phone)
    phone.goto(f"/activity/{reversal.reference}/")
    assert found + problems(phone) == []
