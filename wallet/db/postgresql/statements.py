"""Statements as libpq takes them: the server's placeholders, and parameters as text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from itertools import count
from typing import NamedTuple

import psycopg

type Value = str | int | datetime | None


class Statement(NamedTuple):
    """SQL with a %s for each of `params`."""

    sql: str
    params: Sequence[Value] = ()


class Encoded(NamedTuple):
    """A statement with its parameters encoded. Encoding refuses what PostgreSQL can't store."""

    sql: str
    values: Sequence[bytes | None] = ()


@lru_cache
def number_placeholders(sql: str) -> bytes:
    """The statement with $1, $2 ... for each %s: the server's own placeholders."""
    numbers = count(1)
    return re.sub("%s", lambda _blank: f"${next(numbers)}", sql).encode()


def encode(statement: Statement) -> Encoded:
    return Encoded(statement.sql, [to_bytes(value) for value in statement.params])


def to_bytes(value: Value) -> bytes | None:
    """The value as text. The server infers its type from the statement.

    psycopg's own lookup of the type costs as much as sending the value.
    """
    if value is None:
        return None
    text = str(value)
    if "\0" in text:
        raise psycopg.DataError("PostgreSQL text has no NUL")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        # A database error, so that Django rolls back.
        raise psycopg.DataError("PostgreSQL text has no half characters") from error
