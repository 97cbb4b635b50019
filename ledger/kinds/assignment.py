"""Money in suspense is given to the member whose it is.

One person in finance proposes it and another approves it. It lands even in a frozen or closed
wallet, and above the wallet limit, as a deposit that arrived does.
"""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext_lazy

from ledger.kinds.kind import Correction, MemberView, News, Resolves
from ledger.kinds.shapes import Place, Shape, Side, into, out_of
from ledger.status import Status


class Assignment(Correction):
    code = "ASSIGN"
    label = _lazy("Assignment")
    plural = _lazy("Assignments")
    verb = _lazy("Assign")
    noun = ngettext_lazy("assignment", "assignments")
    icon = "deposit"

    shapes = (
        Shape(
            Side.HOUSE,
            Side.MEMBER,
            at_order=[out_of(Place.SUSPENSE), into(Place.TARGET)],
            books={Status.SUCCESS: [out_of(Place.SUSPENSE), into(Place.TARGET)]},
        ),
    )
    resolves = Resolves.ALWAYS
    news = {News.DONE: _lazy("Money in suspense was assigned to {target}")}

    def title(self, view: MemberView) -> str:
        return _("Added by Nissmart")

    def heading(self, view: MemberView) -> str:
        return _("Added to your wallet by Nissmart")

    def outlook(self, view: MemberView) -> str:
        return _("This payment reached us without its owner's name. It's yours, so we added it.")


ASSIGNMENT = Assignment()
