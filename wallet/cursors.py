"""Cursors of the API: opaque, signed, and carrying the filters of the list they page through."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.core import signing

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
