"""A check of the installation, and what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from django.db import connection


class Level(StrEnum):
    OK = "OK"
    WARN = "WARN"  # it runs, and someone should know this
    FAIL = "FAIL"  # don't let members in


class Found(NamedTuple):
    """`what` is a sentence about how things are, `todo` one about what to do."""

    level: Level
    what: str
    todo: str = ""


def warn(what: str, todo: str) -> Found:
    return Found(Level.WARN, what, todo)


def fail(what: str, todo: str) -> Found:
    return Found(Level.FAIL, what, todo)


@dataclass(frozen=True, slots=True)
class Check:
    """`find` yields what isn't right, and nothing when all is as `well` says.

    `engine` names the database that it's about, if it isn't about both.
    """

    name: str
    well: str
    find: Callable[[], Iterable[Found]]
    engine: str = ""

    def run(self) -> list[Found]:
        if self.engine not in ("", connection.vendor):
            return []
        try:
            return list(self.find()) or [Found(Level.OK, self.well)]
        except Exception as error:
            # One that can't be made mustn't hide the others.
            words = " ".join(str(error).split()) or type(error).__name__
            return [fail(f"This couldn't be checked: {words}", "Put that right, then check again.")]
