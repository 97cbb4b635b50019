"""The ledger as a CSV file. The export itself is an audit event."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import batched
from operator import itemgetter
from typing import NamedTuple

from django.db import transaction
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from adminpanel.exports import datasets
from adminpanel.exports.datasets import Asked, Dataset, Piece
from adminpanel.ledger.forms import LedgerFilter
from adminpanel.reversals.queries import People, people_behind
from ledger import kinds, rails
from ledger.csv_export import Cell
from ledger.models import Transaction
from ledger.models.transactions import names_of_sides
from ledger.querysets import TransactionQuerySet, nairobi_day
from wallet import house
from wallet.context import Context
from wallet.models import Account
from wallet.money import shillings
from wallet.staff import audit, subjects
from wallet.staff.finding import mask_contacts
from wallet.web import paging

# Rows in memory at a time.
BATCH = 1_000
FILE = "nissmart-ledger"
HEADINGS = (
    "reference",
    "id",
    "type",
    "status",
    "ordered_at",
    "settled_at",
    "currency",
    "amount",
    "from_name",
    "from_account",
    "to_name",
    "to_account",
    "note",
    "ordered_by",
    "request_key",
    "reverses",
    "proposed_by",
    "approved_by",
    "posted_by",
    "rail",
    "fee",
    "receipt",
    "failure_code",
    "failure",
)


@transaction.atomic
def record(context: Context, filters: dict[str, str]) -> int:
    """Record who exports which part of the ledger. Returns the last transaction id to export.

    Call it before sending the first row: an export that fails halfway is still an export.
    """
    through_id = Transaction.objects.last_id()
    audit.record(
        context,
        audit.Action.EXPORT,
        subjects.LEDGER,
        filters=mask_contacts(filters),
        through_id=through_id,
    )
    return through_id


def found(asked: Asked) -> TransactionQuerySet:
    """The transactions that these filters find."""
    return LedgerFilter(asked.query).narrow(Transaction.objects.all())


def name(asked: Asked) -> str:
    return f"{FILE}-{nairobi_day()}.csv"


def count(asked: Asked, most: int) -> int:
    return found(asked).filter(pk__lte=asked.through_id).order_by()[: most + 1].count()


def pieces(asked: Asked) -> Iterator[Piece]:
    return datasets.csv_pieces(HEADINGS, cells(lines(found(asked), asked.through_id)))


LEDGER = datasets.add(Dataset("ledger", _("Ledger"), subjects.LEDGER, name, count, pieces))


class Line(NamedTuple):
    """The values of a transaction for export."""

    id: int
    reference: str
    type: str
    status: str
    created_at: datetime
    settled_at: datetime | None
    amount_cents: int
    from_id: int | None
    from_name: str | None
    to_id: int | None
    to_name: str | None
    note: str
    ordered_by: str | None
    key: str | None
    reverses: str | None
    rail: str
    fee_cents: int
    receipt: str | None
    failure_code: str | None
    failure: str | None

    @property
    def source_name(self) -> str:
        return self.from_name or house.label_of(self.from_id) or self.sides[0]

    @property
    def target_name(self) -> str:
        return self.to_name or house.label_of(self.to_id) or self.sides[1]

    @property
    def sides(self) -> tuple[str, str]:
        """The names of sides without an account, the same as in `Transaction.source_name`."""
        shape = kinds.of(self.type).shape_in_books(
            has_source=self.from_id is not None,
            has_target=self.to_id is not None,
            has_rail=bool(self.rail),
        )
        return names_of_sides(shape, rails.of(self.rail) if self.rail else None)


# The lookup for each field of Line, in order.
PATHS = (
    "pk",
    "reference",
    "type",
    "status",
    "created_at",
    "settled_at",
    "amount_cents",
    "from_account",
    "from_account__user__name",
    "to_account",
    "to_account__user__name",
    "description",
    "created_by__name",
    "idempotency_key",
    Coalesce("reverses__reference", "part_of__reference"),
    "rail",
    "fee_cents",
    "attempt__receipt",
    "attempt__failure_code",
    "attempt__failure_words",
)


def lines(records: TransactionQuerySet, through_id: int, batch: int = BATCH) -> Iterator[Line]:
    """Transactions up to `through_id`, newest first, read in batches."""
    rows = records.filter(pk__lte=through_id).values_list(*PATHS)
    yield from map(Line._make, paging.batches(rows, batch, id_of=itemgetter(0)))


def cells(found: Iterator[Line]) -> Iterator[list[Cell]]:
    for some in batched(found, BATCH):
        posters = {line.id: line.ordered_by or "" for line in some if is_agreed(line)}
        corrected = [line.id for line in some if kinds.of(line.type).is_correction]
        people = people_behind(posters, corrected)
        yield from (row(line, people.get(line.id)) for line in some)


def is_agreed(line: Line) -> bool:
    """Did two people agree on it?"""
    return line.reverses is not None or kinds.of(line.type).is_correction


def row(line: Line, people: People | None) -> list[Cell]:
    """One row, in the order of HEADINGS.

    A reversal or a correction has no `ordered_by`, but a proposer, an approver and a poster.
    """
    return [
        line.reference,
        line.id,
        line.type,
        line.status,
        line.created_at,
        line.settled_at,
        Account.Currency.KES.value,
        shillings(line.amount_cents),
        line.source_name,
        line.from_id,
        line.target_name,
        line.to_id,
        line.note,
        None if people else line.ordered_by,
        line.key,
        line.reverses,
        *((name or None for name in people) if people else (None, None, None)),
        line.rail or None,
        shillings(line.fee_cents),
        line.receipt,
        line.failure_code or None,
        line.failure or None,
    ]
