"""Money out: from a member's wallet over a rail to the outside.

The money and its fee leave the wallet with the order and stay in transit until the rail answers, so
they can't be spent twice. The fee is earned when it settles, and goes back if it fails.
"""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext_lazy

from ledger.kinds.kind import Kind, MemberView, News, Page
from ledger.kinds.shapes import Measure, Place, Shape, Side, into, out_of
from ledger.status import Status
from wallet.messages.topics import Topic
from wallet.untranslated import sentence

FEE = Measure.FEE


class Withdrawal(Kind):
    code = "WITHDRAW"
    label = _lazy("Withdrawal")
    plural = _lazy("Withdrawals")
    verb = _lazy("Withdraw")
    noun = ngettext_lazy("withdrawal", "withdrawals")
    icon = "withdraw"
    tone = "earth"

    shapes = (
        Shape(
            Side.MEMBER,
            Side.RAIL,
            at_order=[
                *(out_of(Place.SOURCE), into(Place.TRANSIT)),
                *(out_of(Place.SOURCE, FEE), into(Place.TRANSIT, FEE)),
            ],
            at_settle=[
                *(out_of(Place.TRANSIT), into(Place.FLOAT)),
                *(out_of(Place.TRANSIT, FEE), into(Place.FEES, FEE)),
            ],
            at_fail=[
                *(out_of(Place.TRANSIT), into(Place.SOURCE)),
                *(out_of(Place.TRANSIT, FEE), into(Place.SOURCE, FEE)),
            ],
            books={
                Status.PENDING: [
                    *(out_of(Place.SOURCE), out_of(Place.SOURCE, FEE)),
                    *(into(Place.TRANSIT), into(Place.TRANSIT, FEE)),
                ],
                Status.SUCCESS: [
                    *(out_of(Place.SOURCE), out_of(Place.SOURCE, FEE)),
                    *(into(Place.TRANSIT), into(Place.TRANSIT, FEE)),
                    *(out_of(Place.TRANSIT), out_of(Place.TRANSIT, FEE)),
                    *(into(Place.FLOAT), into(Place.FEES, FEE)),
                ],
                Status.FAILED: [
                    *(out_of(Place.SOURCE), out_of(Place.SOURCE, FEE)),
                    *(into(Place.TRANSIT), into(Place.TRANSIT, FEE)),
                    *(out_of(Place.TRANSIT), out_of(Place.TRANSIT, FEE)),
                    *(into(Place.SOURCE), into(Place.SOURCE, FEE)),
                ],
            },
        ),
    )

    topic_out = Topic.PAYOUT_ORDERED
    topic_in = Topic.PAYOUT_RETURNED
    topic_paid = Topic.WITHDRAWN

    page = Page(
        "ledger:withdraw",
        title=_lazy("Withdraw"),
        lead=_lazy("Take money out of your wallet."),
        confirm=_lazy("Withdraw {amount}"),
        again=_lazy("Withdraw again"),
        promise=_lazy(
            "When you confirm, we set this money aside. If the payout fails, it comes back to "
            "your wallet."
        ),
    )
    news = {
        News.ORDERED: _lazy("{source} asked to withdraw"),
        News.SETTLED: _lazy("{source}’s withdrawal was paid"),
        News.FAILED: _lazy("{source}’s withdrawal did not go through"),
        News.DONE: _lazy("{source} withdrew"),
    }

    def heading(self, view: MemberView) -> str:
        return _("Withdrawal from your wallet")

    def outlook(self, view: MemberView) -> str:
        match view.status:
            case Status.FAILED:
                return sentence(
                    _("{amount} is back in your wallet."), amount=view.taken or view.amount
                )
            case Status.PENDING:
                return _(
                    "We've set this money aside. If it can't be paid, it comes back to your wallet."
                )
        return ""

    def why_not_reversible(self, status: Status) -> str:
        match status:
            case Status.PENDING:
                return _(
                    "This withdrawal isn't complete yet. If it can't be paid, the money comes back "
                    "to the wallet without a reversal."
                )
            case Status.FAILED:
                return _("This withdrawal didn't go through: the money is back in the wallet.")
        return _("This money has left Nissmart. Only the person who received it can send it back.")


WITHDRAWAL = Withdrawal()
