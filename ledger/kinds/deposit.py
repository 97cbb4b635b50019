"""Money in: from outside, over a rail, into a member's wallet."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext_lazy

from ledger.kinds.kind import Kind, MemberView, News, Page
from ledger.kinds.shapes import Place, Shape, Side, into, out_of
from ledger.status import Status
from wallet.messages.topics import Topic
from wallet.untranslated import sentence


class Deposit(Kind):
    code = "DEPOSIT"
    label = _lazy("Deposit")
    plural = _lazy("Deposits")
    verb = _lazy("Deposit")
    noun = ngettext_lazy("deposit", "deposits")
    icon = "deposit"
    tone = "leaf"

    shapes = (
        Shape(
            Side.RAIL,
            Side.MEMBER,
            # The float's balance is negative: it mirrors what we owe to members.
            at_settle=[out_of(Place.FLOAT), into(Place.TARGET)],
            books={
                Status.PENDING: [],
                Status.SUCCESS: [out_of(Place.FLOAT), into(Place.TARGET)],
                Status.FAILED: [],
            },
        ),
    )
    is_reversible = True
    topic_in = Topic.DEPOSITED

    page = Page(
        "ledger:deposit",
        title=_lazy("Deposit"),
        lead=_lazy("Add money to your wallet."),
        confirm=_lazy("Deposit {amount}"),
        again=_lazy("Deposit again"),
    )
    news = {
        News.ORDERED: _lazy("{target} asked to deposit"),
        News.SETTLED: _lazy("{target}’s deposit arrived"),
        News.FAILED: _lazy("{target}’s deposit did not go through"),
        News.DONE: _lazy("{target} deposited"),
    }

    def heading(self, view: MemberView) -> str:
        return _("Deposit to your wallet")

    def outlook(self, view: MemberView) -> str:
        match view.status:
            case Status.FAILED:
                return _("Nothing was added to your wallet.")
            case Status.PENDING:
                return _("We'll add it to your wallet as soon as it's confirmed. Don't pay again.")
        return ""

    def heading_after_reversal(self, view: MemberView) -> str:
        return _("Deposit reversed")

    def after_reversal(self, view: MemberView) -> str:
        words = _("This deposit was reversed, so {amount} left your wallet again.")
        return sentence(words, amount=view.amount)


DEPOSIT = Deposit()
