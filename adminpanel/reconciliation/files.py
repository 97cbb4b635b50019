"""The file of a statement: its hash, and its bytes in the database, in pieces."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import BinaryIO

from adminpanel.models import Statement, StatementPart

PIECE = 1 << 18


def hash_of(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while piece := file.read(PIECE):
        digest.update(piece)
    file.seek(0)
    return digest.hexdigest()


def save(statement: Statement, file: BinaryIO) -> None:
    """Keep the file. Call it in the transaction that creates the statement."""
    file.seek(0)
    number = 0
    while piece := file.read(PIECE):
        StatementPart.objects.create(statement=statement, number=number, content=piece)
        number += 1
    file.seek(0)


@contextmanager
def open_file(statement: Statement) -> Iterator[BinaryIO]:
    """The file, from its beginning, outside of memory."""
    with TemporaryFile() as file:
        number = 0
        parts = StatementPart.objects.filter(statement=statement)
        while (found := parts.filter(number=number).first()) is not None:
            file.write(bytes(found.content))
            number += 1
        file.seek(0)
        yield file
