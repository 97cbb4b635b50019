"""Totals of the books that stay fast and exact, however long the history is.

A worker folds entries into stored sums by day, type and account, one whole batch at a time. A total
is those sums plus the tail of entries that aren't folded yet, so it's always exact. Folding only
keeps the tail short. `verify_ledger` compares the stored sums with a scan of all entries.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Case, Count, F, Max, Q, QuerySet, Sum, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import TruncDate

from ledger.models import DailyTotal, Entry, HouseBalance, RollupMark
from ledger.models.entries import EntryQuerySet
from ledger.querysets import NAIROBI
from wallet.db.retries import committed

MEMBERS = DailyTotal.MEMBERS
# Entries per fold. The tail is shorter than this, unless the worker is behind.
BATCH = 1_000
# How long to wait for open writers to finish, and the pause between looks.
WAIT_S, PAUSE_S = 2, 0.005
# An INSERT takes this lock before it draws an id. VACUUM takes a different one.
WRITERS = """
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND relation = %s::regclass AND mode = 'RowExclusiveLock'
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND granted AND pid IS DISTINCT FROM pg_backend_pid()"""

SUMS = ("debit_count", "debit_cents", "credit_count", "credit_cents")
DEBIT, CREDIT = Q(amount_cents__lt=0), Q(amount_cents__gt=0)


class Total(NamedTuple):
    """The sums of one type on one account: money out as debits, money in as credits.

    `house_id` is a house account or MEMBERS. `day` is None in a total over several days.
    Counts and cents are zero or above.
    """

    day: date | None
    type: str
    house_id: int
    debit_count: int
    debit_cents: int
    credit_count: int
    credit_cents: int

    @property
    def net_cents(self) -> int:
        return self.credit_cents - self.debit_cents

    def plus(self, other: Total) -> Total:
        return Total(*self[:3], *(a + b for a, b in zip(self[3:], other[3:], strict=True)))


def totals(
    *, since: date | None = None, until: date | None = None, by_day: bool = False
) -> list[Total]:
    """Totals of the entries from `since` to `until` (Nairobi days, both included)."""
    days = Q()
    if since:
        days &= Q(day__gte=since)
    if until:
        days &= Q(day__lte=until)
    group = ["day", "type", "house_id"][not by_day :]

    def read(through_id: int) -> list[Total]:
        folded = DailyTotal.objects.filter(days).values(*group)
        tail = sum_by(group, entries_after(through_id), days)
        return merge([*folded.annotate(**{name: Sum(name) for name in SUMS}), *tail])

    return read_consistently(read)


def entries_after(entry_id: int) -> EntryQuerySet:
    """Entries newer than this one.

    The id is a literal in the SQL. If it were a parameter, PostgreSQL would switch to a generic
    plan that scans all transactions to find the short tail.
    """
    return Entry.objects.filter(pk__gt=RawSQL(f"{entry_id:d}", ()))  # nosec B611: only digits


def house_balance(house_id: int, through_id: int | None = None) -> int:
    """The balance of a house account in cents after entry `through_id` (None: now)."""
    balances = HouseBalance.objects.filter(house_id=house_id)
    entries = Entry.objects.filter(account_id=house_id)
    if through_id is not None:
        balances = balances.filter(through_id__lte=through_id)
        entries = entries.filter(pk__lte=through_id)
    last = balances.order_by("-through_id").first()
    if last:
        entries = entries.filter(pk__gt=last.through_id)
    since = int(entries.aggregate(cents=Sum("amount_cents", default=0))["cents"])
    return since + (last.balance_cents if last else 0)


def fold_all(batch: int | None = None) -> int:
    """Fold as long as there is a whole batch, of BATCH entries unless `batch` says otherwise.

    Returns the number of folded entries.
    """
    batch, folded = batch or BATCH, 0
    while fold(batch):
        folded += batch
    return folded


def fold(batch: int) -> bool:
    """Fold the next whole batch of entries. False if there is none, or if writers don't finish."""
    if last_of_batch(last_folded_id(), batch) is None:
        return False
    safe_id = last_safe_id()
    return safe_id is not None and fold_through(safe_id, batch)


@committed
def fold_through(safe_id: int, batch: int) -> bool:
    RollupMark.objects.get_or_create(pk=1)
    # Two workers take turns on this lock, so each entry is folded once.
    mark = RollupMark.objects.select_for_update().get()
    last_id = last_of_batch(mark.through_id, batch)
    if last_id is None or last_id > safe_id:
        return False
    entries = Entry.objects.filter(pk__gt=mark.through_id, pk__lte=last_id)
    add_to_days(merge(sum_by(["day", "type", "house_id"], entries)))
    houses = entries.filter(account__lt=0).order_by().values_list("account", flat=True).distinct()
    for house_id in houses:
        HouseBalance.objects.create(
            house_id=house_id,
            through_id=last_id,
            balance_cents=house_balance(house_id, last_id),
        )
    mark.through_id = last_id
    mark.save(update_fields=["through_id"])
    return True


def last_folded_id() -> int:
    """The id of the last entry in the roll-ups; 0 if there is none."""
    return RollupMark.objects.values_list("through_id", flat=True).first() or 0


def last_of_batch(through_id: int, batch: int) -> int | None:
    ids = Entry.objects.filter(pk__gt=through_id).order_by("pk").values_list("pk", flat=True)
    return next(iter(ids[batch - 1 : batch]), None)


def last_safe_id() -> int | None:
    """The highest id below which no entry can still appear. None if writers don't finish in time.

    PostgreSQL draws ids before the commit, so a higher id can become visible before a lower one.
    A transaction with a lower id holds its lock on the table until it commits, so we wait for all
    transactions that hold that lock now. New writers never wait for us. SQLite has one writer, so
    there is nothing to wait for.
    """
    found = last_id()
    if connection.vendor == "sqlite":
        return found
    deadline = time.monotonic() + WAIT_S
    still_open = open_writers()
    while still_open:
        if time.monotonic() > deadline:
            return None
        time.sleep(PAUSE_S)
        still_open &= open_writers()
    return found


def open_writers() -> set[str]:
    """Other open transactions that have written entries, or are about to."""
    with connection.cursor() as cursor:
        cursor.execute(WRITERS, [Entry._meta.db_table])
        return {name for (name,) in cursor.fetchall()}


def last_id() -> int | None:
    found: int | None = Entry.objects.aggregate(last=Max("pk"))["last"]
    return found


def sum_by(
    group: list[str], entries: QuerySet[Entry], days: Q | None = None
) -> Iterable[dict[str, Any]]:
    """Sum these entries by the columns of `group`, for those `days` only."""
    rows: Iterable[dict[str, Any]] = (
        entries.order_by()
        .annotate(
            day=TruncDate("created_at", tzinfo=NAIROBI),
            type=F("transaction__type"),
            house_id=Case(When(account__lt=0, then=F("account_id")), default=Value(MEMBERS)),
        )
        .filter(days or Q())
        .values(*group)
        .annotate(
            debit_count=Count("pk", filter=DEBIT),
            debit_cents=-Sum("amount_cents", filter=DEBIT, default=0),
            credit_count=Count("pk", filter=CREDIT),
            credit_cents=Sum("amount_cents", filter=CREDIT, default=0),
        )
    )
    return rows


def merge(rows: Iterable[dict[str, Any]]) -> list[Total]:
    """Add up rows of the same day, type and account into one Total each."""
    found: dict[tuple[date | None, str, int], Total] = {}
    for row in rows:
        sums = (int(row[name]) for name in SUMS)
        total = Total(row.get("day"), row["type"], row["house_id"], *sums)
        earlier = found.get(total[:3])
        found[total[:3]] = earlier.plus(total) if earlier else total
    return list(found.values())


def add_to_days(fresh: list[Total]) -> None:
    rows: dict[tuple[date | None, str, int], DailyTotal] = {
        (row.day, row.type, row.house_id): row
        for row in DailyTotal.objects.filter(day__in={total.day for total in fresh})
    }
    missing = []
    for total in fresh:
        row = rows.get(total[:3])
        if row is None:
            missing.append(DailyTotal(**total._asdict()))
            continue
        for name in SUMS:
            setattr(row, name, getattr(row, name) + getattr(total, name))
        row.save(update_fields=SUMS)
    DailyTotal.objects.bulk_create(missing)


def read_consistently[T](read: Callable[[int], T]) -> T:
    """Call `read` with the last folded id, and repeat if entries were folded meanwhile."""
    through_id = last_folded_id()
    while True:
        found = read(through_id)
        now = last_folded_id()
        if now == through_id:
            return found
        through_id = now
