"""Corrections: propose one, and what the life of proposals needs to know about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from adminpanel.corrections.items import find_way_back
from adminpanel.models import Correction
from adminpanel.models.corrections import Act
from adminpanel.models.proposals import State
from adminpanel.proposals.life import Life
from ledger import operations, rails
from ledger.errors import AlreadyResolved, MoneyGone, NotInSuspense
from ledger.models import Transaction
from wallet.context import Context
from wallet.db.retries import committed
from wallet.errors import NotAllowed, Refusal
from wallet.models import Account, User
from wallet.money import format_money
from wallet.staff import audit, roles, subjects
from wallet.staff.roles import Right

Action = audit.Action


class Corrections(Life[Correction]):
    model = Correction
    key = "correction "
    actions = {
        State.PROPOSED: Action.PROPOSE_CORRECTION,
        State.APPROVED: Action.APPROVE_CORRECTION,
        State.DENIED: Action.DENY_CORRECTION,
        State.WITHDRAWN: Action.WITHDRAW_CORRECTION,
        State.POSTED: Action.POST_CORRECTION,
        State.REFUSED: Action.REFUSE_CORRECTION,
    }
    needs_decision = _lazy("{name} made a proposal about this at {time}. It needs a decision.")
    own_money = _lazy("This is your own money, so a colleague must decide.")

    def subject(self, proposal: Correction) -> subjects.Subject:
        """The item, the member whose wallet it touches, or the house account."""
        if proposal.item:
            return subjects.transaction(proposal.item.reference)
        assert proposal.source
        assert proposal.target
        owner_id = proposal.source.user_id or proposal.target.user_id
        return subjects.member(owner_id) if owner_id else subjects.account(proposal.target.pk)

    def facts(self, proposal: Correction) -> dict[str, Any]:
        return {"correction": proposal.pk}

    def is_party(self, proposal: Correction, person_id: int) -> bool:
        return is_own(proposal, person_id)

    def refuse_now(self, proposal: Correction) -> None:
        if problem := shortfall(proposal):
            raise problem
        if proposal.item and (resolved_by := proposal.item.resolution):
            raise AlreadyResolved(reference=resolved_by.reference)

    def carry_out(self, context: Context, proposal: Correction) -> Transaction:
        match proposal.act:
            case Act.ASSIGN:
                assert proposal.item_id
                assert proposal.target_id
                return operations.assign(
                    context, item_id=proposal.item_id, account_id=proposal.target_id
                )
            case Act.RETURN:
                assert proposal.item_id
                return operations.return_to_payer(
                    context,
                    item_id=proposal.item_id,
                    rail_code=proposal.rail,
                    phone=proposal.phone,
                )
        assert proposal.source_id
        assert proposal.target_id
        return operations.adjust(
            context,
            source_id=proposal.source_id,
            target_id=proposal.target_id,
            amount_cents=proposal.amount_cents,
            item_id=proposal.item_id,
        )

    def after_posting(self, proposal: Correction, made: Transaction) -> dict[str, Any]:
        proposal.posted = made
        return {"transaction": made.reference}


CORRECTIONS = Corrections()
approve, deny, withdraw = CORRECTIONS.approve, CORRECTIONS.deny, CORRECTIONS.withdraw
decide, post, post_approved = CORRECTIONS.decide, CORRECTIONS.post, CORRECTIONS.post_approved


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person proposes. Which fields it needs depends on the act: see `Correction`.

    An item's amount and way back are the item's own. `phone` counts only if no one knows the
    payer's.
    """

    act: Act
    item_id: int | None = None
    source_id: int | None = None
    target_id: int | None = None
    amount_cents: int = 0
    phone: str = ""


@committed
def propose(context: Context, wanted: Wanted, *, evidence: str) -> Correction:
    """Propose a correction. No money moves until a colleague approves.

    The same form sent again returns the first proposal. Raises NotAllowed for all but
    makers and for their own money; a Refusal without a reason or evidence, for accounts that it
    may not touch, and for an item that is resolved, has an open proposal or can't go back.
    """
    assert context.actor_id
    request = context.request_id(wanted, context.reason, evidence)
    if request and (earlier := Correction.objects.filter(request=request).first()):
        return earlier
    roles.require(context.actor_id, Right.PROPOSE)
    if not (context.reason and evidence):
        raise Refusal(_("Say why, and how you know: the line of a statement, or who said it."))
    item = Transaction.objects.get(pk=wanted.item_id) if wanted.item_id else None
    if item and (problem := obstacle(item)):
        raise Refusal(problem)
    proposal = build(wanted, item)
    if is_own(proposal, context.actor_id):
        raise NotAllowed(_("This is your own money, so a colleague must propose it."))
    proposal.reason, proposal.evidence, proposal.request = context.reason, evidence, request
    proposal.proposed_by_id = context.actor_id
    proposal.proposed_by_name = audit.name_of(context.actor_id)
    proposal.save()
    CORRECTIONS.record_act(context, Action.PROPOSE_CORRECTION, proposal)
    return proposal


def build(wanted: Wanted, item: Transaction | None) -> Correction:
    """The unsaved proposal. Raises a Refusal when the ledger would never post it."""
    amount_cents = item.amount_cents if item else wanted.amount_cents
    proposal = Correction(act=wanted.act, item=item, amount_cents=amount_cents)
    if wanted.act == Act.ADJUST:
        assert wanted.source_id
        assert wanted.target_id
        operations.refuse_sides(wanted.source_id, wanted.target_id, amount_cents, item)
        proposal.source_id, proposal.target_id = wanted.source_id, wanted.target_id
        return proposal
    assert item
    if item.suspense_sign != 1:
        raise NotInSuspense(reference=item.reference)
    if wanted.act == Act.ASSIGN:
        proposal.target_id = wanted.target_id
        return proposal
    back = find_way_back(item)
    proposal.rail, proposal.phone = back.rail_code, back.phone or wanted.phone
    operations.refuse_return(amount_cents, proposal.rail, proposal.phone)
    return proposal


def obstacle(item: Transaction) -> str | None:
    """Why this item can't be resolved by a new proposal, as a sentence. None when it can."""
    if not item.suspense_sign:
        return str(NotInSuspense(reference=item.reference))
    if open_one := Correction.objects.filter(item=item, state__in=Correction.OPEN).first():
        return CORRECTIONS.describe_open(open_one)
    if resolved_by := item.resolution:
        return str(AlreadyResolved(reference=resolved_by.reference))
    return None


def is_own(proposal: Correction, person_id: int) -> bool:
    """Does it touch this person's wallet, or an item of theirs?"""
    item = proposal.item
    accounts = {proposal.source_id, proposal.target_id}
    if item:
        accounts |= {item.from_account_id, item.to_account_id}
        # A stray payment belongs to the one whose order it was.
        if item.kind.is_stray and item.created_by_id == person_id:
            return True
    if Account.objects.filter(user=person_id, pk__in=[id for id in accounts if id]).exists():
        return True
    return bool(proposal.phone) and User.objects.filter(pk=person_id, phone=proposal.phone).exists()


def shortfall(proposal: Correction) -> MoneyGone | None:
    """The ledger's refusal if the wallet holds too little now. Otherwise None."""
    source = proposal.source
    if source is None or source.user_id is None or proposal.state == State.POSTED:
        return None
    held_cents = source.balance_cents
    if held_cents >= proposal.amount_cents:
        return None
    return MoneyGone(available=format_money(held_cents), wanted=format_money(proposal.amount_cents))


def rail_label(proposal: Correction) -> str:
    return str(rails.of(proposal.rail).label) if proposal.rail else ""
