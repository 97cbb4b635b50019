"""The database itself refuses a schedule or a run that makes no sense."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import CheckConstraint
from django.utils import timezone

from ledger.models import Schedule, ScheduledRun
from tests.ledger.support.scheduled import MONDAY, TODAY, schedule
from wallet.money import CEILING_CENTS

pytestmark = pytest.mark.django_db

NOW = timezone.now()
ENDED = {"state": "ended", "ended_at": NOW, "ended_by": "done", "next_on": None}
MISSED = {"state": "missed", "missed": "money", "ended_at": NOW}
BAD_SCHEDULES = [
    ("schedule_kind_known", {"kind": "gift"}),
    *(("schedule_amount_above_zero", {"amount_cents": it}) for it in (0, -1, CEILING_CENTS + 1)),
    ("schedule_from_and_to_differ", {"target": "source"}),
    ("schedule_days_known", {"every": "day"}),
    ("schedule_days_known", {"day": None}),
    ("schedule_days_known", {"day": 8}),
    ("schedule_days_known", {"every": "month", "day": 32}),
    ("schedule_days_known", {"every": "month", "day": 0}),
    ("schedule_days_known", {"every": "once"}),
    ("schedule_days_known", {"on": TODAY}),
    ("schedule_ended_for_a_reason", {"state": "ended"}),
    ("schedule_ended_for_a_reason", ENDED | {"ended_by": ""}),
    ("schedule_ended_for_a_reason", ENDED | {"next_on": MONDAY}),
    ("schedule_ended_for_a_reason", {"ended_by": "done"}),
    ("schedule_ended_for_a_reason", {"state": "off"}),
]
BAD_RUNS = [
    ("scheduled_run_amount_above_zero", {"amount_cents": 0}),
    ("scheduled_run_pays_or_says_why", {"state": "done", "ended_at": NOW}),
    ("scheduled_run_pays_or_says_why", MISSED | {"missed": ""}),
    ("scheduled_run_pays_or_says_why", MISSED | {"ended_at": None}),
    ("scheduled_run_pays_or_says_why", {"missed": "money"}),
    ("scheduled_run_pays_or_says_why", {"lease_until": None}),
    ("scheduled_run_pays_or_says_why", {"state": "off"}),
]


def refuses(constraint: str, rows, values) -> bool:
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        rows.update(**values)
        connection.check_constraints()
    return constraint in str(refusal.value)


def test_no_bad_row_gets_in(alice, bob):
    one = schedule(alice, bob)
    begun = {"state": "begun", "lease_until": NOW, "amount_cents": 1}
    run = ScheduledRun.objects.create(schedule=one, due_on=MONDAY, **begun)
    for rows, bad in (
        (Schedule.objects.filter(pk=one.pk), BAD_SCHEDULES),
        (ScheduledRun.objects.filter(pk=run.pk), BAD_RUNS),
    ):
        declared = {
            each.name for each in rows.model._meta.constraints if isinstance(each, CheckConstraint)
        }
        assert {name for name, _values in bad} == declared
        for name, values in bad:
            given = values | ({"target": one.source_id} if "target" in values else {})
            assert refuses(name, rows, given), (name, values)
    two = schedule(alice, bob)
    Schedule.objects.filter(pk=one.pk).update(kind="saving")
    with pytest.raises(IntegrityError), transaction.atomic():
        Schedule.objects.filter(pk=two.pk).update(kind="saving")
    with pytest.raises(IntegrityError), transaction.atomic():
        ScheduledRun.objects.create(schedule=one, due_on=MONDAY, **begun)
    Schedule.objects.filter(pk=one.pk).update(**ENDED)
    ScheduledRun.objects.filter(pk=run.pk).update(**MISSED)
