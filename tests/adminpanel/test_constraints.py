"""The constraints of what the worker keeps for the team hold against raw SQL, on both engines."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from adminpanel.models import Alert, ExportJob, ExportPart, ReportMail, WorkerJob
from tests.ledger.support.rows import insert, stored
from tests.ledger.test_constraints import is_named

pytestmark = pytest.mark.django_db

AT = "2026-01-01 00:00:00+00:00"
DONE = {"state": "done", "finished_at": AT, "expires_at": AT, "sha256": "00"}
# (constraint, table, the wrong values). Without any, the row is a second one of the good row.
BAD_ROWS: list[tuple[str, type[models.Model], dict[str, Any]]] = [
    *(
        ("export_state_known", ExportJob, {"digest": "another"} | wrong)
        for wrong in (
            {"state": "lost"},
            {"state": "lost", "finished_at": AT},
            {"state": "queued", "finished_at": AT},
            {"state": "running", "finished_at": AT},
            {"state": "failed"},
            DONE | {"finished_at": None},
            DONE | {"expires_at": None},
            DONE | {"sha256": ""},
            DONE | {"state": "expired", "sha256": ""},
        )
    ),
    ("export_asked_once", ExportJob, {}),
    ("export_asked_once", ExportJob, {"state": "running"}),
    ("export_part_once", ExportPart, {}),
    ("alert_once_until_it_clears", Alert, {}),
    ("alert_not_sent_once_cleared", Alert, {"cleared_at": AT, "next_try_at": AT}),
    ("alert_kind_known", Alert, {"kind": "OTHER"}),
    ("report_mail_once", ReportMail, {}),
    ("worker_job_once", WorkerJob, {}),
    ("report_mail_known", ReportMail, {"every": "year"}),
]
GOOD_ROWS = [
    (ExportJob, {"digest": "another"}),
    (ExportJob, DONE),
    (ExportJob, DONE | {"state": "expired"}),
    (ExportJob, {"state": "failed", "finished_at": AT}),
    (ExportPart, {"number": 2}),
    (Alert, {"cleared_at": AT}),
    (Alert, {"subject": "another", "next_try_at": AT}),
    (ReportMail, {"every": "month"}),
    (WorkerJob, {"worker": "there:1"}),
]


@pytest.fixture
def rows(finance) -> dict[type[models.Model], dict[str, Any]]:
    """A good row of each table, with the id of the next one."""
    now = timezone.now()
    job = ExportJob.objects.create(asked_by=finance, dataset="ledger", digest="one", through_id=1)
    made = (
        job,
        ExportPart.objects.create(job=job, number=1, data=b"x"),
        Alert.objects.create(kind="CHECK", subject="sums", text="Failed."),
        WorkerJob.objects.create(job="a.b", worker="here:1", since=now, seen_at=now),
        ReportMail.objects.create(person=finance, every="day", through=now.date()),
    )
    return {type(row): stored(row) | {"id": 10**6} for row in made}


@pytest.mark.parametrize(("constraint", "model", "wrong"), BAD_ROWS)
def test_refuses_a_bad_row(rows, constraint, model, wrong):
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        insert(model._meta.db_table, rows[model] | wrong)
    assert is_named(str(refusal.value), constraint, model)


@pytest.mark.parametrize(("model", "right"), GOOD_ROWS)
def test_accepts_a_good_row(rows, model, right):
    insert(model._meta.db_table, rows[model] | right)


def test_each_constraint_has_a_bad_row():
    declared = {
        one.name for model in (ExportJob, ExportPart, Alert, ReportMail, WorkerJob)
        for one in model._meta.constraints
    }  # fmt: skip
    assert {name for name, *_ in BAD_ROWS} == declared
