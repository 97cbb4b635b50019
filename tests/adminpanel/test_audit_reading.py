"""Acts are read along their own index, however many sign-ins there are."""

import pytest
from django.db import connection

from wallet.models import AuditEvent
from wallet.models.audit import ACCESS

pytestmark = pytest.mark.django_db


def test_the_newest_acts_are_found_beside_many_sign_ins():
    AuditEvent.objects.bulk_create(
        AuditEvent(action=action, subject="member 1", actor_name="Ann")
        for action in ["freeze", "unfreeze", *("sign_in",) * 3000]
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    plan = AuditEvent.objects.acts().order_by("-pk")[:51].explain()
    assert "audit_acts" in plan, plan


def test_acts_are_all_events_but_access():
    AuditEvent.objects.bulk_create(
        AuditEvent(action=action, subject="member 1") for action in AuditEvent.Action.values
    )
    found = AuditEvent.objects.acts().values_list("action", flat=True)
    assert set(found) == set(AuditEvent.Action.values) - set(ACCESS)
