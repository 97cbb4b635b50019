"""Reversals: propose one, and what the life of proposals needs to know about it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from adminpanel.models import ReversalProposal
from adminpanel.models.proposals import State
from adminpanel.proposals.life import Life
from adminpanel.timeline import short_time
from ledger import operations
from ledger.errors import MoneyGone
from ledger.models import Transaction
from ledger.status import Status
from wallet.context import Context
from wallet.db.retries import committed
from wallet.errors import Refusal
from wallet.models import Account
from wallet.money import format_money
from wallet.staff import audit, roles, subjects
from wallet.staff.roles import Right

Action = audit.Action


class Reversals(Life[ReversalProposal]):
    model = ReversalProposal
    key = "reversal "
    actions = {
        State.PROPOSED: Action.PROPOSE,
        State.APPROVED: Action.APPROVE,
        State.DENIED: Action.DENY,
        State.WITHDRAWN: Action.WITHDRAW,
        State.POSTED: Action.REVERSE,
        State.REFUSED: Action.REFUSE,
    }
    only_proposer_withdraws = _lazy("Only {name}, who proposed this reversal, can withdraw it.")
    proposer_cannot_decide = _lazy("You proposed this reversal, so someone else must decide.")
    own_money = _lazy("You are a party to this transaction, so a colleague must decide.")

    def subject(self, proposal: ReversalProposal) -> subjects.Subject:
        return subjects.transaction(proposal.transaction.reference)

    def facts(self, proposal: ReversalProposal) -> dict[str, Any]:
        return {"proposal": proposal.pk}

    def is_party(self, proposal: ReversalProposal, person_id: int) -> bool:
        return is_party(proposal.transaction, person_id)

    def refuse_now(self, proposal: ReversalProposal) -> None:
        if problem := shortfall(proposal.transaction):
            raise problem

    def carry_out(self, context: Context, proposal: ReversalProposal) -> Transaction:
        return operations.reverse(context, transaction_id=proposal.transaction_id)

    def after_posting(self, proposal: ReversalProposal, made: Transaction) -> dict[str, Any]:
        return {"reversal": made.reference}


REVERSALS = Reversals()
approve, deny, withdraw = REVERSALS.approve, REVERSALS.deny, REVERSALS.withdraw
decide, post, close = REVERSALS.decide, REVERSALS.post, REVERSALS.close
key_of, post_approved = REVERSALS.key_of, REVERSALS.post_approved


@committed
def propose(context: Context, *, transaction_id: int) -> ReversalProposal:
    """Propose to reverse a transaction. No money moves until a colleague approves.

    Raises NotAllowed for all but makers; a Refusal for a party to the transaction, and when there
    is an `obstacle`. When two people propose at the same time, a database constraint refuses the
    second.
    """
    assert context.actor_id
    roles.require(context.actor_id, Right.PROPOSE)
    record = Transaction.objects.select_related("reversed_by").get(pk=transaction_id)
    if is_party(record, context.actor_id):
        raise Refusal(
            _("You are a party to this transaction, so a colleague must propose its reversal.")
        )
    if problem := obstacle(record):
        raise Refusal(problem)
    proposal = ReversalProposal.objects.create(
        transaction=record,
        reason=context.reason,
        proposed_by_id=context.actor_id,
        proposed_by_name=audit.name_of(context.actor_id),
    )
    REVERSALS.record_act(context, Action.PROPOSE, proposal)
    return proposal


def is_party(record: Transaction, user_id: int) -> bool:
    theirs = Account.objects.filter(user=user_id).values_list("pk", flat=True)
    return not {record.from_account_id, record.to_account_id}.isdisjoint(theirs)


def obstacle(record: Transaction) -> str | None:
    """Why a reversal can't be proposed now, as a sentence. None when it can."""
    if problem := record.kind.why_not_reversible(Status(record.status)):
        return problem
    open_one = record.proposals.filter(state__in=ReversalProposal.OPEN).first()
    if open_one:
        return _(
            "{name} proposed to reverse this at {time}. The proposal needs a decision."
        ).format(name=open_one.proposer, time=short_time(open_one.proposed_at))
    # Check this after open proposals, because a proposal closes after its reversal is posted.
    if reversal := Transaction.objects.filter(reverses=record.pk).first():
        return _("Already reversed by {reference}.").format(reference=reversal.reference)
    return None


def shortfall(record: Transaction) -> MoneyGone | None:
    """The ledger's refusal if the balance is too low for the reversal now. Otherwise None.

    The balance can change at any moment, so the ledger checks again under its lock.
    """
    assert record.to_account
    held_cents = record.to_account.balance_cents
    if held_cents >= record.amount_cents or hasattr(record, "reversed_by"):
        return None
    available, wanted = format_money(held_cents), format_money(record.amount_cents)
    return MoneyGone(available=available, wanted=wanted)
