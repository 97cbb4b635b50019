"""The days of a member's account as sums, so that a long history costs no more than a short one.

A worker folds entries into a row for each account and day, one batch at a time. A sum is those rows
plus the account's entries that aren't folded yet, so it's always exact.
`verify_ledger` compares the rows with all entries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from functools import reduce
from typing import Any, NamedTuple

from django.db.models import Count, F, Max, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from ledger import kinds
from ledger.models import AccountDay, Entry, RollupMark
from ledger.models.entries import EntryQuerySet
from ledger.querysets import NAIROBI, day_start, next_day_start
from ledger.rollups import entries_after, last_of_batch, last_safe_id
from wallet.db.retries import committed
from wallet.models import Account

# Entries per fold. Larger than that of the daily totals, because an account has few of them.
BATCH = 5_000
# The sums of the orders of a day, and those of its entries.
ORDERS = ("in_cents", "out_cents")
LINES = ("credited_cents", "debited_cents", "fee_cents", "line_count")
SUMS = (*ORDERS, *LINES)


def moved(account: Account, first: date, last: date) -> Iterable[tuple[date, int, int]]:
    """(day, cents in, cents out) of the orders of these Nairobi days, in any order.

    A day may come twice.
    """
    folded, tail = read(account, first, last)
    fresh = by_order(tail).values_list("day", *ORDERS)
    yield from ((row.day, row.in_cents, row.out_cents) for row in folded)
    # In SQL, PostgreSQL would begin at the orders of these days, which are those of everyone.
    yield from (row for row in fresh if first <= row[0] <= last)


def read(account: Account, first: date, last: date) -> tuple[list[AccountDay], EntryQuerySet]:
    """The rows of these days, and the account's entries that no row had then.

    An entry of the tail that is folded meanwhile is still in the tail, and in none of these rows.
    """
    rows = AccountDay.objects.filter(account=account)
    in_period = Q(day__gte=first, day__lte=last)
    found = list(rows.filter(in_period | Q(pk__in=newest(account).values("pk"))))
    # Time never runs backwards along an account, so its newest day has its last entry.
    last_id = max((row.last_id for row in found), default=0)
    return [row for row in found if first <= row.day <= last], entries_of(account, last_id)


def newest(account: Account) -> QuerySet[AccountDay]:
    """The newest of the account's rows that has entries."""
    return AccountDay.objects.filter(account=account, last_id__gt=0).order_by("-day")[:1]


def entries_of(account: Account, after_id: int) -> EntryQuerySet:
    return entries_after(after_id).filter(account=account).order_by()


def by_order(entries: EntryQuerySet) -> QuerySet[Any]:
    """The sums of these entries by account and day of their order."""
    own = [kind.code for kind in kinds.every() if kind.moves_own]
    is_out = Q(transaction__from_account=F("account"))
    return (
        entries.exclude(transaction__type__in=own)
        .annotate(day=TruncDate("transaction__created_at", tzinfo=NAIROBI))
        .values("account", "day")
        .annotate(
            in_cents=Sum("amount_cents", filter=~is_out, default=0),
            out_cents=-Sum("amount_cents", filter=is_out, default=0),
        )
    )


def by_entry(entries: EntryQuerySet) -> QuerySet[Any]:
    """The sums of these entries by account and day of the entry."""
    debit = Q(amount_cents__lt=0)
    found: QuerySet[Any] = (
        entries.with_fees()
        .annotate(day=TruncDate("created_at", tzinfo=NAIROBI))
        .values("account", "day")
        .annotate(
            credited_cents=Sum("amount_cents", filter=Q(amount_cents__gt=0), default=0),
            debited_cents=-Sum("amount_cents", filter=debit & Q(is_fee=False), default=0),
            fee_cents=-Sum("amount_cents", filter=debit & Q(is_fee=True), default=0),
            line_count=Count("pk"),
            last_id=Max("pk"),
        )
    )
    return found


class Lines(NamedTuple):
    """The sums of some of an account's entries. `last_id` is the newest of them, 0 if none."""

    credited_cents: int = 0
    debited_cents: int = 0
    fee_cents: int = 0
    line_count: int = 0
    last_id: int = 0

    def plus(self, other: Lines) -> Lines:
        summed = Lines(*(a + b for a, b in zip(self, other, strict=True)))
        return summed._replace(last_id=max(self.last_id, other.last_id))


def lines(account: Account, first: date, last: date) -> Lines:
    """The sums of the account's entries of these Nairobi days."""
    folded, tail = read(account, first, last)
    fresh = by_entry(
        tail.filter(created_at__gte=day_start(first), created_at__lt=next_day_start(last))
    )
    rows = [tuple(getattr(row, name) for name in Lines._fields) for row in folded]
    rows += fresh.values_list(*Lines._fields)
    return reduce(Lines.plus, (Lines(*map(int, row)) for row in rows), Lines())


def last_before(account: Account, day: date) -> int:
    """The id of the account's last entry before this Nairobi day. 0 if there is none."""
    row = newest(account).first()
    if row and row.day >= day:
        row = newest_before(account, day)
        return row.last_id if row else 0
    last_id = row.last_id if row else 0
    tail = entries_of(account, last_id).filter(created_at__lt=day_start(day))
    return int(tail.aggregate(last=Max("pk", default=last_id))["last"])


def newest_before(account: Account, day: date) -> AccountDay | None:
    days = AccountDay.objects.filter(account=account, day__lt=day, last_id__gt=0)
    return days.order_by("-day").first()


def fold_all(batch: int = BATCH) -> int:
    """Fold as long as there is a whole batch. Returns the number of folded entries."""
    folded = 0
    while fold(batch):
        folded += batch
    return folded


def fold(batch: int) -> bool:
    """Fold the next whole batch. False if there is none, or if writers don't finish."""
    mark = RollupMark.objects.first()
    if last_of_batch(mark.accounts_through_id if mark else 0, batch) is None:
        return False
    safe_id = last_safe_id()
    return safe_id is not None and fold_through(safe_id, batch)


@committed
def fold_through(safe_id: int, batch: int) -> bool:
    RollupMark.objects.get_or_create(pk=1)
    # Two workers take turns on this lock, so each entry is folded once.
    mark = RollupMark.objects.select_for_update().get()
    last_id = last_of_batch(mark.accounts_through_id, batch)
    if last_id is None or last_id > safe_id:
        return False
    add(Entry.objects.filter(pk__gt=mark.accounts_through_id, pk__lte=last_id, account__gt=0))
    mark.accounts_through_id = last_id
    mark.save(update_fields=["accounts_through_id"])
    return True


def add(entries: EntryQuerySet) -> None:
    """Add the sums of these entries to the rows of their accounts and days."""
    entries = entries.order_by()
    fresh: defaultdict[tuple[int, date], dict[str, int]] = defaultdict(dict)
    for row in (*by_order(entries), *by_entry(entries)):
        fresh[row.pop("account"), row.pop("day")] |= {name: int(row[name]) for name in row}
    found = AccountDay.objects.filter(
        account__in={account_id for account_id, _day in fresh}, day__in={day for _id, day in fresh}
    )
    rows = {(row.account_id, row.day): row for row in found}
    for key, sums in fresh.items():
        row = rows.setdefault(key, AccountDay(account_id=key[0], day=key[1]))
        row.last_id = max(row.last_id, sums.pop("last_id", 0))
        for name, cents in sums.items():
            setattr(row, name, getattr(row, name) + cents)
    AccountDay.objects.bulk_create(
        [rows[key] for key in fresh],
        update_conflicts=True,
        unique_fields=["account", "day"],
        update_fields=[*SUMS, "last_id"],
    )
