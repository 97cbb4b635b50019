"""A reversal takes back the whole amount of a deposit or a transfer.

A transfer goes back to its sender. The money of a deposit is at the rail, where a reversal moves
nothing: it goes into suspense, from where finance returns it to its payer or assigns it. Until
2026-11-28 it went to the rail's float, and those reversals stay as they are.

One person in finance proposes it and another approves it. Limits and freezing don't apply: a
frozen wallet is often the reason for a reversal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext_lazy

from ledger.kinds.kind import Kind, MemberView, News, Words
from ledger.kinds.shapes import Place, Shape, Side, into, out_of
from ledger.status import Status
from wallet.untranslated import sentence

if TYPE_CHECKING:
    from ledger.models import Transaction


class Reversal(Kind):
    code = "REVERSAL"
    label = _lazy("Reversal")
    plural = _lazy("Reversals")
    verb = _lazy("Reverse")
    noun = ngettext_lazy("reversal", "reversals")
    icon = "return"
    tone = "slate"

    shapes: ClassVar[tuple[Shape, ...]] = (
        Shape(
            Side.MEMBER,
            Side.MEMBER,
            at_order=[out_of(Place.SOURCE), into(Place.TARGET)],
            books={Status.SUCCESS: [out_of(Place.SOURCE), into(Place.TARGET)]},
        ),
        Shape(
            Side.MEMBER,
            Side.HOUSE,
            at_order=[out_of(Place.SOURCE), into(Place.SUSPENSE)],
            books={Status.SUCCESS: [out_of(Place.SOURCE), into(Place.SUSPENSE)]},
        ),
        Shape(
            Side.MEMBER,
            Side.RAIL,
            is_past=True,
            books={Status.SUCCESS: [out_of(Place.SOURCE), into(Place.FLOAT)]},
        ),
    )
    counts_to_daily_limit = False
    is_members = False
    takes_back = True
    is_rare = True

    has_long_title = True
    has_note = False
    news = {
        News.DONE: _lazy("{target}’s transfer to {source} was reversed"),
    }
    news_of_deposit = _lazy("{source}’s deposit was reversed")

    def title(self, view: MemberView) -> str:
        return self.words(view).format(name=view.other)

    def heading(self, view: MemberView) -> str:
        return sentence(self.words(view), name=view.other)

    def words(self, view: MemberView) -> str:
        if not view.other:
            return _("Deposit reversed")
        # Nissmart did it, so the title doesn't say that the other member sent or took money.
        if view.is_in:
            return _("Returned to you by Nissmart (from {name})")
        return _("Returned by Nissmart to {name}")

    def outlook(self, view: MemberView) -> str:
        if not view.other:
            return _("Nissmart took back a deposit that was wrong.")
        if view.is_in:
            return _("Nissmart brought back money that you had sent.")
        return _("Nissmart returned money that you had received.")

    def news_of(self, news: News, record: Transaction) -> Words:
        return super().news_of(news, record) if record.to_account_id else self.news_of_deposit

    def why_not_reversible(self, status: Status) -> str:
        return _("A reversal can't be reversed.")


REVERSAL = Reversal()
