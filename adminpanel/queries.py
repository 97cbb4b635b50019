"""Totals that cross accounts and transactions. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.models import Entry, Transaction
from wallet.models import Account, User

Type, Status = Transaction.Type, Transaction.Status


@dataclass(frozen=True, slots=True)
class Volume:
    """How many, and how much."""

    count: int = 0
    amount_cents: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    total_users: int
    total_value_cents: int
    deposits: Volume
    transfers: Volume
    withdrawals: Volume
    pending: Volume
    as_of: datetime


def summary() -> Summary:
    """The system's totals. Volumes count what has succeeded; `pending` what has not settled."""
    groups = Transaction.objects.order_by().values("type", "status")
    volumes = {
        (row["type"], row["status"]): Volume(row["count"], row["cents"])
        for row in groups.annotate(count=Count("pk"), cents=Sum("amount_cents"))
    }
    waiting = [volume for (_type, status), volume in volumes.items() if status == Status.PENDING]
    return Summary(
        total_users=User.objects.count(),
        total_value_cents=value_in_wallets_cents(),
        deposits=volumes.get((Type.DEPOSIT, Status.SUCCESS), Volume()),
        transfers=volumes.get((Type.TRANSFER, Status.SUCCESS), Volume()),
        withdrawals=volumes.get((Type.WITHDRAW, Status.SUCCESS), Volume()),
        pending=Volume(sum(v.count for v in waiting), sum(v.amount_cents for v in waiting)),
        as_of=timezone.now(),
    )


def value_in_wallets_cents() -> int:
    members = Account.objects.filter(user__isnull=False)
    return int(members.aggregate(cents=Sum("balance_cents", default=0))["cents"])


def books() -> list[tuple[str, int]]:
    """(name, cents) of what the house holds, above zero, and what it owes, below.

    The rows sum to zero when the books are right: an account's entries are what the house
    owes, so what it holds is their opposite.
    """
    sums = dict(
        Entry.objects.filter(account__lt=0)
        .order_by()
        .values_list("account_id")
        .annotate(cents=Sum("amount_cents"))
    )
    rows = [
        (str(Account.Kind(kind).label), -sums.get(pk, 0)) for kind, pk in Account.HOUSE_IDS.items()
    ]
    return [*rows, (_("Owed to members"), -value_in_wallets_cents())]
