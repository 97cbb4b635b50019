"""Money that a rail moved and that belongs to no member's transaction: it rests in suspense.

No member orders these. They are written when a rail says that money moved which the books can't
give to a wallet or take from one. Finance finds out whose it is.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext_lazy

from ledger.kinds.kind import Kind, News, Resolves
from ledger.kinds.shapes import Place, Shape, Side, into, out_of
from ledger.status import Status


class Stray(Kind):
    """What both have in common."""

    is_members = False
    is_stray = True
    is_rare = True
    icon = "flag"
    tone = "slate"
    has_note = False
    has_long_title = True


class StrayIn(Stray):
    """Money came in: after its deposit had failed, or another amount than was asked for."""

    code = "STRAY_IN"
    label = _lazy("Money into suspense")
    plural = _lazy("Money into suspense")
    verb = _lazy("Hold")
    noun = ngettext_lazy("payment into suspense", "payments into suspense")
    shapes = (
        Shape(
            Side.RAIL,
            Side.HOUSE,
            at_order=[out_of(Place.FLOAT), into(Place.SUSPENSE)],
            books={Status.SUCCESS: [out_of(Place.FLOAT), into(Place.SUSPENSE)]},
        ),
    )
    news = {News.DONE: _lazy("Money from {source} was put into suspense")}


class StrayOut(Stray):
    """Money went out: a payout was paid after its money had gone back.

    It resolves the item whose return was paid so late, if that hasn't been resolved since.
    """

    code = "STRAY_OUT"
    label = _lazy("Money out of suspense")
    plural = _lazy("Money out of suspense")
    verb = _lazy("Hold")
    noun = ngettext_lazy("payment out of suspense", "payments out of suspense")
    shapes = (
        Shape(
            Side.HOUSE,
            Side.RAIL,
            at_order=[out_of(Place.SUSPENSE), into(Place.FLOAT)],
            books={Status.SUCCESS: [out_of(Place.SUSPENSE), into(Place.FLOAT)]},
        ),
    )
    resolves = Resolves.MAYBE
    news = {News.DONE: _lazy("Money that {target} paid out after its return is in suspense")}


STRAY_IN = StrayIn()
STRAY_OUT = StrayOut()
