"""The panel's list of deposits: what waits, what failed, and what rests in suspense."""

from __future__ import annotations

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from adminpanel.deposits import queries
from adminpanel.deposits.rows import of_arrival
from adminpanel.reversals import operations as reversals
from ledger.models import Arrival
from ledger.payouts.confirmations import REPORTED_AFTER
from tests.adminpanel.support import proposals
from tests.adminpanel.support.payouts import listed
from tests.conftest import signed_in
from tests.factories import UserFactory, deposit, send
from tests.ledger.support.arrivals import CENTS, come, number, prompted, typed
from tests.ledger.support.payouts import say
from tests.pages import elements, text, words
from wallet.context import Context
from wallet.models import AuditEvent

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

LIST = "/panel/deposits/"


def tab(client, name: str = "", **more: str):
    response = client.get(LIST, {"tab": name} | more)
    assert response.status_code == 200
    return response


def counts(response) -> list[str]:
    (nav,) = elements(response, "nav", **{"aria-label": "Which deposits"})
    return [words(link).rsplit(" ", 1)[1] for link in nav.children if not isinstance(link, str)]


def test_each_tab_has_its_deposits(rail, alice, as_auditor, settings):
    waiting = prompted(alice)
    rail.fails = lambda reference: True
    failed = prompted(alice)
    say(rail, failed)
    rail.script = lambda call, reference: "lost"
    unknown = prompted(alice)
    come(rail, typed(failed), "LATE123456", CENTS + 1)
    come(rail, "NS-999 999", "STRAY12345", 20_00)
    settings.CONFIRM_ABOVE_CENTS = 0
    come(rail, number(alice), "BIG1234567", 30_00)
    page = tab(as_auditor)
    assert counts(page) == ["1", "1", "2", "2"]
    assert listed(page) == [waiting.transaction.reference]
    assert alice.phone not in page.text
    assert alice.name in text(page)
    failures = [unknown.transaction.reference, failed.transaction.reference]
    assert listed(tab(as_auditor, "failed")) == failures
    asked = tab(as_auditor, "unconfirmed")
    assert listed(asked) == []
    assert "BIG1234567 – Being confirmed" in text(asked)
    said = text(tab(as_auditor, "suspense"))
    for fact in ("NS-999 999", "STRAY12345", "20.00", "LATE123456", "300.01", "320.01"):
        assert fact in said
    assert f"Stray payment of {failed.transaction.reference}" in said


def test_an_arrival_says_that_it_is_not_confirmed_once_finance_hears():
    just_now = timezone.now()
    for at, state in [(just_now, "Being confirmed"), (just_now - REPORTED_AFTER, "Not confirmed")]:
        row = of_arrival(Arrival(at=at, amount_cents=CENTS, next_look_at=just_now))
        assert row.badge.word == state


def test_an_item_leads_to_its_transaction_newest_first_and_page_by_page(rail, as_finance, settings):
    settings.PAGE_SIZE_PANEL = 2
    for count in range(3):
        come(rail, "rent", f"STRAY{count}", 10_00)
    first = tab(as_finance, "suspense")
    links = elements(first, "a", class_="reference")
    assert len(links) == 2
    page = as_finance.get(dict(links[0].attributes)["href"])
    said = text(page)
    assert "Money into suspense" in said
    assert "Account number as typed rent" in " ".join(said.split())
    (more,) = [one for one in elements(first, "a") if words(one) == "Next page"]
    assert len(listed(as_finance.get(dict(more.attributes)["href"]))) == 1
    assert "End of the list" in text(tab(as_finance, "suspense", cursor="1"))


def test_a_reversed_deposit_is_in_suspense_and_a_reversed_transfer_is_not(
    alice, bob, wambui, joseph, as_finance
):
    received = deposit(alice, 50_00)
    sent = send(alice, bob, 20_00)
    deposit(alice, 20_00)
    for record in (sent, received):
        reversals.approve(Context(joseph.pk), proposal_id=proposals.propose(record, wambui).pk)
    page = tab(as_finance, "suspense")
    assert listed(page) == [received.reversed_by.reference]
    assert "Still in suspense: KES 50.00" in " ".join(text(page).split())


def test_the_export_has_the_whole_tab_and_is_audited(rail, as_finance, finance):
    come(rail, "=1+1", "STRAY12345", 20_00, payer="")
    response = as_finance.get(LIST, {"tab": "suspense", "format": "csv"})
    headings, row = csv.reader(io.StringIO(response.getvalue().decode("utf-8-sig"), newline=""))
    found = dict(zip(headings, row, strict=True))
    assert (found["account_number"], found["receipt"]) == ("'=1+1", "STRAY12345")
    assert found["amount"] == "20.00"
    event = AuditEvent.objects.acts().get(action="export")
    assert (event.actor, event.subject, event.facts["filters"]) == (
        finance,
        "deposits",
        {"tab": "suspense"},
    )


def test_empty_lists_and_strange_tabs(as_finance):
    for name in ("", "unconfirmed", "failed", "suspense", "no such tab", "'"):
        assert elements(tab(as_finance, name), class_="empty")
    assert as_finance.post(LIST).status_code == 405


def test_only_finance_and_auditors_see_it(client, as_alice, as_operator):
    assert client.get(LIST).status_code == 302
    for other in (as_alice, as_operator, signed_in(UserFactory())):
        assert other.get(LIST).status_code == other.get("/panel/payouts/").status_code == 403
        assert other.get(LIST, {"format": "csv"}).status_code == 403


@pytest.mark.skipif(connection.vendor != "sqlite", reason="plans are SQLite's")
def test_the_list_of_suspense_reads_no_other_transactions():
    for found in (queries.in_suspense()[:51], queries.in_suspense().order_by()[:1000]):
        plan = found.explain()
        assert "SCAN ledger_transaction" not in plan
        assert "transaction_stray_ins" in plan
    with CaptureQueriesContext(connection) as seen:
        queries.in_suspense_cents()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {seen[0]['sql']}")
        assert not any("SCAN ledger_transaction" in row[3] for row in cursor.fetchall())
