"""What a rail says that doesn't fit becomes an incident, once; wrong books pause payouts."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from adminpanel.incidents import findings
from adminpanel.integrity import operations as integrity
from adminpanel.models import Incident
from ledger import guards
from ledger.models import Arrival, Pause, RailEvent, Transaction
from ledger.payouts import callbacks, confirmations, strangers
from ledger.rails import Answer, Outcome
from nissmart import work
from tests.books import nothing_moves
from tests.conftest import signed_in, staff
from tests.ledger.support import paya
from tests.ledger.support.arrivals import (
    CENTS,
    come,
    confirm,
    number,
    prompted,
    receipt_of,
    typed,
)
from tests.ledger.support.payouts import say, sent
from tests.pages import text
from wallet.models import Account, AuditEvent

pytestmark = pytest.mark.django_db


def test_a_contradiction_opens_an_incident_about_its_transaction(alice, rail):
    attempt = sent(alice)
    say(rail, attempt)
    assert findings.open_for_findings() == 0
    say(rail, attempt, outcome="failed", receipt="")
    assert findings.open_for_findings() == 1
    incident = Incident.objects.get()
    record = attempt.transaction
    assert incident.title == f"Paya: Says that a completed payment failed ({record.reference})"
    assert (incident.severity, incident.opened_by) == ("HIGH", None)
    assert list(incident.transactions.all()) == [record]
    for page, words in ((f"{incident.pk}/", "Opened by Nissmart,"), ("", "opened by Nissmart,")):
        assert words in text(signed_in(staff("finance")).get(f"/panel/incidents/{page}"))
    assert incident.rail_events.get().finding == "contradiction"
    assert AuditEvent.objects.acts().get().action == "open_incident"
    assert findings.open_for_findings() == 0
    for _again in range(3):
        say(rail, attempt, outcome="failed", receipt="")
    findings.open_for_findings()
    assert Incident.objects.get().rail_events.count() == 4
    Incident.objects.update(state="RESOLVED", resolution="A test", resolved_at="2026-01-01T00:00Z")
    say(rail, attempt, outcome="failed", receipt="")
    findings.open_for_findings()
    assert Incident.objects.count() == 2


def test_many_messages_that_can_not_be_read_are_one_incident_until_it_is_resolved(rail):
    for _each in range(3):
        callbacks.apply(callbacks.store(rail, "paid", b"<html>"))
    assert findings.open_for_findings() == 3
    assert Incident.objects.get().rail_events.count() == 3
    Incident.objects.update(state="RESOLVED", resolution="A test", resolved_at="2026-01-01T00:00Z")
    callbacks.apply(callbacks.store(rail, "paid", b"<html>"))
    findings.open_for_findings()
    assert Incident.objects.count() == 2


def test_a_late_and_a_stray_payment_open_incidents_that_lead_to_their_money(alice, rail):
    rail.fails = lambda reference: True
    late = prompted(alice)
    say(rail, late)
    assert come(rail, typed(late), "LATE123456") == "late_success"
    assert come(rail, "rent", "STRAY12345") == "unmatched"
    assert findings.open_for_findings() == 2
    by_title = {incident.title: incident for incident in Incident.objects.all()}
    held = set(Transaction.objects.filter(type="STRAY_IN"))
    about_late = by_title[f"Paya: Paid after it had failed ({late.transaction.reference})"]
    about_stray = by_title["Paya: Names no payment that we know"]
    linked = set(about_late.transactions.all())
    assert (len(linked), late.transaction in linked) == (2, True)
    assert linked - {late.transaction} | set(about_stray.transactions.all()) == held


def test_payments_with_another_amount_have_an_incident_each(alice, rail, settings):
    settings.CONFIRM_ABOVE_CENTS = 0
    for receipt in ("FIRST12345", "SECOND1234"):
        come(rail, number(alice), receipt)
        assert confirm(rail, cents=CENTS - 1) == "wrong_amount"
        findings.open_for_findings()
    held = list(Transaction.objects.filter(type="STRAY_IN").order_by("pk"))
    opened = list(Incident.objects.order_by("pk"))
    assert [incident.transactions.get() for incident in opened] == held
    assert [incident.title for incident in opened] == [
        f"Paya: Another amount than ordered ({record.reference})" for record in held
    ]


def test_payments_that_the_rail_does_not_confirm_have_an_incident_each(rail):
    long_ago = timezone.now() - confirmations.REPORTED_AFTER
    for receipt in ("FIRST12345", "SECOND1234"):
        arrival = Arrival(rail=rail.code, receipt=receipt, at=long_ago)
        confirmations.report(arrival, Answer(Outcome.PENDING))
    findings.open_for_findings()
    assert [incident.title for incident in Incident.objects.order_by("pk")] == [
        "Paya: Claims a payment that the rail doesn't confirm (FIRST12345)",
        "Paya: Claims a payment that the rail doesn't confirm (SECOND1234)",
    ]


def test_a_payout_under_whose_receipt_money_came_in_names_both(alice, bob, rail):
    attempt = sent(alice)
    come(rail, number(bob), receipt_of(attempt), 1_00)
    say(rail, attempt)
    findings.open_for_findings()
    incident = Incident.objects.get()
    assert incident.title.startswith("Paya: The receipt of another payment")
    forged = Arrival.objects.get().transaction
    assert set(incident.transactions.all()) == {attempt.transaction, forged}


def knock(ip_address: str) -> list[str]:
    """The SQL of a callback with a wrong secret, which gets a 404."""
    with CaptureQueriesContext(connection) as seen:
        path, body = f"/rails/{'x' * len(paya.SECRET)}/paid/", b'{"forged": 1}'
        answer = Client().post(path, body, "application/json", REMOTE_ADDR=ip_address)
    assert answer.status_code == 404
    return [query["sql"] for query in seen]


def test_strangers_raise_one_incident_and_can_not_flood_it(rail, monkeypatch, time_machine):
    time_machine.move_to("2026-03-01T09:00Z")
    monkeypatch.setattr(strangers, "quiet_until", 0.0)
    with nothing_moves():
        assert knock("203.0.113.9") != []
        assert [knock(f"203.0.113.{n}") for n in range(5)] == [[]] * 5
        # Of another process: the hour's count in the database holds for all of them.
        monkeypatch.setattr(strangers, "quiet_until", 0.0)
        knock("203.0.113.10")
    event = RailEvent.objects.get()
    assert (event.ip_address, event.body, event.is_callback) == ("203.0.113.9", "", False)
    assert findings.open_for_findings() == 1
    time_machine.move_to("2026-03-01T10:00Z")
    monkeypatch.setattr(strangers, "quiet_until", 0.0)
    knock("203.0.113.11")
    assert findings.open_for_findings() == 1
    incident = Incident.objects.get()
    assert incident.title.startswith("Paya: A callback with a wrong secret")
    assert "203.0.113.9" in incident.description
    assert (incident.severity, incident.rail_events.count()) == ("MEDIUM", 2)


def test_a_stranger_gets_the_404_also_when_it_can_not_be_noted(rail, monkeypatch):
    monkeypatch.setattr(strangers, "quiet_until", 0.0)

    def refuse(execute, sql, *rest):
        raise OperationalError("disk I/O error")

    with connection.execute_wrapper(refuse):
        knock("203.0.113.9")
    assert not RailEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_worker_opens_them(alice, rail):
    attempt = sent(alice)
    say(rail, attempt, outcome="failed", receipt="")
    say(rail, attempt)
    assert work.do_what_is_due()
    assert "Paid after it had failed" in Incident.objects.get().title


def test_two_workers_open_one(alice, rail):
    event = callbacks.store(rail, "paid", b"<html>")
    callbacks.apply(event)
    assert findings.open_for(event.pk) == findings.open_for(event.pk)
    assert RailEvent.objects.get().incidents.count() == 1


def test_wrong_books_pause_payouts_and_right_ones_do_not(alice):
    integrity.request_run(findings.SYSTEM)
    integrity.run_next()
    assert not Pause.objects.exists()
    guards.remove(connection)
    Account.objects.filter(user=alice).update(balance_cents=1)
    guards.install(connection)
    integrity.request_run(findings.SYSTEM)
    integrity.run_next()
    pause = Pause.objects.get()
    assert (pause.rail, pause.paused_by, pause.until) == ("", None, None)
    assert pause.reason.startswith("Check failed: Balances")
