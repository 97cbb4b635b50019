"""The same request twice is one request: a second click, or a page that is sent again."""

from __future__ import annotations

from uuid import UUID, uuid5


def request_id(key: UUID | None, *asked: object) -> UUID | None:
    """What this request is known by: the key of the form it came from, and what was asked in it.

    So a form that is changed and sent once more, by way of "back", asks for something new.
    Without a key each request is one by itself.
    """
    return key and uuid5(key, repr(asked))
