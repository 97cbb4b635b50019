"""Several experiments on the rows of one test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from ledger import lookups
from wallet.models import accounts


@contextmanager
def undone() -> Iterator[None]:
    """Undo what the block writes. Operations, which are durable, may run in it."""
    block = transaction.atomic()
    # As in Django's TestCase.
    block._from_testcase = True  # type: ignore[attr-defined]
    try:
        with block:
            yield
            transaction.set_rollback(True)
    finally:
        accounts.wallet_ids.clear()
        lookups.paid.clear()
