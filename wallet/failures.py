"""A worker goes through many rows in a turn, and one that fails must not stop the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Failures:
    """The failures of one turn, each with a note that names its row."""

    def __init__(self, message: str) -> None:
        self.message = message
        self.found: list[Exception] = []

    @contextmanager
    def of(self, row: str) -> Iterator[None]:
        """Keep what the block raises, and go on."""
        try:
            yield
        except Exception as failure:
            failure.add_note(row)
            self.found.append(failure)

    def raise_all(self) -> None:
        """Raises an ExceptionGroup of all failures, if there are any."""
        if self.found:
            raise ExceptionGroup(self.message, self.found)
