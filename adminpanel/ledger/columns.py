"""The columns of the ledger's table. `records.html` has the cell of each.

The reference is not among them: it is the link that opens a row, so it is always there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class Column(NamedTuple):
    """`is_usual`: shown unless one chooses otherwise. `rows`: what the cell needs joined."""

    name: str
    heading: StrPromise
    is_usual: bool = False
    rows: tuple[str, ...] = ()


COLUMNS = (
    Column("time", _("Time"), True),
    Column("type", _("Type"), True),
    Column("from", _("From"), True),
    Column("to", _("To"), True),
    Column("amount", _("Amount, KES"), True),
    Column("status", _("Status"), True),
    Column("settled", _("Settled")),
    Column("rail", _("Rail")),
    Column("note", _("Note")),
    Column("by", _("Ordered by"), rows=("created_by",)),
    Column("from_account", _("From account")),
    Column("to_account", _("To account")),
    Column("key", _("Request key")),
    Column("reverses", _("Reverses")),
    Column("reversed_by", _("Reversed by")),
)
USUAL = tuple(column.name for column in COLUMNS if column.is_usual)
