"""A member reports the other person of a transfer, and staff find an incident about it."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from adminpanel.incidents import reports
from adminpanel.models import Incident
from ledger import reporting
from ledger.models import Report, Transaction
from nissmart import work
from tests.conftest import signed_in
from tests.factories import deposit, send
from tests.ledger.support.typed import order, press
from tests.pages import fields, problems_beside, text
from wallet.context import Context
from wallet.models import AuditEvent

pytestmark = pytest.mark.django_db

STRANGER = "You haven't dealt with this person before."
FIRST = "You hadn't dealt with this person before."
GIVEN = {"reason": "tricked", "text": "He said that he was my cousin."}


@pytest.fixture
def record(alice, bob) -> Transaction:
    return send(alice, bob, 300_00)


def receipt(record: Transaction) -> str:
    return reverse("ledger:receipt", args=[record.reference])


def page_of(record: Transaction) -> str:
    return reverse("ledger:report", args=[record.reference])


def test_a_first_payment_says_that_the_person_is_a_stranger(as_alice, alice, bob, carol):
    assert STRANGER in text(press(as_alice, "transfer", order("transfer", bob)))
    first = send(alice, bob, 5_00)
    assert STRANGER not in text(press(as_alice, "transfer", order("transfer", bob)))
    assert STRANGER in text(press(as_alice, "transfer", order("transfer", carol)))
    bobs = signed_in(bob)
    assert FIRST in text(bobs.get(receipt(first)))
    assert FIRST not in text(as_alice.get(receipt(first)))
    assert FIRST not in text(bobs.get(receipt(send(alice, bob, 5_00))))
    # Dealing counts both ways.
    assert FIRST not in text(as_alice.get(receipt(send(bob, alice, 1_00))))
    assert STRANGER not in text(press(bobs, "transfer", order("transfer", alice, amount="1")))


def test_a_report_thanks_the_member_and_opens_an_incident(as_alice, as_finance, alice, bob, record):
    assert "Report this person" in text(as_alice.get(receipt(record)))
    assert "Bob O." in text(as_alice.get(page_of(record)))
    answer = as_alice.post(page_of(record), GIVEN)
    assert (answer.status_code, answer.headers["Location"]) == (303, receipt(record))
    report = Report.objects.get()
    page, reference = text(as_alice.get(receipt(record))), report.reference
    assert f"Thank you, we'll look at it. The report's reference is {reference}." in page
    assert f"You reported this person. Thank you, we'll look at it. Reference {reference}." in page
    assert "Report this person" not in page
    assert reference not in text(signed_in(bob).get(receipt(record)))
    assert reports.open_for_reports in work.JOBS
    assert reports.open_for_reports() == 1
    incident = Incident.objects.get()
    assert incident.title == f"{report.reference}: Tricked me into paying ({record.reference})"
    assert (incident.severity, list(incident.transactions.all())) == ("HIGH", [record])
    assert AuditEvent.objects.acts().get().action == "open_incident"
    shown = as_finance.get(reverse("adminpanel:incident", args=[incident.pk]))
    assert reverse("adminpanel:transaction", args=[record.reference]) in shown.text
    said = f"Alice Wanjiku (member {alice.pk}) reports Bob Otieno (member {bob.pk})."
    assert said in text(shown)
    assert GIVEN["text"] in text(shown)
    assert reports.open_for_reports() == 0


def test_both_sides_share_an_incident_while_it_is_open(alice, bob, record):
    for user in (alice, bob):
        reporting.report(Context(user.pk), record, reason="threatens")
    assert reports.open_for_reports() == 2
    assert Incident.objects.get().reports.count() == 2
    assert AuditEvent.objects.filter(action="note", reason__contains="Bob Otieno").count() == 1


def test_a_second_report_of_the_same_transfer_changes_nothing(as_alice, alice, record):
    first = reporting.report(Context(alice.pk), record, **GIVEN)
    assert reporting.report(Context(alice.pk), record, reason="other") == first
    assert as_alice.get(page_of(record)).headers["Location"] == receipt(record)
    with pytest.raises(IntegrityError), transaction.atomic():
        Report.objects.create(reporter=alice, transaction=record, reason="other")


def test_only_the_parties_of_a_transfer_report_it(as_alice, alice, carol, record):
    assert signed_in(carol).post(page_of(record), GIVEN).status_code == 404
    other = deposit(alice, 5_00)
    assert as_alice.post(page_of(other), GIVEN).status_code == 404
    assert "Report this person" not in text(as_alice.get(receipt(other)))
    for context, about in ((Context(carol.pk), record), (Context(alice.pk), other)):
        with pytest.raises(reporting.NotReportable):
            reporting.report(context, about, reason="other")


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"reason": ""}, "reason", "Choose what is wrong."),
        ({"reason": "boring"}, "reason", "Choose one from the list."),
        ({"text": "x" * 501}, "text", "Enter at most 500 characters."),
        ({"text": "a\0b"}, "text", "Use letters, digits and ordinary signs only."),
    ],
)
def test_a_refused_report_keeps_what_was_typed(as_alice, record, changes, field, sentence):
    answer = as_alice.post(page_of(record), GIVEN | changes)
    assert answer.status_code == 422
    assert problems_beside(answer, field) == [sentence]
    if field == "reason":
        assert fields(answer)["text"] == GIVEN["text"]
    assert not Report.objects.exists()


def test_a_member_reports_so_many_payments_a_day(as_alice, alice, bob, settings):
    settings.REPORTS_PER_DAY = 2
    records = [send(alice, bob, 1_00) for _each in range(3)]
    assert [as_alice.post(page_of(each), GIVEN).status_code for each in records] == [303, 303, 429]
    answer = as_alice.post(page_of(records[2]), GIVEN)
    assert "You've reported as many payments as you can today." in text(answer)
    assert fields(answer)["text"] == GIVEN["text"]
