"""What the pages share that do one thing to several rows: choose, read again, give a reason."""

from __future__ import annotations

from typing import NamedTuple

from wallet.web import paging

# More than most pages of a list have, so that a choice is rarely cut short.
AT_MOST = 100


class Item(NamedTuple):
    """A chosen row: what would happen to it, or why it's left out. `value` comes back with POST."""

    name: str
    url: str
    effect: str
    value: str


def ids_in(values: list[str]) -> list[int]:
    """The ids among these values, at most AT_MOST, each once."""
    return list(dict.fromkeys(int(value) for value in values[:AT_MOST] if paging.is_id(value)))
