"""Migrations change old names as they should, and leave the audit guarded.

One test, because the way back through all migrations and forth again takes half a minute. It runs
with NIGHTLY=1, since released migrations never change.
"""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from tests.factories import UserFactory
from tests.ledger.support.crowd import IS_NIGHTLY
from tests.wallet.test_search_names import NAME, all_columns_match
from wallet.models import AuditEvent, User

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not IS_NIGHTLY, reason="released migrations never change"),
]


def migrate(*target: tuple[str, str]) -> None:
    """Without a target: to the newest migration of every app."""
    executor = MigrationExecutor(connection)
    executor.migrate(target or executor.loader.graph.leaf_nodes())


def rename_in_sql(pk: int, name: str) -> None:
    """Rename in SQL, because the model has other columns than the table at that migration."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE wallet_user SET name = %s WHERE id = %s", [name, pk])


def assert_the_audit_is_guarded(ip_address: str) -> None:
    """Insert an event, with this name of the column, and fail to change or delete it."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO wallet_auditevent (at, action, subject, reason, facts, {ip_address})"
            " VALUES ('2026-11-25', 'freeze', 'member 1', '', '{}', '')"
        )
        for attack in (
            "UPDATE wallet_auditevent SET reason = 'x'",
            "DELETE FROM wallet_auditevent",
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                cursor.execute(attack)


def test_old_names_are_changed_and_made_searchable_and_the_audit_is_always_guarded():
    reserved, *ids = [UserFactory(name=f"Number {number}").pk for number in range(4)]
    try:
        migrate(("wallet", "0006_user_by_time"))
        rename_in_sql(reserved, "NISSMART")
        assert_the_audit_is_guarded("address")
        migrate(("wallet", "0009_openings"))
        for pk, name in zip(ids, [NAME, "Nissmart 🎉", "Brian"], strict=True):
            rename_in_sql(pk, name)
    finally:
        migrate()
    assert_the_audit_is_guarded("ip_address")
    renamed = AuditEvent.objects.exclude(facts={}).values_list("facts__before__name", flat=True)
    assert sorted(renamed) == ["NISSMART (member)", "Nissmart 🎉 (member)"]
    assert [event.who for event in AuditEvent.objects.filter(facts={})] == ["", ""]
    found = User.objects.in_bulk([reserved, *ids])
    names = [f"Member {reserved}", NAME, f"Member {ids[1]}", "Brian"]
    assert [found[pk].name for pk in (reserved, *ids)] == names
    assert all_columns_match()
