"""Give a receipt its code: once, and the same code whenever it is shown again."""

from __future__ import annotations

from django.utils.translation import gettext as _

from ledger.models import IssuedReceipt, Transaction
from ledger.status import Status
from wallet.db.retries import optional_write
from wallet.models import Account


def receipt(record: Transaction) -> IssuedReceipt | None:
    """What the receipt of this transaction said when it was first made.

    None until it has succeeded: before that a page shows how far it is, and afterwards nothing has
    moved. None also while the database takes no writes: a receipt can be read all the same. Its
    parties must be loaded.
    """
    if record.status != Status.SUCCESS:
        return None
    issued: IssuedReceipt | None = getattr(record, "issued_receipt", None)
    if issued:
        return issued
    names = {
        "from_name": name_to_others(record, record.from_account),
        "to_name": name_to_others(record, record.to_account),
    }
    with optional_write():
        issued, _is_new = IssuedReceipt.objects.get_or_create(transaction=record, defaults=names)
    return issued


def name_to_others(record: Transaction, account: Account | None) -> str:
    """A side of a payment as other people may see it: a short name, a rail's or ours.

    What a member saves for is not for other people to see.
    """
    if account and account.kind == Account.Kind.GOAL:
        return _("Savings goal")
    if account and account.user:
        return account.user.short_name
    rail = record.took_rail
    return str(rail.name) if rail and account is None else _("Nissmart")
