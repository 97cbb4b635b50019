"""A partial reversal takes back a part of a deposit or a transfer.

Several may add up to the whole, and never to more. It goes the way of a whole reversal
(`reversal.py`), and the same two people of finance decide about it. What a claim takes from a later
deposit is one too. The kinds that it takes back have no fee, so there is none to give back.
"""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext_lazy

from ledger.kinds.kind import MemberView, News
from ledger.kinds.reversal import Reversal


class PartialReversal(Reversal):
    code = "PARTIAL"
    label = _lazy("Partial reversal")
    plural = _lazy("Partial reversals")
    verb = _lazy("Reverse a part")
    noun = ngettext_lazy("partial reversal", "partial reversals")

    # Whole reversals of deposits once went to the rail's float. No partial one did.
    shapes = tuple(shape for shape in Reversal.shapes if not shape.is_past)
    takes_back = False
    takes_part = True
    news = {
        News.DONE: _lazy("A part of {target}’s transfer to {source} was reversed"),
    }
    news_of_deposit = _lazy("A part of {source}’s deposit was reversed")

    def words(self, view: MemberView) -> str:
        if not view.other:
            return _("Part of a deposit reversed")
        if view.is_in:
            return _("Part returned to you by Nissmart (from {name})")
        return _("Part returned by Nissmart to {name}")

    def outlook(self, view: MemberView) -> str:
        if not view.other:
            return _("Nissmart took back a part of a deposit that was wrong.")
        if view.is_in:
            return _("Nissmart brought back a part of the money that you had sent.")
        return _("Nissmart returned a part of the money that you had received.")


PARTIAL = PartialReversal()
