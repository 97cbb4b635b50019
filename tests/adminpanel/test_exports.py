"""Large exports are made in the background, once, and survive a worker that dies."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.http import QueryDict
from django.utils import timezone

from adminpanel.exports import operations
from adminpanel.exports.datasets import Asked, Dataset, Piece
from adminpanel.ledger.export import LEDGER
from adminpanel.models import ExportJob, ExportPart
from adminpanel.reports import mailing
from adminpanel.reports.datasets import BOOKS
from adminpanel.tables.tidying import SWEEPS
from ledger.querysets import nairobi_day
from nissmart import work
from tests.conftest import signed_in, staff
from tests.factories import UserFactory, account_id, deposit, send
from tests.pages import text
from wallet.context import Context
from wallet.errors import NotAllowed
from wallet.models import AuditEvent, Delivery, User
from wallet.staff.roles import SUPPORT

pytestmark = pytest.mark.django_db

JOBS = "/panel/reports/exports/"
State = ExportJob.State


@pytest.fixture
def large(settings, alice, bob) -> None:
    """Everything is too large to hand over immediately."""
    settings.EXPORT_ROWS_DIRECT = 1
    send(alice, bob, 5_00, description="Rent")
    send(alice, bob, 6_00)


def ask(person: User, query: str = "", dataset: Dataset = LEDGER) -> ExportJob:
    asked = Asked(QueryDict(query), through_id=10**9)
    return operations.ask(Context(person.pk), dataset, asked)


def test_a_large_export_is_made_by_the_worker_and_taken_by_those_with_the_right(
    large, as_finance, finance, auditor
):
    query = {"format": "csv", "type": "TRANSFER", "member": "alice"}
    answer = as_finance.get("/panel/ledger/", query)
    assert (answer.status_code, answer.headers["Location"]) == (302, JOBS)
    as_finance.get("/panel/ledger/", query)
    job = ExportJob.objects.get()
    assert (job.state, job.asked_by, job.filters["type"]) == ("queued", finance, "TRANSFER")
    assert "alice" not in job.sealed_query
    assert "Waiting" in text(as_finance.get(JOBS))
    file = f"{JOBS}{job.pk}/file/"
    assert as_finance.get(file).status_code == 404
    assert work.make_exports() == 1
    job.refresh_from_db()
    assert (job.state, job.rows_done) == ("done", 2)
    assert job.expires_at - job.finished_at == timedelta(days=7)
    given = signed_in(auditor).get(file)
    content = given.getvalue()
    assert hashlib.sha256(content).hexdigest() == job.sha256
    assert len(content) == job.size_bytes
    assert content.decode("utf-8-sig").count("TRANSFER") == 2
    event = AuditEvent.objects.acts().latest("pk")
    assert (event.action, event.actor, event.facts["job"]) == ("export", auditor, job.pk)
    assert job.sha256 in text(as_finance.get(JOBS))
    for other in (staff(SUPPORT), UserFactory()):
        assert signed_in(other).get(file).status_code == 403
        assert signed_in(other).get(JOBS).status_code == 403
        with pytest.raises(NotAllowed):
            ask(other)


def test_its_file_equals_the_one_that_is_handed_over_immediately(large, as_finance, settings):
    query = {"from": str(nairobi_day()), "to": str(nairobi_day()), "format": "csv"}
    as_finance.get("/panel/reports/books/", query)
    assert work.make_exports() == 1
    job = ExportJob.objects.get()
    settings.EXPORT_ROWS_DIRECT = 100
    whole = as_finance.get("/panel/reports/books/", query).getvalue()
    assert b"".join(operations.read(job)) == whole
    assert job.rows_expected == job.rows_done == whole.count(b"\r\n") - 1


def test_another_worker_takes_over_from_one_that_died(large, finance, monkeypatch):
    monkeypatch.setattr(operations, "PART_CHARACTERS", 1)
    job = ask(finance)
    dead = operations.claim()
    first, *_others = operations.parts_of(dead)
    operations.save_part(dead, 0, first[0].encode(), first[1])
    assert operations.claim_next() is None, "its lease still runs"
    ExportJob.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert work.make_exports() == 1
    job.refresh_from_db()
    assert (job.state, job.rows_done, job.tries) == ("done", 3, 2)
    content = b"".join(operations.read(job))
    assert hashlib.sha256(content).hexdigest() == job.sha256
    # The dead one wakes up: nothing that it does counts.
    with pytest.raises(operations.LostLease):
        operations.save_part(dead, 99, b"late", 1)
    with pytest.raises(operations.LostLease):
        operations.finish(dead, "00")
    assert b"".join(operations.read(job)) == content


def test_a_worker_that_stops_gives_its_job_back_and_a_broken_one_ends(large, finance, monkeypatch):
    job = ask(finance)
    operations.make(operations.claim(), lambda: True)
    job.refresh_from_db()
    assert (job.state, job.tries) == ("queued", 0)

    def broken(_asked: Asked) -> list[Piece]:
        raise ValueError("a broken row")

    monkeypatch.setitem(
        operations.DATASETS, "ledger", Dataset(*("ledger", "x", "x", "x", "x"), broken)
    )
    for _each in range(operations.TRIES + 1):
        work.make_exports()
    job.refresh_from_db()
    assert (job.state, job.parts.count()) == ("failed", 0)
    assert not operations.make_due()


def test_the_worker_deletes_files_whose_days_are_over(large, as_finance, finance):
    job = ask(finance)
    work.make_exports()
    assert operations.SWEEP.run() == 0
    ExportJob.objects.update(expires_at=timezone.now())
    assert operations.SWEEP.run() == 1
    assert operations.SWEEP.run() == 0
    job.refresh_from_db()
    assert job.state == "expired"
    assert job.sha256
    assert not ExportPart.objects.exists()
    assert as_finance.get(f"{JOBS}{job.pk}/file/").status_code == 404
    assert operations.SWEEP in SWEEPS


def test_the_database_refuses_a_file_without_checksum_and_the_same_question_twice(finance):
    job = ask(finance)
    for wrong in ({"state": "done"}, {"state": "queued", "finished_at": timezone.now()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ExportJob.objects.filter(pk=job.pk).update(**wrong)
    assert ask(finance).pk == job.pk
    assert ask(finance, "type=DEPOSIT").pk != job.pk
    assert ask(finance, "from=2026-01-01&to=2026-01-02&format=csv", BOOKS["csv"]).pk != job.pk


def test_reports_by_mail_come_once_a_day_and_name_no_one(finance, time_machine, as_finance, alice):
    time_machine.move_to("2026-11-29T09:00:00+03:00", tick=False)
    every = {"every": ["day", "month"]}
    assert as_finance.post("/panel/reports/mail/", every).status_code == 303
    deposit(alice, 1_234_00)
    assert mailing.report_due() == 0, "nothing about the days before"
    time_machine.move_to("2026-11-30T06:59:00+03:00", tick=False)
    assert mailing.report_due() == 0
    time_machine.move_to("2026-11-30T07:00:00+03:00", tick=False)
    assert (mailing.report_due(), mailing.report_due()) == (1, 0)
    mail = Delivery.objects.get(subject__contains="29 November 2026")
    assert mail.to == finance.email
    assert "Deposits: 1,234.00" in mail.text
    assert "/panel/reports/?from=2026-11-29&to=2026-11-29" in mail.text
    assert "Alice" not in mail.text
    # After days without a worker there is one mail about the last day, and one about the month.
    time_machine.move_to("2026-12-03T07:00:00+03:00", tick=False)
    assert mailing.report_due() == 2
    subjects = set(Delivery.objects.values_list("subject", flat=True))
    assert {"Nissmart: Totals of 2 December 2026", "Nissmart: Totals of 1 to 30 November 2026"} <= (
        subjects
    )
    finance.groups.clear()
    time_machine.move_to("2026-12-04T07:00:00+03:00", tick=False)
    sent = Delivery.objects.count()
    mailing.report_due()
    assert Delivery.objects.count() == sent
    assert mailing.report_due in work.JOBS
    with pytest.raises(NotAllowed):
        mailing.choose(Context(alice.pk), {"day"})


def test_staff_read_the_statement_that_its_member_reads(as_finance, finance, alice, as_alice):
    url = f"/panel/accounts/{account_id(alice)}/statement/"
    page = as_finance.get(url)
    assert "1,000.00" in text(page)
    assert AuditEvent.objects.get(action="open_member").subject == f"member {alice.pk}"
    own = as_alice.get("/statement/", {"format": "csv"}).getvalue()
    theirs = as_finance.get(url, {"format": "csv"}).getvalue()
    # The closing line has the moment that it was made.
    assert theirs.splitlines()[:-1] == own.splitlines()[:-1]
    assert as_finance.get(url, {"format": "pdf"}).headers["Content-Type"] == "application/pdf"
    event = AuditEvent.objects.acts().latest("pk")
    assert (event.action, event.subject) == ("export", f"account {account_id(alice)}")
    assert as_finance.get("/panel/accounts/-1/statement/").status_code == 404
