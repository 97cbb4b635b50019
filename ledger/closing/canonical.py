"""The one way to write a row of the books as bytes, so that anyone gets the same hash.

A row is a JSON array on one line: UTF-8, no spaces, no escapes that JSON doesn't need. Times are
UTC with six digits of a second and a Z. Both engines give the same bytes. `docs/closing.md` says
the same for readers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from wallet.days import nairobi_day

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def to_moment(value: datetime | str) -> str:
    """`2026-11-27T20:59:59.999999Z`. SQLite returns naive UTC times, or their text."""
    if isinstance(value, str):
        return f"{value[:10]}T{value[11:19]}.{value[20:26] or '0':0<6}Z"
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


@lru_cache(maxsize=4096)
def day_of_hour(hour: str) -> str:
    """The Nairobi day of an hour such as `2026-11-27T20`: no day there begins within an hour."""
    return f"{nairobi_day(datetime.fromisoformat(hour + ':00:00+00:00')):%Y-%m-%d}"


def to_line(row: Sequence[Any], moments: Sequence[int], documents: Sequence[int]) -> bytes:
    """A row as bytes. `moments` and `documents` are the positions of its times and its JSON."""
    values = list(row)
    for position in moments:
        if values[position] is not None:
            values[position] = to_moment(values[position])
    for position in documents:
        if isinstance(values[position], str):
            values[position] = json.loads(values[position])
    return encode(values).encode() + b"\n"


class Digest:
    """How many rows of a section were read so far, and the SHA-256 of their lines."""

    __slots__ = ("count", "sha")

    def __init__(self) -> None:
        self.count = 0
        self.sha = hashlib.sha256()

    def add(self, line: bytes) -> None:
        self.count += 1
        self.sha.update(line)

    def value(self) -> list[int | str]:
        return [self.count, self.sha.hexdigest()]


def hash_of(facts: dict[str, Any]) -> str:
    """The SHA-256 of an object as canonical JSON: its keys sorted."""
    return hashlib.sha256(encode(facts).encode()).hexdigest()
