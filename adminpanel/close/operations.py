"""Sign a day or a month, or ask to reopen one, and what the life of proposals needs to know."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from adminpanel.close.checklist import checklist, open_items, refuse_unready
from adminpanel.models import ClosingProposal
from adminpanel.models.proposals import State
from adminpanel.proposals.life import Life
from ledger import closing
from ledger.closing import operations as books
from ledger.closing import periods
from ledger.closing.errors import AlreadyClosed, NotNewest
from ledger.closing.periods import Period
from ledger.models import Close
from wallet.context import Context
from wallet.db.retries import committed
from wallet.errors import Refusal
from wallet.staff import audit, roles, subjects
from wallet.staff.roles import Right

Action = audit.Action
REASON_NEEDED = _lazy("Say why it must be reopened.")


class Closings(Life[ClosingProposal]):
    model = ClosingProposal
    key = "close "
    actions = {
        State.PROPOSED: Action.SIGN_CLOSE,
        State.APPROVED: Action.APPROVE_CLOSE,
        State.DENIED: Action.DENY_CLOSE,
        State.WITHDRAWN: Action.WITHDRAW_CLOSE,
        State.POSTED: Action.CLOSE_BOOKS,
        State.REFUSED: Action.REFUSE_CLOSE,
    }
    only_proposer_withdraws = _lazy("Only {name}, who signed this, can withdraw it.")
    proposer_cannot_decide = _lazy("You signed this, so someone else must decide.")
    needs_decision = _lazy("{name} signed this at {time}. It needs a decision.")
    own_money = _lazy("This is about you, so a colleague must decide.")

    def approve(self, context: Context, *, proposal_id: int) -> ClosingProposal:
        """Approve a colleague's signature. The worker then closes or reopens the period.

        A first close reads all the books, which takes longer than a request may. Raises the same
        as for other proposals.
        """
        return self.decide(context, proposal_id, State.APPROVED)

    def subject(self, proposal: ClosingProposal) -> subjects.Subject:
        return subjects.LEDGER

    def facts(self, proposal: ClosingProposal) -> dict[str, Any]:
        what = "reopen" if proposal.is_reopening else "close"
        return {"closing": proposal.pk, "what": what, "period": proposal.period.key}

    def is_party(self, proposal: ClosingProposal, person_id: int) -> bool:
        """Never: the books aren't anyone's own money."""
        return False

    def refuse_now(self, proposal: ClosingProposal) -> None:
        refuse(proposal.period, proposal.reopens)

    def carry_out(self, context: Context, proposal: ClosingProposal) -> Close:
        if made := self.made_of(proposal):
            return made
        period = proposal.period
        signature = signature_of(proposal, context)
        if proposal.reopens:
            return closing.reopen(signature, proposal.reopens.pk)
        if period.is_month:
            return closing.close_month(signature, period.last_day)
        return closing.close_day(signature, period.last_day)

    def made_of(self, proposal: ClosingProposal) -> Close | None:
        """What this proposal closed or reopened. A later close of the same day isn't its own."""
        links = Close.objects.filter(act=proposal.act, last_day=proposal.last_day)
        return links.filter(
            signed_by=proposal.proposed_by_id, signed_at=proposal.proposed_at
        ).first()

    def after_posting(self, proposal: ClosingProposal, made: Close) -> dict[str, Any]:
        proposal.posted = made
        return {"number": made.number, "hash": made.hash}

    def wrongly_refused_ids(self) -> list[int]:
        """None: a close is looked up, by who signed it and when, before it's made again."""
        return []

    def record_act(
        self, context: Context, action: audit.Action, proposal: ClosingProposal, **facts: Any
    ) -> None:
        if action == Action.CLOSE_BOOKS and proposal.is_reopening:
            action = Action.REOPEN_BOOKS
        super().record_act(context, action, proposal, **facts)


CLOSINGS = Closings()
approve, deny, withdraw = CLOSINGS.approve, CLOSINGS.deny, CLOSINGS.withdraw
decide, post, post_approved = CLOSINGS.decide, CLOSINGS.post, CLOSINGS.post_approved


def signature_of(proposal: ClosingProposal, context: Context) -> closing.Signature:
    assert context.actor_id
    assert proposal.decided_at
    steps = [] if proposal.is_reopening else checklist(proposal.period)
    return closing.Signature(
        signed_by_id=proposal.proposed_by_id,
        signed_by_name=proposal.proposer,
        signed_at=proposal.proposed_at,
        approved_by_id=context.actor_id,
        approved_by_name=proposal.decider,
        approved_at=proposal.decided_at,
        reason=proposal.reason,
        open_items=open_items(steps),
    )


def refuse(period: Period, reopens: Close | None = None) -> None:
    """Raise a Refusal if the ledger would refuse it now, or if the checklist isn't done."""
    if reopens:
        newest = periods.newest_live()
        if newest is None or newest.pk != reopens.pk:
            raise NotNewest(period=newest or period)
        return
    if period.live_close():
        raise AlreadyClosed(period=period)
    if period.is_month:
        books.refuse_month(period)
    else:
        books.refuse_day(period)
    refuse_unready(checklist(period))


@committed
def sign(context: Context, period: Period) -> ClosingProposal:
    """Sign a day or a month. Nothing is closed until a colleague approves.

    Raises NotAllowed for all but makers, and a Refusal for a period that can't be closed now, that
    has an open signature, or whose checklist isn't done. `context.reason` may be empty.
    """
    return write(context, period, period.act)


@committed
def ask_reopening(context: Context, last_day: date, *, is_month: bool) -> ClosingProposal:
    """Ask to reopen the newest close. Raises NotAllowed and a Refusal, also without a reason."""
    if not context.reason:
        raise Refusal(REASON_NEEDED)
    period = periods.month(last_day) if is_month else periods.day(last_day)
    live = period.live_close()
    if live is None or live.last_day != last_day:
        raise Refusal(_("{period} isn't closed.").format(period=period))
    return write(context, period, Close.Act.REOPEN, live)


def write(
    context: Context, period: Period, act: Close.Act, reopens: Close | None = None
) -> ClosingProposal:
    assert context.actor_id
    roles.require(context.actor_id, Right.PROPOSE)
    found = ClosingProposal.objects.filter(act=act, last_day=period.last_day)
    if earlier := found.filter(state__in=ClosingProposal.OPEN).first():
        if earlier.proposed_by_id == context.actor_id:
            return earlier
        raise Refusal(CLOSINGS.describe_open(earlier))
    refuse(period, reopens)
    proposal = ClosingProposal(
        act=act, last_day=period.last_day, reopens=reopens, reason=context.reason
    )
    proposal.proposed_by_id = context.actor_id
    proposal.proposed_by_name = audit.name_of(context.actor_id)
    proposal.save()
    CLOSINGS.record_act(context, Action.SIGN_CLOSE, proposal)
    return proposal
