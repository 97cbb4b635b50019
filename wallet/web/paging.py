"""Cursors of the API: opaque, signed, and carrying the filters of the list they page through."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.core import signing
from django.db.models import Model, QuerySet

SALT = "api.cursor"


class BadCursor(Exception):
    """Not a cursor of ours, or one of another list."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: after `last_id` (None: at the newest) in a list with these filters."""

    name: str
    filters: dict[str, str] = field(default_factory=dict)
    last_id: int | None = None

    def after(self, last_id: int) -> str:
        """The cursor of the page that follows `last_id`."""
        return signing.dumps([self.name, self.filters, last_id], salt=SALT, compress=False)


def place(name: str, cursor: str | None, **filters: str | None) -> Place:
    """The place that a cursor names; without one, the beginning of the list with `filters`.

    The cursor brings its filters along; given again they must be the same. Raises BadCursor.
    """
    asked = {key: str(value) for key, value in filters.items() if value is not None}
    if cursor is None:
        return Place(name, asked)
    try:
        made_for, carried, last_id = signing.loads(cursor, salt=SALT)
    except (signing.BadSignature, ValueError):
        raise BadCursor from None
    if made_for != name or (asked and asked != carried):
        raise BadCursor
    return Place(name, carried, int(last_id))


def page[M: Model](
    rows: QuerySet[M], cursor: str | None, size: int, *, oldest_first: bool = False
) -> tuple[list[M], int | None]:
    """The first `size` of the rows after the id `cursor`, and the cursor of the next page.

    No rows for what is no id.
    """
    if cursor:
        is_id = cursor.isascii() and cursor.isdigit() and len(cursor) <= 18
        beyond = "pk__gt" if oldest_first else "pk__lt"
        rows = rows.filter(**{beyond: int(cursor)}) if is_id else rows.none()
    found = list(rows.order_by("pk" if oldest_first else "-pk")[: size + 1])
    return found[:size], found[size - 1].pk if len(found) > size else None
