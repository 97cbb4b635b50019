"""The book's file: one JSON line per event, written before the event takes effect."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any


class Journal:
    """Without a file the book is only in memory."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._file: IO[str] | None = None

    def read(self) -> Iterator[dict[str, Any]]:
        """The events so far. Cuts off a last line that a crash left incomplete."""
        if self.path is None or not self.path.exists():
            return
        whole = 0
        with self.path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                yield json.loads(line)
        with self.path.open("r+b") as file:
            file.truncate(whole)

    def append(self, event: dict[str, Any]) -> None:
        if self.path is None:
            return
        if self._file is None:
            self._file = self.path.open("a", encoding="utf-8")
        self._file.write(json.dumps(event) + "\n")
        self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
