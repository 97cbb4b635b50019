"""Money from one member's wallet to another's."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext_lazy

from ledger.kinds.kind import Kind, MemberView, News, Page
from ledger.kinds.shapes import Place, Shape, Side, into, out_of
from ledger.status import Status
from wallet.messages.topics import Topic
from wallet.untranslated import sentence


class Transfer(Kind):
    code = "TRANSFER"
    label = _lazy("Transfer")
    plural = _lazy("Transfers")
    verb = _lazy("Send")
    noun = ngettext_lazy("transfer", "transfers")
    icon = "send"
    tone = "sand"

    shapes = (
        Shape(
            Side.MEMBER,
            Side.MEMBER,
            at_order=[out_of(Place.SOURCE), into(Place.TARGET)],
            books={Status.SUCCESS: [out_of(Place.SOURCE), into(Place.TARGET)]},
        ),
    )
    is_reversible = True
    topic_out = Topic.SENT
    topic_in = Topic.RECEIVED

    page = Page(
        "ledger:transfer",
        title=_lazy("Send money"),
        lead=_lazy("To anyone on Nissmart, instantly and free."),
        confirm=_lazy("Send {amount}"),
        again=_lazy("Send again"),
        caution=_lazy("You can't undo a transfer. Is {payee} the person you mean?"),
    )
    news = {News.DONE: _lazy("{source} sent to {target}")}

    def icon_for(self, view: MemberView) -> str:
        return "receive" if view.is_in else "send"

    def heading(self, view: MemberView) -> str:
        words = _("{name} sent you") if view.is_in else _("Sent to {name}")
        return sentence(words, name=view.other)

    def heading_after_reversal(self, view: MemberView) -> str:
        if view.is_in:
            return sentence(_("Returned to {name}"), name=view.other)
        return _("Returned to you")

    def after_reversal(self, view: MemberView) -> str:
        if view.is_in:
            words = _("This was returned to {name}, so {amount} left your wallet again.")
            return sentence(words, name=view.other, amount=view.amount)
        words = _("This was returned: {amount} came back to your wallet.")
        return sentence(words, amount=view.amount)


TRANSFER = Transfer()
