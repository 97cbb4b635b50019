"""What can be exported. A section adds its own with `add`; this room knows none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import NamedTuple

from django.http import QueryDict
from django.utils.functional import Promise

from ledger.csv_export import BYTE_ORDER_MARK, ROWS_PER_CHUNK, Cell, to_csv
from wallet.staff.subjects import Subject

CSV = "text/csv; charset=utf-8"


class Piece(NamedTuple):
    """Some of a file's text, and how many rows it has."""

    text: str
    rows: int


class Asked(NamedTuple):
    """What someone wants: the filters of a URL, and the last row that the file may have."""

    query: QueryDict
    through_id: int


@dataclass(frozen=True, slots=True)
class Dataset:
    """One kind of export. `subject` is what the audit names.

    `count` counts the rows, up to the number it's given and one more. `expected` is how many rows
    there will be, where that is known without counting.
    """

    code: str
    label: str | Promise
    subject: Subject
    name: Callable[[Asked], str]
    count: Callable[[Asked, int], int]
    pieces: Callable[[Asked], Iterator[Piece]]
    expected: Callable[[Asked], int | None] = lambda _asked: None
    content_type: str = CSV


DATASETS: dict[str, Dataset] = {}


def add(dataset: Dataset) -> Dataset:
    assert dataset.code not in DATASETS
    DATASETS[dataset.code] = dataset
    return dataset


def csv_pieces(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[Piece]:
    """A CSV file in pieces, the headings first. An error of a row is the caller's to handle."""
    yield Piece(BYTE_ORDER_MARK + to_csv([headings]), 0)
    for some in batched(rows, ROWS_PER_CHUNK):
        yield Piece(to_csv(some), len(some))
