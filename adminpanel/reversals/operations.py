"""Reversals: one of the team proposes, another one decides, and the ledger takes it back.

The decision and the books are two transactions. The decision is committed first, with who took
it; from then on anybody may ask the ledger, any number of times: the key is the proposal's, so
that the money goes back once.
"""

from __future__ import annotations

from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.translation import gettext as _

from adminpanel.models import ReversalProposal
from adminpanel.refusals import Refusal, TooLate
from adminpanel.reversals.approvers import refuse_decider, refuse_proposer
from adminpanel.timeline import short_time
from ledger import operations
from ledger.errors import Busy, LedgerError, MoneyGone
from ledger.models import Transaction
from ledger.status import Status
from wallet.db.retries import committed
from wallet.money import format_money
from wallet.staff import audit

State = ReversalProposal.State
Action = audit.Action

# With a space, which no key brought from outside may hold: keys are their owner's, so an order
# that the approver had named so before would stand in the way.
KEY = "reversal "
# Of those left approved, so that one sitting of the worker ends.
POSTED_AT_ONCE = 100


@committed
def propose(
    *, actor_id: int, transaction_id: int, reason: str, address: str = ""
) -> ReversalProposal:
    """Propose to reverse a transaction. Nothing moves until somebody else approves it.

    Raises NotAllowed for a party of it, and Refusal, with the sentence of `obstacle`, for what
    can't be reversed. Two at once for one transaction: the database lets one in, and the other
    one is told of it.
    """
    record = Transaction.objects.select_related("reversed_by").get(pk=transaction_id)
    refuse_proposer(record, actor_id)
    if problem := obstacle(record):
        raise Refusal(problem)
    proposal = ReversalProposal.objects.create(
        transaction=record,
        reason=reason,
        proposed_by_id=actor_id,
        proposed_by_name=audit.name_of(actor_id),
    )
    note_down(proposal, Action.PROPOSE, actor_id=actor_id, reason=reason, address=address)
    return proposal


def obstacle(record: Transaction) -> str | None:
    """Why nobody can propose to reverse this now, in words; None when they can."""
    if problem := record.kind.why_not_reversible(Status(record.status)):
        return problem
    open_one = record.proposals.filter(state__in=ReversalProposal.OPEN).first()
    if open_one:
        return _("{name} proposed at {time} to reverse this. It waits for a decision.").format(
            name=open_one.proposer, time=short_time(open_one.proposed_at)
        )
    # Looked at after the open ones: whoever has just closed one wrote the reversal before.
    if reversal := Transaction.objects.filter(reverses=record.pk).first():
        return _("This was reversed before, by {reference}.").format(reference=reversal.reference)
    return None


def approve(*, actor_id: int, proposal_id: int, address: str = "") -> ReversalProposal:
    """Approve what somebody else proposed, and take the money back.

    Gives the proposal as it is then: POSTED, REFUSED with the ledger's sentence, or still
    APPROVED when the ledger was busy; `post_approved` ends it then. Raises NotAllowed for who
    proposed it, is a party of it, or is new in finance, TooLate when it is decided, and Refusal
    while the money is not there: then it stays open, for when it is.
    """
    decide(proposal_id, State.APPROVED, Action.APPROVE, actor_id=actor_id, address=address)
    return post(proposal_id, address=address)


def deny(*, actor_id: int, proposal_id: int, reason: str, address: str = "") -> ReversalProposal:
    """Turn down what somebody else proposed. Raises as `approve` does."""
    return decide(
        proposal_id, State.DENIED, Action.DENY, actor_id=actor_id, remark=reason, address=address
    )


def withdraw(*, actor_id: int, proposal_id: int, address: str = "") -> ReversalProposal:
    """Take one's own proposal back. Raises NotAllowed for anybody else, TooLate as `approve`."""
    return decide(proposal_id, State.WITHDRAWN, Action.WITHDRAW, actor_id=actor_id, address=address)


@committed
def decide(
    proposal_id: int,
    state: State,
    action: audit.Action,
    *,
    actor_id: int,
    remark: str = "",
    address: str = "",
) -> ReversalProposal:
    """Decide a proposal, once: whoever holds its row first has decided."""
    proposal = held(proposal_id)
    refuse_decider(proposal, state, actor_id)
    if proposal.state != State.PROPOSED:
        raise TooLate(decided_before(proposal))
    if state == State.APPROVED and (problem := shortfall(proposal.transaction)):
        raise Refusal(problem)
    proposal.state = state
    proposal.decided_by_id = actor_id
    proposal.decided_by_name = audit.name_of(actor_id)
    proposal.decided_at = timezone.now()
    proposal.remark = remark
    proposal.save(update_fields=["state", "decided_by", "decided_by_name", "decided_at", "remark"])
    note_down(proposal, action, actor_id=actor_id, reason=remark, address=address)
    return proposal


def held(proposal_id: int) -> ReversalProposal:
    """The proposal, locked until commit. Raises ReversalProposal.DoesNotExist.

    Alone: of rows joined to it, whoever waited for the lock would get those of before.
    """
    return ReversalProposal.objects.select_for_update().get(pk=proposal_id)


def shortfall(record: Transaction) -> str | None:
    """The ledger's sentence, when the money to take back is not there now; else None.

    Whoever holds it may spend it or get more in the next moment, so the ledger still decides.
    """
    assert record.to_account
    held_cents = record.to_account.balance_cents
    if held_cents >= record.amount_cents or hasattr(record, "reversed_by"):
        return None
    available, wanted = format_money(held_cents), format_money(record.amount_cents)
    return str(MoneyGone(available=available, wanted=wanted))


def decided_before(proposal: ReversalProposal) -> str:
    """What became of it, by whom and when: for whoever comes too late."""
    assert proposal.decided_at
    sentence = {
        State.DENIED: _("Already denied by {name} at {time}."),
        State.WITHDRAWN: _("Already withdrawn by {name} at {time}."),
    }.get(State(proposal.state), _("Already approved by {name} at {time}."))
    return sentence.format(name=proposal.decider, time=short_time(proposal.decided_at))


def post(proposal_id: int, *, address: str = "") -> ReversalProposal:
    """Ask the ledger to carry out an approved proposal, and write down what it answered.

    Any number may do this at once, or again after a crash: the ledger moves the money once.
    """
    proposal = ReversalProposal.objects.get(pk=proposal_id)
    if proposal.state != State.APPROVED:
        return proposal
    assert proposal.decided_by_id
    try:
        operations.reverse(
            actor_id=proposal.decided_by_id,
            transaction_id=proposal.transaction_id,
            key=key_of(proposal),
        )
    except Busy:
        return proposal
    except LedgerError as refusal:
        return close(proposal_id, str(refusal), address)
    return close(proposal_id, "", address)


def key_of(proposal: ReversalProposal) -> str:
    return f"{KEY}{proposal.pk}"


@committed
def close(proposal_id: int, refusal: str, address: str) -> ReversalProposal:
    """Write down that the ledger has posted the reversal, or the sentence it refused it with.

    Two may come here with different answers, if money came back in between: then the books are
    asked, and what they say stands.
    """
    proposal = held(proposal_id)
    made = Transaction.objects.filter(
        created_by=proposal.decided_by_id, idempotency_key=key_of(proposal)
    )
    reversal = made.filter(reverses=proposal.transaction_id).first()
    state = State.POSTED if reversal else State.REFUSED
    if proposal.state in (State.POSTED, state):
        return proposal
    proposal.state = state
    proposal.remark = "" if reversal else refusal
    proposal.save(update_fields=["state", "remark"])
    facts = {"reversal": reversal.reference} if reversal else {}
    note_down(
        proposal,
        Action.REVERSE if reversal else Action.REFUSE,
        actor_id=proposal.decided_by_id,
        reason=proposal.remark,
        address=address,
        **facts,
    )
    return proposal


def post_approved() -> int:
    """Finish what was approved and not posted: after a crash, or while the ledger was busy.

    For the background worker; how many are finished now. Any number of workers may call it.
    One that fails keeps none of the others waiting; raises an ExceptionGroup of those that did.
    """
    finished, failures = 0, []
    for pk in unfinished():
        try:
            finished += post(pk).state != State.APPROVED
        except Exception as failure:
            failures.append(failure)
    for pk in refused_but_made():
        close(pk, "", "")
    if failures:
        raise ExceptionGroup("proposals could not be posted", failures)
    return finished


def unfinished() -> list[int]:
    waiting = ReversalProposal.objects.filter(state=State.APPROVED).order_by("decided_at", "pk")
    return list(waiting.values_list("pk", flat=True)[:POSTED_AT_ONCE])


def refused_but_made() -> list[int]:
    """Proposals that say REFUSED although the books have their reversal.

    Two ask the ledger, money comes back in between, and the one that got its reversal dies
    before it writes that down.
    """
    refused = ReversalProposal.objects.filter(
        state=State.REFUSED,
        transaction__reversed_by__created_by=F("decided_by"),
        transaction__reversed_by__idempotency_key=Concat(
            Value(KEY), Cast("pk", CharField()), output_field=CharField()
        ),
    )
    return list(refused.values_list("pk", flat=True)[:POSTED_AT_ONCE])


def note_down(
    proposal: ReversalProposal,
    action: audit.Action,
    *,
    actor_id: int | None,
    reason: str,
    address: str,
    **facts: str,
) -> None:
    audit.record(
        action,
        f"transaction {proposal.transaction.reference}",
        actor_id=actor_id,
        reason=reason,
        address=address,
        proposal=proposal.pk,
        **facts,
    )
