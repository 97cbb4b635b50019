"""The exports of the reports, and all others. What makes exports imports this."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from adminpanel.audit.export import AUDIT as AUDIT
from adminpanel.exports import datasets
from adminpanel.exports.datasets import CSV, Asked, Dataset, Piece
from adminpanel.ledger.export import LEDGER as LEDGER
from adminpanel.reports import books
from adminpanel.reports.books import Books
from adminpanel.reports.formats import ENDINGS, FORMATS
from adminpanel.reports.forms import BooksForm
from wallet.context import Context
from wallet.staff import audit, roles, subjects
from wallet.staff.roles import Right

LABELS = {
    "csv": _("Books, CSV"),
    "beancount": _("Books, beancount"),
    "hledger": _("Books, hledger"),
}


@transaction.atomic
def record(context: Context, filters: dict[str, str]) -> int:
    """Record who exports which part of the books. Returns the last entry's id to export.

    Raises NotAllowed for people who may not read them.
    """
    roles.require(context.actor_id, Right.READ)
    through_id = books.last_entry_id()
    audit.record(
        context,
        audit.Action.EXPORT,
        subjects.LEDGER,
        filters={"report": "books"} | filters,
        through_entry=through_id,
    )
    return through_id


def asked_for(asked: Asked) -> Books:
    form = BooksForm(asked.query)
    assert form.is_valid(), form.errors
    return Books(form.span, asked.through_id, form.cleaned_data["account"])


def books_as(format: str) -> Dataset:
    def name(asked: Asked) -> str:
        first, last = asked_for(asked).span
        return f"nissmart-books-{first}-to-{last}.{ENDINGS[format]}"

    def expected(asked: Asked) -> int:
        return books.count(asked_for(asked))

    def count(asked: Asked, most: int) -> int:
        return expected(asked)

    def pieces(asked: Asked) -> Iterator[Piece]:
        return FORMATS[format](asked_for(asked))

    content_type = CSV if format == "csv" else "text/plain; charset=utf-8"
    found = Dataset(
        code=f"books_{format}",
        label=LABELS[format],
        subject=subjects.LEDGER,
        name=name,
        count=count,
        pieces=pieces,
        expected=expected,
        content_type=content_type,
    )
    return datasets.add(found)


BOOKS = {format: books_as(format) for format in FORMATS}
