"""Kinds and rails that only tests know, in the registry and in the test database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.models import CheckConstraint

from ledger import guards, kinds
from ledger.kinds import Kind, shapes
from ledger.models import Transaction

NAME = "transaction_shape_by_type"


@contextmanager
def declared(kind: Kind) -> Iterator[None]:
    """The kind is known, and the CHECK is made anew as a migration would make it."""
    (before,) = (one for one in Transaction._meta.constraints if one.name == NAME)
    with kinds.registered(kind):
        since = CheckConstraint(condition=shapes.check(kinds.every()), name=NAME)
        replace(before, since)
        try:
            yield
        finally:
            replace(since, before)


def replace(old: CheckConstraint, new: CheckConstraint) -> None:
    """SQLite writes the table anew for this, as the model then is, and loses its guards."""
    meta = Transaction._meta
    kept = meta.constraints
    meta.constraints = [one for one in kept if one.name != NAME] + [new]
    try:
        with connection.schema_editor() as editor:
            editor.remove_constraint(Transaction, old)
            editor.add_constraint(Transaction, new)
    finally:
        meta.constraints = kept
    guards.install(connection)
