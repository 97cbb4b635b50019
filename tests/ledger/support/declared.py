"""Add a made-up kind to the registry and to the test database's CHECK."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.models import CheckConstraint

from ledger import guards, kinds
from ledger.kinds import Kind, shapes
from ledger.models import Transaction
from tests.owner import as_owner_of_tables

NAME = "transaction_shape_by_type"


@contextmanager
def add_kind(kind: Kind) -> Iterator[None]:
    """Register the kind during the block, and rebuild the CHECK as a migration would."""
    (before,) = (one for one in Transaction._meta.constraints if one.name == NAME)
    with kinds.registered(kind):
        since = CheckConstraint(condition=shapes.check(kinds.every()), name=NAME)
        replace(before, since)
        try:
            yield
        finally:
            replace(since, before)


def replace(old: CheckConstraint, new: CheckConstraint) -> None:
    """SQLite rewrites the table from the model for this, which drops the guards."""
    meta = Transaction._meta
    kept = meta.constraints
    meta.constraints = [one for one in kept if one.name != NAME] + [new]
    with as_owner_of_tables():
        try:
            with connection.schema_editor() as editor:
                editor.remove_constraint(Transaction, old)
                editor.add_constraint(Transaction, new)
        finally:
            meta.constraints = kept
        guards.install(connection)
