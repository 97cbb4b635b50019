"""Each act of staff is one audit event, and no event ever changes."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from wallet import operations as wallet_operations
from wallet.context import Context
from wallet.models import AuditEvent
from wallet.staff import audit, subjects

pytestmark = pytest.mark.django_db

Action = audit.Action
REFUSED = (IntegrityError, OperationalError)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE wallet_auditevent SET reason = 'other' WHERE id = {id}",
        "DELETE FROM wallet_auditevent WHERE id = {id}",
        "sqlite:INSERT OR REPLACE INTO wallet_auditevent SELECT * FROM wallet_auditevent",
        "postgresql:TRUNCATE wallet_auditevent CASCADE",
        """postgresql:INSERT INTO wallet_auditevent SELECT * FROM wallet_auditevent
           ON CONFLICT (id) DO UPDATE SET reason = 'other'""",
    ],
)
def test_the_database_refuses_to_change_the_audit(alice, attack):
    event = audit.record(Context(alice.pk, reason="A reason"), Action.FREEZE, subjects.member(1))
    engine, _colon, statement = attack.rpartition(":")
    if engine and engine != connection.vendor:
        return
    with pytest.raises(REFUSED), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(id=event.pk))
    event.refresh_from_db()
    assert event.reason == "A reason"


def test_the_orm_cannot_change_the_audit_either(alice):
    event = audit.record(Context(alice.pk), Action.FREEZE, subjects.member(1))
    for attack in (event.save, event.delete, AuditEvent.objects.acts().all().delete):
        with pytest.raises(REFUSED), transaction.atomic():
            attack()


def test_an_act_that_is_rolled_back_leaves_no_event(alice, finance):
    with pytest.raises(RuntimeError), transaction.atomic():
        wallet_operations.freeze(Context(finance.pk, reason="x"), alice.primary_account().pk)
        raise RuntimeError
    assert not AuditEvent.objects.acts().exists()


def test_freezing_twice_is_one_event(alice, finance):
    account_id = alice.primary_account().pk
    assert wallet_operations.freeze(Context(finance.pk, reason="Lost phone"), account_id)
    assert not wallet_operations.freeze(Context(finance.pk, reason="Again"), account_id)
    event = AuditEvent.objects.acts().get()
    assert (event.action, event.subject, event.actor) == ("freeze", f"member {alice.pk}", finance)
