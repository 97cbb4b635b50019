"""The books of a period, entry by entry, for a general ledger. They hold no personal data.

A member's account is named by its number in our database, which says nothing to anyone without it;
names, phone numbers, account numbers to pay into, and notes that people wrote are left out.

Entries are read in order of their ids, a batch at a time, so memory stays flat.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from django.db.models.functions import Coalesce

from adminpanel.reports import chart
from adminpanel.reports.chart import BookAccount
from ledger import kinds
from ledger.models import Entry
from ledger.querysets import day_start, nairobi_day, next_day_start
from ledger.statements.period import Period

BATCH = 2_000


class Books(NamedTuple):
    """What to export: the entries of these days up to `through_id`, of one account or of all."""

    span: Period
    through_id: int
    account: str = ""  # the account's number


class Posting(NamedTuple):
    """One entry. `cents` is above zero for a credit. `balance_cents` is that of its account after
    it: of the member's own account, or of the house account."""

    id: int
    at: datetime
    account: BookAccount
    account_id: int
    cents: int
    balance_cents: int
    transaction_id: int
    reference: str
    type: str
    status: str
    ordered_at: datetime
    settled_at: datetime | None
    receipt: str
    reverses: str

    @property
    def day(self) -> date:
        return nairobi_day(self.at)

    @property
    def member_account(self) -> str:
        """`A12` for a member's account; empty for one of the house."""
        return f"A{self.account_id}" if self.account.house_id is None else ""

    @property
    def title(self) -> str:
        return str(kinds.of(self.type).label)


class Row(NamedTuple):
    """An entry as it's read; the lookups are PATHS."""

    id: int
    at: datetime
    kind: str
    account_id: int
    cents: int
    balance_cents: int | None
    transaction_id: int
    reference: str
    type: str
    status: str
    ordered_at: datetime
    settled_at: datetime | None
    receipt: str | None
    reverses: str | None


PATHS = (
    "pk",
    "created_at",
    "account__kind",
    "account",
    "amount_cents",
    "balance_after_cents",
    "transaction",
    "transaction__reference",
    "transaction__type",
    "transaction__status",
    "transaction__created_at",
    "transaction__settled_at",
    "transaction__attempt__receipt",
    Coalesce("transaction__reverses__reference", "transaction__part_of__reference"),
)


def last_entry_id() -> int:
    return Entry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def count(books: Books) -> int:
    """How many entries there are, from the roll-ups: some may be newer than `through_id`."""
    found = chart.moved(since=books.span.first, until=books.span.last)
    own = kinds_of(books.account)
    return sum(one.entries for one in found if one.account in own)


def kinds_of(code: str) -> set[str]:
    """The kinds of the account with this number; of all accounts without one."""
    return {one.kind for one in chart.accounts() if not code or one.code == code}


def opening_cents(books: Books) -> dict[str, int]:
    """The balance of each account before the period, above zero for a credit, by kind."""
    found = dict.fromkeys(kinds_of(""), 0)
    for one in chart.moved(until=books.span.first - timedelta(days=1)):
        found[one.account] += one.net_cents
    return found


def postings(books: Books) -> Iterator[Posting]:
    """The entries, oldest first, each with the balance of its account after it."""
    accounts = {one.kind: one for one in chart.accounts()}
    balances = opening_cents(books)
    for row in rows(books):
        balances[row.kind] += row.cents
        after = balances[row.kind] if row.balance_cents is None else row.balance_cents
        yield Posting(
            *(row.id, row.at, accounts[row.kind], row.account_id, row.cents, after),
            *row[6:12],
            row.receipt or "",
            row.reverses or "",
        )


def rows(books: Books) -> Iterator[Row]:
    first, last = books.span
    entries = Entry.objects.filter(
        created_at__gte=day_start(first), created_at__lt=next_day_start(last)
    ).order_by("pk")
    if books.account:
        entries = entries.filter(account__kind__in=kinds_of(books.account))
    after_id = 0
    while True:
        found = entries.filter(pk__gt=after_id, pk__lte=books.through_id).values_list(*PATHS)
        some = list(map(Row._make, found[:BATCH]))
        yield from some
        if len(some) < BATCH:
            return
        after_id = some[-1].id


class Journal(NamedTuple):
    """Postings of one transaction that were written together. They sum to zero."""

    postings: list[Posting]

    @property
    def first(self) -> Posting:
        return self.postings[0]


def journals(found: Iterable[Posting]) -> Iterator[Journal]:
    """The postings as entries of a journal, each as soon as it sums to zero.

    Transactions written at the same moment may have their entries in between each other's. What
    never sums to zero comes last, for the reader to stumble over: the books are wrong then.
    """
    begun: dict[tuple[int, datetime], list[Posting]] = {}
    for posting in found:
        key = (posting.transaction_id, posting.at)
        some = begun.setdefault(key, [])
        some.append(posting)
        if sum(one.cents for one in some) == 0:
            yield Journal(begun.pop(key))
    yield from map(Journal, begun.values())


class DayEnd(NamedTuple):
    """What an account held at the end of a day, by the roll-ups."""

    day: date
    account: BookAccount
    cents: int


class Frame:
    """What stands around the entries in a plain text journal: balances from the roll-ups.

    The roll-ups are another way to the same sums, so a program that reads the file compares both.
    """

    def __init__(self, books: Books) -> None:
        self.first, self.last = books.span
        self.opening = opening_cents(books)

    @property
    def opened(self) -> date:
        """The day before the period. It has the opening balances."""
        return self.first - timedelta(days=1)

    @cached_property
    def accounts(self) -> list[BookAccount]:
        return chart.accounts()

    def day_ends(self) -> Iterator[DayEnd]:
        """The balance of each account at the end of each day that moved it, and of the last one.

        Today isn't over: there may be entries that the file hasn't.
        """
        last = min(self.last, nairobi_day() - timedelta(days=1))
        balances = dict(self.opening)
        by_kind = {one.kind: one for one in self.accounts}
        by_day: dict[date, dict[str, int]] = {}
        for one in chart.moved(since=self.first, until=last, by_day=True):
            assert one.day
            of_day = by_day.setdefault(one.day, {})
            of_day[one.account] = of_day.get(one.account, 0) + one.net_cents
        for day in sorted(by_day):
            for kind, cents in sorted(by_day[day].items()):
                balances[kind] += cents
                yield DayEnd(day, by_kind[kind], balances[kind])
        if last >= self.first:
            yield from (DayEnd(last, one, balances[one.kind]) for one in self.accounts)
