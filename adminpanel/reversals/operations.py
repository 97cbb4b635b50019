"""Reversals: propose one, and what the life of proposals needs to know about it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from adminpanel.models import ReversalProposal
from adminpanel.models.proposals import State
from adminpanel.proposals.life import Life
from adminpanel.proposals.queries import is_party
from ledger import operations
from ledger.errors import KeyReused, MoneyGone, PartTooLarge
from ledger.models import Claim, Transaction
from ledger.status import Status
from wallet.context import Context
from wallet.db.retries import committed
from wallet.errors import Refusal
from wallet.money import format_money
from wallet.staff import audit, roles, subjects
from wallet.staff.roles import Right

Action = audit.Action
# Tries to reverse what the wallet holds while its member spends. After the last, the whole amount
# becomes a claim.
LOOKS = 3
# What came of a proposal: the reversal, the claim of the rest, or both.
type Made = tuple[Transaction | None, Claim | None] | None


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
    needs_decision = _lazy(
        "{name} proposed to reverse this at {time}. The proposal needs a decision."
    )
    own_money = _lazy("You are a party to this transaction, so a colleague must decide.")

    def subject(self, proposal: ReversalProposal) -> subjects.Subject:
        return subjects.transaction(proposal.transaction.reference)

    def facts(self, proposal: ReversalProposal) -> dict[str, Any]:
        return {"proposal": proposal.pk}

    def is_party(self, proposal: ReversalProposal, person_id: int) -> bool:
        return is_party(proposal.transaction, person_id)

    def refuse_now(self, proposal: ReversalProposal) -> None:
        if proposal.may_claim:
            return
        if problem := shortfall(proposal):
            raise problem

    def carry_out(self, context: Context, proposal: ReversalProposal) -> None:
        """Take back what the wallet holds. The rest becomes a claim, if both people agreed to it.

        The reversal and the claim are two commits with one key, so a crash in between loses none.
        """
        record = Transaction.objects.select_related("to_account").get(pk=proposal.transaction_id)
        made = self.reversal_of(proposal) or reverse_what_is_there(context, proposal, record)
        rest_cents = proposal.amount_cents - (made.amount_cents if made else 0)
        if rest_cents and proposal.may_claim:
            operations.open_claim(
                context.because(proposal.reason),
                transaction_id=record.pk,
                amount_cents=rest_cents,
                proposed_by_id=proposal.proposed_by_id,
            )

    def reversal_of(self, proposal: ReversalProposal) -> Transaction | None:
        found: Transaction | None = super().made_of(proposal)
        return found

    def made_of(self, proposal: ReversalProposal) -> Made:
        """The reversal, the claim, or both. None if there is neither."""
        reversal = self.reversal_of(proposal)
        claim = Claim.objects.filter(key=self.key_of(proposal)).first()
        return (reversal, claim) if reversal or claim else None

    def after_posting(self, proposal: ReversalProposal, made: Made) -> dict[str, Any]:
        assert made
        proposal.posted, claim = made
        facts: dict[str, Any] = {}
        if proposal.posted:
            facts["reversal"] = proposal.posted.reference
        if claim:
            facts |= {"claim": claim.pk, "claimed": format_money(claim.amount_cents)}
        return facts


REVERSALS = Reversals()
approve, deny, withdraw = REVERSALS.approve, REVERSALS.deny, REVERSALS.withdraw
decide, post, close = REVERSALS.decide, REVERSALS.post, REVERSALS.close
key_of, post_approved = REVERSALS.key_of, REVERSALS.post_approved


def reverse_what_is_there(
    context: Context, proposal: ReversalProposal, record: Transaction
) -> Transaction | None:
    """The reversal of the amount, or of what the wallet holds if the rest may be claimed.

    If another worker has already reversed another amount under this key, return its reversal.
    """
    assert record.to_account
    if not proposal.may_claim:
        return reverse_cents(context, record, proposal.amount_cents)
    for _attempt in range(LOOKS):
        record.to_account.refresh_from_db(fields=["balance_cents"])
        cents = min(proposal.amount_cents, record.to_account.balance_cents)
        try:
            return reverse_cents(context, record, cents) if cents else None
        except MoneyGone:
            continue
        except KeyReused:
            return REVERSALS.reversal_of(proposal)
    return None


def reverse_cents(context: Context, record: Transaction, cents: int) -> Transaction:
    if cents == record.amount_cents:
        return operations.reverse(context, transaction_id=record.pk)
    return operations.reverse_part(context, transaction_id=record.pk, amount_cents=cents)


@committed
def propose(
    context: Context,
    *,
    transaction_id: int,
    amount_cents: int | None = None,
    may_claim: bool = False,
) -> ReversalProposal:
    """Propose to reverse a transaction, or a part of it. No money moves until a colleague approves.

    None means all that is left. `may_claim`: if the wallet holds too little, its later deposits pay
    the rest. Raises NotAllowed for all but makers; a Refusal for a party to the transaction, for
    more than is left, and when there is an `obstacle`. When two people propose at the same time, a
    database constraint refuses the second.
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
    cents = cents_to_reverse(record, amount_cents)
    proposal = ReversalProposal.objects.create(
        transaction=record,
        amount_cents=cents,
        may_claim=may_claim,
        reason=context.reason,
        proposed_by_id=context.actor_id,
        proposed_by_name=audit.name_of(context.actor_id),
    )
    facts = {"amount": format_money(cents)} if cents < record.amount_cents else {}
    if may_claim:
        facts["may_claim"] = "yes"
    REVERSALS.record_act(context, Action.PROPOSE, proposal, **facts)
    return proposal


def cents_to_reverse(record: Transaction, amount_cents: int | None) -> int:
    """This amount, or without one all that is left. Raises PartTooLarge for more than is left."""
    left_cents = record.amount_cents - record.taken_back_cents
    if amount_cents is None:
        amount_cents = left_cents
    if not 0 < amount_cents <= left_cents:
        left, wanted = format_money(left_cents), format_money(amount_cents)
        raise PartTooLarge(reference=record.reference, left=left, wanted=wanted)
    return amount_cents


def obstacle(record: Transaction) -> str | None:
    """Why a reversal can't be proposed now, as a sentence. None when it can."""
    if problem := record.kind.why_not_reversible(Status(record.status)):
        return problem
    if open_one := record.proposals.filter(state__in=ReversalProposal.OPEN).first():
        return REVERSALS.describe_open(open_one)
    # Check this after open proposals, because a proposal closes after its reversal is posted.
    if reversal := Transaction.objects.filter(reverses=record.pk).first():
        return _("Already reversed by {reference}.").format(reference=reversal.reference)
    if record.is_taken_back:
        return _("All of it has been reversed, in parts.")
    if record.claims.filter(state=Claim.State.OPEN).exists():
        return _("The rest is claimed from later deposits.")
    return None


def shortfall(proposal: ReversalProposal) -> MoneyGone | None:
    """The ledger's refusal if the balance is too low for the reversal now. Otherwise None.

    The balance can change at any moment, so the ledger checks again under its lock.
    """
    record = proposal.transaction
    assert record.to_account
    held_cents = record.to_account.balance_cents
    if held_cents >= proposal.amount_cents or hasattr(record, "reversed_by"):
        return None
    available, wanted = format_money(held_cents), format_money(proposal.amount_cents)
    return MoneyGone(available=available, wanted=wanted)
