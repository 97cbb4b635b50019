"""A made-up kind: a member gives money to the house. This file is all that a new kind needs."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from ledger.kinds import Kind, MemberView, News, Page, Place, Shape, Side, into, out_of
from ledger.status import Status


class Donation(Kind):
    code = "DONATE"
    label = _("Donation")
    plural = _("Donations")
    verb = _("Donate")
    noun = ngettext_lazy("donation", "donations")
    icon = "plus"
    tone = "sand"

    shapes = (
        Shape(
            Side.MEMBER,
            Side.HOUSE,
            at_order=[out_of(Place.SOURCE), into(Place.ADJUSTMENTS)],
            books={Status.SUCCESS: [out_of(Place.SOURCE), into(Place.ADJUSTMENTS)]},
        ),
    )

    page = Page(
        "donate",
        title=_("Donate"),
        lead=_("Give to Nissmart."),
        confirm=_("Donate {amount}"),
        again=_("Donate again"),
        promise=_("You can't take a donation back."),
    )
    news = {News.DONE: _("{source} gave to {target}")}

    def heading(self, view: MemberView) -> str:
        return "Your donation"


DONATION = Donation()
