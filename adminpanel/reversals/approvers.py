"""Who may propose and decide a reversal: two different people, neither of them a party."""

from __future__ import annotations

from django.utils.translation import gettext as _

from adminpanel.models import ReversalProposal
from ledger.models import Transaction
from wallet.errors import NotAllowed, Refusal
from wallet.models import Account
from wallet.staff.newcomers import refuse_newcomer

State = ReversalProposal.State


def refuse_proposer(record: Transaction, actor_id: int) -> None:
    """Raise a Refusal if this person is a party to the transaction."""
    if is_party(record, actor_id):
        raise Refusal(
            _("You are a party to this transaction, so a colleague must propose its reversal.")
        )


def refuse_decider(proposal: ReversalProposal, state: State, actor_id: int) -> None:
    """Raise NotAllowed if this person may not make this decision."""
    is_own = proposal.proposed_by_id == actor_id
    if state == State.WITHDRAWN:
        if not is_own:
            raise NotAllowed(
                _("Only {name}, who proposed this reversal, can withdraw it."),
                name=proposal.proposer,
            )
        return
    if is_own:
        raise NotAllowed(_("You proposed this reversal, so someone else must decide."))
    if is_party(proposal.transaction, actor_id):
        raise NotAllowed(_("You are a party to this transaction, so a colleague must decide."))
    if state == State.APPROVED:
        refuse_newcomer(actor_id)


def is_party(record: Transaction, user_id: int) -> bool:
    theirs = Account.objects.filter(user=user_id).values_list("pk", flat=True)
    return not {record.from_account_id, record.to_account_id}.isdisjoint(theirs)
