"""Interest on a savings goal, once a month, and the tax that is withheld from it.

Both are written together: the whole interest comes in, and then the tax goes out. So a member sees
in each statement what was earned and what was withheld. No member orders them, and no limit,
freeze or lock stops them.
"""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext_lazy

from ledger.kinds.kind import Kind, MemberView, News
from ledger.kinds.shapes import Place, Shape, Side, into, out_of
from ledger.status import Status


def between(source: Side, target: Side, lines: tuple[Place, Place]) -> tuple[Shape, ...]:
    entries = [out_of(lines[0]), into(lines[1])]
    return (Shape(source, target, at_order=entries, books={Status.SUCCESS: entries}),)


class Ours(Kind):
    is_members = False
    is_ours = True
    counts_to_daily_limit = False
    has_note = False


class Interest(Ours):
    code = "INTEREST"
    label = _lazy("Interest")
    plural = _lazy("Interest")
    verb = _lazy("Pay interest")
    noun = ngettext_lazy("payment of interest", "payments of interest")
    icon = "plus"
    tone = "leaf"
    shapes = between(Side.HOUSE, Side.GOAL, (Place.INTEREST, Place.TARGET))
    news = {News.DONE: _lazy("{target} earned interest on a goal")}

    def heading(self, view: MemberView) -> str:
        return _("Interest on your goal")


class Tax(Ours):
    code = "TAX"
    label = _lazy("Tax on interest")
    plural = _lazy("Tax on interest")
    verb = _lazy("Withhold tax")
    noun = ngettext_lazy("tax on interest", "taxes on interest")
    icon = "scale"
    tone = "slate"
    shapes = between(Side.GOAL, Side.HOUSE, (Place.SOURCE, Place.TAX))
    news = {News.DONE: _lazy("Tax was withheld from the interest of {source}")}

    def heading(self, view: MemberView) -> str:
        return _("Tax withheld from your interest")

    def outlook(self, view: MemberView) -> str:
        return _("Nissmart pays it to the tax authority for you.")


INTEREST, TAX = Interest(), Tax()
