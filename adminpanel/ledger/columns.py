"""The columns of the ledger's table. `records.html` has their cells.

The reference isn't here: it is the link of each row, so it can't be hidden.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class Column(NamedTuple):
    """`is_usual`: shown by default. `rows`: related rows that the cell needs."""

    name: str
    heading: StrPromise
    is_usual: bool = False
    rows: tuple[str, ...] = ()


SETTLED = "settled"
COLUMNS = (
    Column("time", _("Time"), True),
    Column("type", _("Type"), True),
    Column("from", _("From"), True),
    Column("to", _("To"), True),
    Column("amount", _("Amount, KES"), True),
    Column("status", _("Status"), True),
    Column(SETTLED, _("Settled")),
    Column("rail", _("Rail")),
    Column("receipt", _("Receipt"), rows=("attempt",)),
    Column("note", _("Note")),
    Column("by", _("Created by"), rows=("created_by",)),
    Column("from_account", _("From account")),
    Column("to_account", _("To account")),
    Column("key", _("Request key")),
    Column("reverses", _("Reverses")),
    Column("reversed_by", _("Reversed by")),
)
USUAL = tuple(column.name for column in COLUMNS if column.is_usual)
