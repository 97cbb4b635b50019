"""The moment and the entries of what operations write through the ORM."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F
from django.utils import timezone

from ledger.models import Books, Entry, Transaction
from ledger.operations.orders import Postings
from wallet.models import Account


def now_for(*accounts: Account) -> datetime:
    """Now, but never in a closed day nor before the last entry of one of these accounts.

    The clocks of two machines may differ.
    """
    now = Books.objects.not_closed(timezone.now())
    for account in accounts:
        entries = Entry.objects.filter(account=account.pk).order_by("-pk")
        last_at = entries.values_list("created_at", flat=True).first()
        now = max(now, last_at or now)
    return now


def write_entries(record: Transaction, postings: Postings, *wallets: Account) -> None:
    """Write the entries of a transaction, and the new balances of these wallets, which are locked.

    House accounts store no balance.
    """
    by_id = {wallet.pk: wallet for wallet in wallets}
    entries = []
    for account_id, cents in postings:
        after_cents = None
        if wallet := by_id.get(account_id):
            after_cents = wallet.balance_cents = wallet.balance_cents + cents
            Account.objects.filter(pk=account_id).update(balance_cents=F("balance_cents") + cents)
        entries.append(
            Entry(
                transaction=record,
                account_id=account_id,
                amount_cents=cents,
                balance_after_cents=after_cents,
                created_at=record.created_at,
            )
        )
    # In one statement: PostgreSQL refuses entries that don't sum to zero at its end.
    Entry.objects.bulk_create(entries)
