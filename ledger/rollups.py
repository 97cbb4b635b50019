"""Totals that cost the same however long the history is.

Entries are folded into sums by day, type and account, a whole batch at a time; what is read is
those sums plus the tail of entries not folded yet, so it is exact at every moment and whether
or not anybody folds. Folding only keeps the tail short. `verify_ledger` compares the sums with
a scan of all entries.
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
from wallet.db.retries import committed

MEMBERS = DailyTotal.MEMBERS
# So many entries are folded at a time, and fewer are left as the tail that is read one by one.
BATCH = 1_000
# How long those who write are waited for, and how often they are looked at.
WAIT_S, PAUSE_S = 2, 0.005
# A statement that inserts takes this lock before it draws an id. A vacuum takes another one.
WRITERS = """
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND relation = %s::regclass AND mode = 'RowExclusiveLock'
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND granted AND pid IS DISTINCT FROM pg_backend_pid()"""

SUMS = ("debit_count", "debit_cents", "credit_count", "credit_cents")
DEBIT, CREDIT = Q(amount_cents__lt=0), Q(amount_cents__gt=0)


class Total(NamedTuple):
    """Entries of one type on one account: out of it as debits, into it as credits.

    `house_id` is a house account or MEMBERS. `day` is None when all days are summed up.
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
    """What the entries written from `since` until `until` (Nairobi days, both included) come to."""
    days = Q()
    if since:
        days &= Q(day__gte=since)
    if until:
        days &= Q(day__lte=until)
    group = ["day", "type", "house_id"][not by_day :]

    def read(through_id: int) -> list[Total]:
        folded = DailyTotal.objects.filter(days).values(*group)
        tail = grouped(written_after(through_id), days, group)
        return merged([*folded.annotate(**{name: Sum(name) for name in SUMS}), *tail])

    return at_one_instant(read)


def written_after(entry_id: int) -> QuerySet[Entry]:
    """Entries that follow this one.

    Its id stands in the statement itself: as a parameter of a prepared one, PostgreSQL would
    soon plan for any id, and read all transactions for the few of the tail.
    """
    return Entry.objects.filter(pk__gt=RawSQL(f"{entry_id:d}", ()))


def house_balance(house_id: int, through_id: int | None = None) -> int:
    """What a house account held, in cents, once entry `through_id` was written (None: now)."""
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


def fold_all(batch: int = BATCH) -> int:
    """Fold as long as there is a whole batch; how many entries that were."""
    folded = 0
    while fold(batch):
        folded += batch
    return folded


def fold(batch: int = BATCH) -> bool:
    """Fold the next whole batch of entries. False when there is none, or no moment for it."""
    if last_of_batch(folded_through(), batch) is None:
        return False
    safe_id = last_settled_id()
    return safe_id is not None and fold_through(safe_id, batch)


@committed
def fold_through(safe_id: int, batch: int) -> bool:
    RollupMark.objects.get_or_create(pk=1)
    # The lock makes two who fold at once take turns, and each entry is folded once.
    mark = RollupMark.objects.select_for_update().get()
    last_id = last_of_batch(mark.through_id, batch)
    if last_id is None or last_id > safe_id:
        return False
    entries = Entry.objects.filter(pk__gt=mark.through_id, pk__lte=last_id)
    add_to_days(merged(grouped(entries, Q(), ["day", "type", "house_id"])))
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


def folded_through() -> int:
    """The last entry that is in the roll-ups; 0 when none is."""
    return RollupMark.objects.values_list("through_id", flat=True).first() or 0


def last_of_batch(through_id: int, batch: int) -> int | None:
    ids = Entry.objects.filter(pk__gt=through_id).order_by("pk").values_list("pk", flat=True)
    return next(iter(ids[batch - 1 : batch]), None)


def last_settled_id() -> int | None:
    """An id up to which every entry that will ever be is written and committed; None: not now.

    PostgreSQL hands ids out before it commits, so a higher one may be seen before a lower one.
    Whoever has been given a lower one writes to the table since before and until they commit:
    so those who write now are waited for. Nobody waits for us. SQLite has one writer.
    """
    found = last_id()
    if connection.vendor == "sqlite":
        return found
    deadline = time.monotonic() + WAIT_S
    under_way = writers()
    while under_way:
        if time.monotonic() > deadline:
            return None
        time.sleep(PAUSE_S)
        under_way &= writers()
    return found


def writers() -> set[str]:
    """The other transactions under way that write entries, or have."""
    with connection.cursor() as cursor:
        cursor.execute(WRITERS, [Entry._meta.db_table])
        return {name for (name,) in cursor.fetchall()}


def last_id() -> int | None:
    found: int | None = Entry.objects.aggregate(last=Max("pk"))["last"]
    return found


def grouped(entries: QuerySet[Entry], days: Q, group: list[str]) -> Iterable[dict[str, Any]]:
    """These entries summed up by `group`."""
    rows: Iterable[dict[str, Any]] = (
        entries.order_by()
        .annotate(
            day=TruncDate("created_at"),
            type=F("transaction__type"),
            house_id=Case(When(account__lt=0, then=F("account_id")), default=Value(MEMBERS)),
        )
        .filter(days)
        .values(*group)
        .annotate(
            debit_count=Count("pk", filter=DEBIT),
            debit_cents=-Sum("amount_cents", filter=DEBIT, default=0),
            credit_count=Count("pk", filter=CREDIT),
            credit_cents=Sum("amount_cents", filter=CREDIT, default=0),
        )
    )
    return rows


def merged(rows: Iterable[dict[str, Any]]) -> list[Total]:
    """One Total for each day, type and account of these rows."""
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


def at_one_instant[T](read: Callable[[int], T]) -> T:
    """What `read` finds, given how far entries are folded, while nobody folds."""
    through_id = folded_through()
    while True:
        found = read(through_id)
        now = folded_through()
        if now == through_id:
            return found
        through_id = now
