"""Find out what became of an order when the database didn't answer its COMMIT."""

from __future__ import annotations

from django.db import OperationalError, transaction

from ledger.models import Transaction
from wallet.context import Context
from wallet.db.retries import is_contention
from wallet.errors import Busy
from wallet.models import Account


def find(context: Context, *, account_id: int) -> Transaction | None:
    """The transaction of the actor's key. None: no transaction has this key.

    None is final only if the order's request has ended: an order may still wait in a queue before
    it locks anything. A transaction of the order locks its accounts. `account_id` is one of them,
    so once we have locked it, that transaction has ended and the books show the result. Raises
    Busy if the account is locked. On PostgreSQL it never waits for a lock.
    """
    assert context.key is not None
    try:
        with transaction.atomic():
            Account.objects.select_for_update(nowait=True).get(pk=account_id)
            made = Transaction.objects.filter(created_by_id=context.actor_id)
            return made.filter(idempotency_key=context.key).first()
    except OperationalError as error:
        if is_contention(error):
            raise Busy from error
        raise
