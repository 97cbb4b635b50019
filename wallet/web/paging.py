"""Paging: a page of a list, and the cursor of the next page.

A cursor names the last row of the previous page, so new rows never shift or repeat others. On our
pages it's the row's id or reference. In the API it's signed and carries the list's filters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter
from typing import Any, NamedTuple

from django.core import signing
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from wallet.errors import Refusal

SALT = "api.cursor"


class Page[T](NamedTuple):
    """Some rows of a list; `next_cursor` is None on the last page."""

    rows: list[T]
    next_cursor: str | None


def page[M: Model](
    rows: QuerySet[M],
    cursor: str | None,
    size: int,
    *,
    by: str = "pk",
    among: QuerySet[M] | None = None,
    oldest_first: bool = False,
    time: str = "",
) -> Page[M]:
    """The page of `size` rows after `cursor`, or the first page without one.

    `by` is the field whose value is the cursor; with `among`, the cursor must name one of those
    rows. Rows are sorted by id, newest first, or `oldest_first`. `time` names a field to sort by
    before the id. A cursor that names no row gives an empty page.
    """
    sign = "" if oldest_first else "-"
    order = [f"{sign}{name}" for name in (time, "pk") if name]
    found = after(rows, cursor, by=by, among=among, oldest_first=oldest_first, time=time)
    return cut(found.order_by(*order)[: size + 1], size, by=by)


def after[M: Model](
    rows: QuerySet[M],
    cursor: str | None,
    *,
    by: str = "pk",
    among: QuerySet[M] | None = None,
    oldest_first: bool = False,
    time: str = "",
) -> QuerySet[M]:
    """The rows after the cursor: all without a cursor, none if it names no row."""
    if not cursor:
        return rows
    beyond = "gt" if oldest_first else "lt"
    if (by == "pk" and not is_id(cursor)) or "\0" in cursor:
        return rows.none()
    if by == "pk" and among is None and not time:
        return rows.filter(**{f"pk__{beyond}": int(cursor)})
    named = (rows.model._default_manager if among is None else among).filter(**{by: cursor})
    if not time:
        return rows.filter(**{f"pk__{beyond}": named.order_by().values("pk")[:1]})
    last = named.values("pk", time).first()
    if last is None:
        return rows.none()
    later = Q(**{f"{time}__{beyond}": last[time]})
    same = Q(**{time: last[time], f"pk__{beyond}": last["pk"]})
    # The first condition follows from the second, but lets the database use an index.
    return rows.filter(Q(**{f"{time}__{beyond}e": last[time]}), later | same)


def cut[T](rows: Iterable[T], size: int, *, by: str = "pk") -> Page[T]:
    """The first `size` rows. One more row shows that there's another page."""
    found = list(islice(rows, size + 1))
    has_more = len(found) > size
    return Page(found[:size], str(getattr(found[size - 1], by)) if has_more else None)


def batches[T](
    rows: QuerySet[Any, T], size: int, *, id_of: Callable[[T], int] = attrgetter("pk")
) -> Iterator[T]:
    """All rows, newest first, reading `size` at a time, for an export.

    New rows never shift or repeat others.
    """
    rows = rows.order_by("-pk")
    found = list(rows[:size])
    while found:
        yield from found
        if len(found) < size:
            return
        found = list(rows.filter(pk__lt=id_of(found[-1]))[:size])


def is_id(text: str) -> bool:
    """Digits that fit the id column of any engine."""
    return text.isascii() and text.isdigit() and len(text) <= 18


# --- The API's cursors


class BadCursor(Refusal):
    code = "invalid_request"
    sentence = _("This cursor belongs to another list. Send next_cursor unchanged.")
    field = "cursor"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an API page begins: after the row `last_id`, in a list with these filters."""

    name: str
    filters: dict[str, str] = field(default_factory=dict)
    last_id: str | None = None

    def page[M: Model](self, rows: QuerySet[M], size: int) -> Page[M]:
        return self.sign(page(rows, self.last_id, size))

    def sign[T](self, found: Page[T]) -> Page[T]:
        """The same page with a signed cursor."""
        last_id = found.next_cursor
        if last_id is None:
            return found
        text = signing.dumps([self.name, self.filters, int(last_id)], salt=SALT, compress=False)
        return found._replace(next_cursor=text)


def place(name: str, cursor: str | None, **filters: str | None) -> Place:
    """The place a cursor names. Without a cursor, the start of the list with `filters`.

    The cursor carries its filters; filters sent with it must be the same. Raises BadCursor.
    """
    asked = {key: str(value) for key, value in filters.items() if value is not None}
    if not cursor:
        return Place(name, asked)
    try:
        made_for, carried, last_id = signing.loads(cursor, salt=SALT)
    except (signing.BadSignature, ValueError):
        raise BadCursor from None
    if made_for != name or (asked and asked != carried):
        raise BadCursor
    return Place(name, carried, str(last_id))
