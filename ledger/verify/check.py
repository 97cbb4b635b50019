"""A check of the books, and how to run it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from wallet.money import format_money


@dataclass(frozen=True, slots=True)
class Violation:
    """A row that breaks the rule of a check.

    `facts` holds the columns the check read. `record` is the id of the transaction, if any.
    """

    check: str
    row: str
    message: str
    facts: dict[str, Any]
    record: int | None


@dataclass(frozen=True, slots=True)
class Check:
    """One rule of the books.

    `name` is stored with each result and never changes. `title` is its heading on pages. `rule`
    states it, and `finding` says what's wrong with a row. `sql` finds the bad rows: it's text, or
    a function from the engine's name to text. Its first column names the row, and all columns fill
    the blanks in `finding`. A check that no SQL can make has `find` instead, which yields the same
    columns. It takes whether the run is brief, and then leaves out what is long past.
    """

    name: str
    title: str | Promise
    rule: str | Promise
    finding: str | Promise
    row: str
    sql: str | Callable[[str], str] = ""
    find: Callable[[bool], Iterator[dict[str, Any]]] | None = None

    def violations(self, *, is_brief: bool = False) -> Iterator[Violation]:
        """The rows that break the rule now."""
        for facts in self.find(is_brief) if self.find else self.read():
            row = next(iter(facts.values()))
            words = {name: to_words(name, value) for name, value in facts.items()}
            message = str(self.finding).format_map(words)
            record = row if self.row == "transaction" else facts.get("record")
            yield Violation(self.name, f"{self.row} {row}", message, facts, record)

    def read(self) -> Iterator[dict[str, Any]]:
        return read(self.sql if isinstance(self.sql, str) else self.sql(connection.vendor))


def read(sql: str) -> Iterator[dict[str, Any]]:
    """The rows as dictionaries. Runs without the statement timeout that pages have."""
    is_postgresql = connection.vendor == "postgresql"
    # No transaction on SQLite: it would block every writer.
    with transaction.atomic() if is_postgresql else nullcontext(), connection.cursor() as cursor:
        if is_postgresql:
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SET LOCAL work_mem = '64MB'")
        cursor.execute(sql)
        names = [column[0] for column in cursor.description]
        rows = cursor.fetchall()
    for row in rows:
        yield {name: to_fact(name, value) for name, value in zip(names, row, strict=True)}


def to_fact(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name.endswith("_cents"):
        return int(value)  # a sum is a Decimal on PostgreSQL
    return to_nairobi(value) if name.endswith("_at") else value


def to_nairobi(value: datetime | str) -> datetime | str:
    """The time in Nairobi, like every time on a page.

    SQLite returns naive UTC datetimes, as text. Text that isn't a time stays as it is.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return value
    if timezone.is_naive(value):
        value = value.replace(tzinfo=UTC)
    return timezone.localtime(value, timezone.get_default_timezone())


def to_words(name: str, value: Any) -> Any:
    if value is None:
        return _("nothing")
    if isinstance(value, datetime):
        # With microseconds: two times may differ only in those.
        return date_format(value, "j M Y, H:i:s.u")
    return format_money(value) if name.endswith("_cents") else value


def size() -> dict[str, int]:
    """The number of rows to check, by table."""
    [counts] = read("""
        SELECT (SELECT COUNT(*) FROM wallet_account) AS accounts,
               (SELECT COUNT(*) FROM ledger_transaction) AS transactions,
               (SELECT COUNT(*) FROM ledger_entry) AS entries""")
    return counts
