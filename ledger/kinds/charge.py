"""What a rail charged Nissmart for a payment, written when that payment settles.

No member orders it and no wallet pays it: the rail takes it from what Nissmart holds there.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext_lazy

from ledger.kinds.kind import Kind, News
from ledger.kinds.shapes import Place, Shape, Side, into, out_of
from ledger.status import Status


class Charge(Kind):
    code = "CHARGE"
    label = _lazy("Rail charge")
    plural = _lazy("Rail charges")
    verb = _lazy("Charge")
    noun = ngettext_lazy("rail charge", "rail charges")
    icon = "withdraw"
    tone = "slate"

    shapes = (
        Shape(
            Side.HOUSE,
            Side.RAIL,
            at_order=[out_of(Place.CHARGES), into(Place.FLOAT)],
            books={Status.SUCCESS: [out_of(Place.CHARGES), into(Place.FLOAT)]},
        ),
    )
    is_members = False
    is_stray = True
    has_note = False
    has_long_title = True
    news = {News.DONE: _lazy("{target} charged Nissmart for a payment")}


CHARGE = Charge()
