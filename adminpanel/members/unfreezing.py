"""Unfreeze a wallet: a finance maker proposes it, an approver does it."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from adminpanel.models import Unfreezing
from adminpanel.models.proposals import State
from wallet import operations
from wallet.context import Context
from wallet.db.retries import committed
from wallet.errors import Refusal, TooLate
from wallet.models import Account, User
from wallet.staff import audit, roles, subjects
from wallet.staff.newcomers import refuse_newcomer
from wallet.staff.roles import Right

Action = audit.Action


@committed
def unfreeze(context: Context, user_id: int) -> Unfreezing | None:
    """Propose to unfreeze the wallet, or do it if a colleague has proposed it.

    None if it isn't frozen. The proposer asking again gets their proposal. Raises a Refusal for the
    actor's own wallet; NotAllowed without the role, and for a newcomer who would be the second;
    Busy.
    """
    assert context.actor_id
    # The lock of the wallet decides who is first.
    account = Account.objects.select_for_update().get(pk=Account.objects.wallet_id(user_id))
    if user_id == context.actor_id:
        raise Refusal(_("You can't freeze or unfreeze your own wallet. Ask a colleague."))
    if not account.is_frozen:
        return None
    found = open_proposal(account)
    if found is None:
        roles.require(context.actor_id, Right.PROPOSE)
        return propose(context, account)
    if found.proposed_by_id == context.actor_id:
        return found
    roles.require(context.actor_id, Right.DECIDE)
    refuse_newcomer(context.actor_id)
    close(context, found, State.POSTED)
    operations.unfreeze(context, account.pk)
    return found


@committed
def keep_frozen(context: Context, user_id: int) -> Unfreezing:
    """Deny a colleague's proposal to unfreeze the wallet, or withdraw your own, with a reason.

    Raises TooLate if there is none, a Refusal for the actor's own wallet, and Busy.
    """
    assert context.actor_id
    account = Account.objects.select_for_update().get(pk=Account.objects.wallet_id(user_id))
    if user_id == context.actor_id:
        raise Refusal(_("You can't freeze or unfreeze your own wallet. Ask a colleague."))
    found = open_proposal(account)
    if found is None:
        raise TooLate(_("There is no open proposal to unfreeze this wallet. Nothing changed."))
    is_own = found.proposed_by_id == context.actor_id
    roles.require(context.actor_id, Right.PROPOSE if is_own else Right.DECIDE)
    state, action = State.DENIED, Action.DENY_UNFREEZE
    if is_own:
        state, action = State.WITHDRAWN, Action.WITHDRAW_UNFREEZE
    close(context, found, state)
    audit.record(context, action, subjects.member(user_id))
    return found


def open_proposal(account: Account) -> Unfreezing | None:
    """The open proposal about this freeze. One about an earlier freeze is about other reasons."""
    found = Unfreezing.objects.filter(account=account, state=State.PROPOSED)
    if account.frozen_at:
        found = found.filter(proposed_at__gte=account.frozen_at)
    return found.first()


def choices(proposal: Unfreezing | None, reader: User) -> dict[str, bool]:
    """What a page may offer this reader about a frozen wallet with this open proposal."""
    rights = roles.rights_of(reader)
    is_own = proposal is not None and proposal.proposed_by_id == reader.pk
    needed = Right.DECIDE if proposal and not is_own else Right.PROPOSE
    return {
        "may_unfreeze": needed in rights and not is_own,
        "may_keep_frozen": needed in rights and proposal is not None,
    }


def propose(context: Context, account: Account) -> Unfreezing:
    assert account.user_id
    assert context.actor_id
    # Left over from an earlier freeze: its proposer's words were about that one.
    for stale in Unfreezing.objects.filter(account=account, state=State.PROPOSED):
        close(Context(stale.proposed_by_id), stale, State.WITHDRAWN)
    audit.record(context, Action.PROPOSE_UNFREEZE, subjects.member(account.user_id))
    return Unfreezing.objects.create(
        account=account,
        reason=context.reason,
        proposed_by_id=context.actor_id,
        proposed_by_name=audit.name_of(context.actor_id),
    )


def close(context: Context, proposal: Unfreezing, state: State) -> None:
    proposal.state, proposal.remark = state, context.reason
    proposal.decided_by_id, proposal.decided_at = context.actor_id, timezone.now()
    proposal.decided_by_name = audit.name_of(context.actor_id)
    proposal.save(update_fields=["state", "remark", "decided_by", "decided_by_name", "decided_at"])
