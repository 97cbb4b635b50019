"""An adjustment corrects the books: it moves an amount between two accounts that it names.

Either may be a house account or a member's wallet. One person in finance proposes it with evidence
and another approves it. A wallet never goes below zero. Money in transit belongs to payouts that
are open, so no adjustment touches it; money in suspense belongs to an item, which it then settles.
"""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext_lazy

from ledger.kinds.kind import Correction, MemberView, News, Resolves
from ledger.kinds.shapes import Place, Shape, Side, into, out_of
from ledger.status import Status


class Adjustment(Correction):
    code = "ADJUSTMENT"
    label = _lazy("Adjustment")
    plural = _lazy("Adjustments")
    verb = _lazy("Adjust")
    noun = ngettext_lazy("adjustment", "adjustments")
    icon = "pencil"

    shapes = (
        Shape(
            Side.ACCOUNT,
            Side.ACCOUNT,
            at_order=[out_of(Place.SOURCE), into(Place.TARGET)],
            books={Status.SUCCESS: [out_of(Place.SOURCE), into(Place.TARGET)]},
        ),
    )
    resolves = Resolves.MAYBE
    news = {News.DONE: _lazy("Adjusted from {source} to {target}")}

    def title(self, view: MemberView) -> str:
        return _("Correction by Nissmart")

    def heading(self, view: MemberView) -> str:
        if view.is_in:
            return _("Added to your wallet by Nissmart")
        return _("Taken from your wallet by Nissmart")

    def outlook(self, view: MemberView) -> str:
        return _("Nissmart corrected a mistake.")


ADJUSTMENT = Adjustment()
