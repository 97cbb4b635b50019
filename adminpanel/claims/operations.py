"""End a claim: propose it, and what the life of proposals needs to know about it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from adminpanel.models import ClaimEnding
from adminpanel.models.proposals import State
from adminpanel.proposals.life import Life
from adminpanel.proposals.queries import is_party
from ledger import operations
from ledger.errors import ClaimOver
from ledger.models import Claim
from wallet.context import Context
from wallet.db.retries import committed
from wallet.errors import Refusal
from wallet.money import format_money
from wallet.staff import audit, roles, subjects
from wallet.staff.roles import Right

Action = audit.Action


class Endings(Life[ClaimEnding]):
    model = ClaimEnding
    key = "end claim "
    actions = {
        State.PROPOSED: Action.PROPOSE_END_CLAIM,
        State.APPROVED: Action.APPROVE_END_CLAIM,
        State.DENIED: Action.DENY_END_CLAIM,
        State.WITHDRAWN: Action.WITHDRAW_END_CLAIM,
        State.POSTED: Action.END_CLAIM,
        State.REFUSED: Action.REFUSE_END_CLAIM,
    }
    columns_of_posting = ()
    own_money = _lazy("You are a party to this transaction, so a colleague must decide.")

    def subject(self, proposal: ClaimEnding) -> subjects.Subject:
        return subjects.transaction(proposal.claim.original.reference)

    def facts(self, proposal: ClaimEnding) -> dict[str, Any]:
        return {"ending": proposal.pk, "claim": proposal.claim_id}

    def is_party(self, proposal: ClaimEnding, person_id: int) -> bool:
        return is_party(proposal.claim.original, person_id)

    def refuse_now(self, proposal: ClaimEnding) -> None:
        if proposal.claim.state != Claim.State.OPEN:
            raise ClaimOver

    def carry_out(self, context: Context, proposal: ClaimEnding) -> Claim:
        return operations.end_claim(
            context, claim_id=proposal.claim_id, proposed_by_id=proposal.proposed_by_id
        )

    def made_of(self, proposal: ClaimEnding) -> Claim | None:
        return Claim.objects.filter(end_key=self.key_of(proposal)).first()

    def after_posting(self, proposal: ClaimEnding, made: Claim) -> dict[str, Any]:
        return {"forgiven": format_money(made.left_cents)}

    def wrongly_refused_ids(self) -> list[int]:
        """None: a claim that ended stays ended, so two calls of `post` get the same answer."""
        return []


ENDINGS = Endings()
approve, deny, withdraw = ENDINGS.approve, ENDINGS.deny, ENDINGS.withdraw
post, post_approved = ENDINGS.post, ENDINGS.post_approved


@committed
def propose(context: Context, *, claim_id: int) -> ClaimEnding:
    """Propose to take nothing more for a claim. Deposits go on paying it until a colleague agrees.

    Raises NotAllowed for all but makers; ClaimOver; a Refusal for a party and while another
    proposal waits.
    """
    assert context.actor_id
    roles.require(context.actor_id, Right.PROPOSE)
    claim = Claim.objects.select_related("original").get(pk=claim_id)
    if is_party(claim.original, context.actor_id):
        raise Refusal(_("You are a party to this transaction, so a colleague must propose it."))
    if claim.state != Claim.State.OPEN:
        raise ClaimOver
    if waiting := claim.endings.filter(state__in=ClaimEnding.OPEN).first():
        raise Refusal(ENDINGS.describe_open(waiting))
    proposal = ClaimEnding.objects.create(
        claim=claim,
        reason=context.reason,
        proposed_by_id=context.actor_id,
        proposed_by_name=audit.name_of(context.actor_id),
    )
    ENDINGS.record_act(context, Action.PROPOSE_END_CLAIM, proposal)
    return proposal
