"""Conditions that must still hold when an operation writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from wallet.db.pipeline import Row, Statement


class Unmet(Exception):
    """A precondition doesn't hold. Nothing was changed."""


class Precondition(NamedTuple):
    """A query that runs under the operation's locks, and a check of its rows.

    `check` raises Unmet when the rows are wrong.
    """

    statement: Statement
    check: Callable[[list[Row]], None]
