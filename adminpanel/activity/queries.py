"""The live feed: new transactions, and pending ones that settled."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from django.utils.html import format_html
from django.utils.safestring import SafeString

from ledger import kinds
from ledger.kinds import News
from ledger.models import Transaction
from ledger.querysets import TransactionQuerySet
from ledger.status import Status


class Mark(NamedTuple):
    """The newest lines a reader has seen: references of the last new and the last settled one.

    Empty when there was none. It comes from the URL, so it may be any text.
    """

    ordered: str = ""
    settled: str = ""


class Line(NamedTuple):
    """A new transaction, or with `is_change` a pending one that settled."""

    at: datetime
    record: Transaction
    is_change: bool
    is_new: bool

    @property
    def is_order(self) -> bool:
        """The line is about the request alone. The outcome is another line, or still to come."""
        settled_at = self.record.settled_at
        return not self.is_change and (settled_at is None or settled_at > self.record.created_at)

    @property
    def words(self) -> SafeString:
        """The sentence, with both names in bold."""
        sentence = self.record.kind.news_of(self.news, self.record)
        sides = {"source": self.record.source_name, "target": self.record.target_name}
        return format_html(
            str(sentence),
            **{side: format_html('<b translate="no">{}</b>', name) for side, name in sides.items()},
        )

    @property
    def news(self) -> News:
        if self.is_order:
            return News.ORDERED
        if self.record.status == Status.FAILED:
            return News.FAILED
        return News.SETTLED if self.is_change else News.DONE


class Filters(NamedTuple):
    type: str = ""
    status: str = ""

    def narrow(self, records: TransactionQuerySet) -> TransactionQuerySet:
        if self.type:
            records = records.filter(type=self.type)
        return records.in_status(self.status) if self.status else records

    def ordered(self) -> TransactionQuerySet:
        """New transactions, newest first."""
        return self.narrow(Transaction.objects.order_by("-pk"))

    def changed(self) -> TransactionQuerySet:
        """Transactions that settled later than they were created, latest first."""
        # Most kinds settle immediately, so they never change later.
        if self.type and not kinds.of(self.type).may_wait:
            return Transaction.objects.none()
        return self.narrow(Transaction.objects.settled_later().order_by("-settled_at"))


def mark() -> Mark:
    """The newest lines now, whatever the filters. Call it before `lines`, to miss none."""
    newest = (Filters().ordered(), Filters().changed())
    return Mark(*(records.values_list("reference", flat=True).first() or "" for records in newest))


def lines(filters: Filters, seen: Mark, size: int) -> list[Line]:
    """The newest `size` lines. Lines after `seen` are marked new; none when `seen` is empty."""
    records = filters.ordered().with_parties().with_reversal()[:size]
    changes = filters.changed().with_parties().with_reversal()[:size]
    return list(islice(merge(records, changes, seen), size))


def merge(
    records: Iterable[Transaction], changes: Iterable[Transaction], seen: Mark
) -> Iterator[Line]:
    known = {record.reference: record for record in Transaction.objects.by_reference(*seen)}
    last, last_change = known.get(seen.ordered), known.get(seen.settled)

    def is_new_change(at: datetime) -> bool:
        if last_change and last_change.settled_at:
            return at > last_change.settled_at
        return last is not None

    ordered = (
        Line(record.created_at, record, False, last is not None and record.pk > last.pk)
        for record in records
    )
    changed = (
        Line(record.settled_at, record, True, is_new_change(record.settled_at))
        for record in changes
        if record.settled_at
    )
    return heapq.merge(ordered, changed, key=lambda line: line.at, reverse=True)


def news(filters: Filters, seen: Mark, most: int) -> int:
    """How many lines came after `seen`, counted up to `most`.

    The database assigns ids before commit. So a payment can appear below one that the reader has
    seen, and it isn't counted. That's harmless: it shows in the right place on the next read, and
    id and commit are milliseconds apart. An exact count would need a column in commit order,
    and all payments would queue for it.
    """
    ordered, changed = filters.ordered(), filters.changed()
    if seen.ordered:
        ordered = ordered.newer_than(seen.ordered)
    if seen.settled:
        changed = changed.settled_after(seen.settled)
    found = sum(len(records.values_list("pk")[:most]) for records in (ordered, changed))
    return min(found, most)
