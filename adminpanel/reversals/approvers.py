"""Who may propose and who may decide a reversal: two people, neither of whom it pays."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from adminpanel.models import ReversalProposal
from ledger.models import Transaction
from wallet.errors import NotAllowed, Refusal
from wallet.models import Account
from wallet.staff.roles import FINANCE, joined_at

State = ReversalProposal.State


def refuse_proposer(record: Transaction, actor_id: int) -> None:
    """Raises a Refusal for a party of the transaction."""
    if is_party(record, actor_id):
        raise Refusal(_("This moved your own money, so a colleague proposes to reverse it."))


def refuse_decider(proposal: ReversalProposal, state: State, actor_id: int) -> None:
    """Raises NotAllowed when this person may not decide the proposal in this way."""
    is_own = proposal.proposed_by_id == actor_id
    if state == State.WITHDRAWN:
        if not is_own:
            raise NotAllowed(
                _("Only {name}, who proposed this, can withdraw it."), name=proposal.proposer
            )
        return
    if is_own:
        raise NotAllowed(_("You proposed this, so somebody else decides it."))
    if is_party(proposal.transaction, actor_id):
        raise NotAllowed(_("This moved your own money, so a colleague decides it."))
    if state == State.APPROVED:
        refuse_newcomer(actor_id)


def refuse_newcomer(actor_id: int) -> None:
    """Raises NotAllowed when an operator put this person into finance less than a day ago: the
    others need time to see it in the audit."""
    hours = settings.APPROVE_AFTER_HOURS
    since = joined_at(FINANCE, actor_id)
    if since and timezone.now() < since + timedelta(hours=hours):
        raise NotAllowed(
            ngettext(
                "You came into finance less than %d hour ago, so a colleague approves this.",
                "You came into finance less than %d hours ago, so a colleague approves this.",
                hours,
            )
            % hours
        )


def is_party(record: Transaction, user_id: int) -> bool:
    theirs = Account.objects.filter(user=user_id).values_list("pk", flat=True)
    return not {record.from_account_id, record.to_account_id}.isdisjoint(theirs)
