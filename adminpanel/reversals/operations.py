"""Reversals: one person proposes, a colleague decides, and the ledger posts the reversal.

Decision and posting are two database transactions. The decision commits first, with the name of
the person who made it. Then posting can be retried any number of times: its idempotency key comes
from the proposal, so the money goes back once.
"""

from __future__ import annotations

from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.translation import gettext as _

from adminpanel.models import ReversalProposal
from adminpanel.reversals.approvers import refuse_decider, refuse_proposer
from adminpanel.timeline import short_time
from ledger import operations
from ledger.errors import MoneyGone
from ledger.models import Transaction
from ledger.status import Status
from wallet.context import Context
from wallet.db.retries import committed
from wallet.errors import Busy, Refusal, TooLate
from wallet.money import format_money
from wallet.staff import audit, subjects

State = ReversalProposal.State
Action = audit.Action

# With a space, which a client's key can't contain. So the approver's own payments never use the
# same key.
KEY = "reversal "
# Limits the work of one turn of the worker.
POSTED_PER_TURN = 100


@committed
def propose(context: Context, *, transaction_id: int) -> ReversalProposal:
    """Propose to reverse a transaction. No money moves until a colleague approves.

    Raises a Refusal for a party to the transaction, and when there is an `obstacle`. When two
    people propose at the same time, a database constraint refuses the second.
    """
    assert context.actor_id
    record = Transaction.objects.select_related("reversed_by").get(pk=transaction_id)
    refuse_proposer(record, context.actor_id)
    if problem := obstacle(record):
        raise Refusal(problem)
    proposal = ReversalProposal.objects.create(
        transaction=record,
        reason=context.reason,
        proposed_by_id=context.actor_id,
        proposed_by_name=audit.name_of(context.actor_id),
    )
    record_act(context, Action.PROPOSE, proposal)
    return proposal


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


def approve(context: Context, *, proposal_id: int) -> ReversalProposal:
    """Approve a colleague's proposal and post the reversal.

    Returns the proposal: POSTED, or REFUSED with the ledger's sentence, or still APPROVED when the
    ledger is busy. The worker posts it later.

    Raises NotAllowed for the proposer, a party to the transaction and a newcomer in finance;
    TooLate when it's already decided; a Refusal while the balance is too low. The proposal stays
    open in that case, so it can be approved later. OutcomeUnknown leaves it APPROVED, for the
    worker.
    """
    decide(context, proposal_id, State.APPROVED, Action.APPROVE)
    return post(proposal_id, context.ip_address)


def deny(context: Context, *, proposal_id: int) -> ReversalProposal:
    """Deny a colleague's proposal, with a reason. Raises NotAllowed and TooLate like `approve`."""
    return decide(context, proposal_id, State.DENIED, Action.DENY)


def withdraw(context: Context, *, proposal_id: int) -> ReversalProposal:
    """Withdraw your own proposal. Raises NotAllowed for a colleague's proposal, and TooLate."""
    return decide(context, proposal_id, State.WITHDRAWN, Action.WITHDRAW)


@committed
def decide(
    context: Context, proposal_id: int, state: State, action: audit.Action
) -> ReversalProposal:
    """Decide a proposal once. The first person to lock the row decides."""
    assert context.actor_id
    proposal = lock(proposal_id)
    refuse_decider(proposal, state, context.actor_id)
    if proposal.state != State.PROPOSED:
        raise TooLate(describe_decision(proposal))
    if state == State.APPROVED and (problem := shortfall(proposal.transaction)):
        raise problem
    proposal.state = state
    proposal.decided_by_id = context.actor_id
    proposal.decided_by_name = audit.name_of(context.actor_id)
    proposal.decided_at = timezone.now()
    proposal.remark = context.reason
    proposal.save(update_fields=["state", "decided_by", "decided_by_name", "decided_at", "remark"])
    record_act(context, action, proposal)
    return proposal


def lock(proposal_id: int) -> ReversalProposal:
    """Lock the proposal until commit. Raises ReversalProposal.DoesNotExist.

    Without joins: the joined rows would be as old as the start of the wait for the lock.
    """
    return ReversalProposal.objects.select_for_update().get(pk=proposal_id)


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


def describe_decision(proposal: ReversalProposal) -> str:
    """The earlier decision, for a colleague who decides too late."""
    assert proposal.decided_at
    sentence = {
        State.DENIED: _("{name} already denied this at {time}."),
        State.WITHDRAWN: _("{name} already withdrew this at {time}."),
    }.get(State(proposal.state), _("{name} already approved this at {time}."))
    return sentence.format(name=proposal.decider, time=short_time(proposal.decided_at))


def post(proposal_id: int, ip_address: str = "") -> ReversalProposal:
    """Post the reversal of an approved proposal, and save the ledger's answer.

    The approver is the actor. `ip_address` is empty when the worker posts. It's safe to call this
    several times or at the same time: the ledger moves the money once.
    """
    proposal = ReversalProposal.objects.get(pk=proposal_id)
    if proposal.state != State.APPROVED:
        return proposal
    assert proposal.decided_by_id
    try:
        context = Context(proposal.decided_by_id, ip_address, key=key_of(proposal))
        operations.reverse(context, transaction_id=proposal.transaction_id)
    except Busy:
        return proposal
    except Refusal as refusal:
        return close(proposal_id, str(refusal), ip_address)
    return close(proposal_id, "", ip_address)


def key_of(proposal: ReversalProposal) -> str:
    return f"{KEY}{proposal.pk}"


@committed
def close(proposal_id: int, refusal: str, ip_address: str = "") -> ReversalProposal:
    """Save that the ledger posted the reversal, or its refusal.

    Two calls of `post` can get different answers, if the balance changed in between. So this looks
    for the reversal in the ledger.
    """
    proposal = lock(proposal_id)
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
    context = Context(proposal.decided_by_id, ip_address, proposal.remark)
    record_act(context, Action.REVERSE if reversal else Action.REFUSE, proposal, **facts)
    return proposal


def post_approved() -> int:
    """Post approved proposals that a crash or a busy ledger left unposted.

    The background worker calls this. Several workers may do so at the same time. Returns how many
    it finished. A failure doesn't stop the others; raises an ExceptionGroup of all failures.
    """
    finished, failures = 0, []
    for pk in approved_ids():
        try:
            finished += post(pk).state != State.APPROVED
        except Exception as failure:
            failures.append(failure)
    for pk in wrongly_refused_ids():
        close(pk, "")
    if failures:
        raise ExceptionGroup("proposals could not be posted", failures)
    return finished


def approved_ids() -> list[int]:
    waiting = ReversalProposal.objects.filter(state=State.APPROVED).order_by("decided_at", "pk")
    return list(waiting.values_list("pk", flat=True)[:POSTED_PER_TURN])


def wrongly_refused_ids() -> list[int]:
    """Proposals in state REFUSED whose reversal is in the ledger.

    Two calls of `post` overlapped. The ledger refused the first. Then the balance rose, the second
    posted the reversal, and it crashed before it saved the state.
    """
    refused = ReversalProposal.objects.filter(
        state=State.REFUSED,
        transaction__reversed_by__created_by=F("decided_by"),
        transaction__reversed_by__idempotency_key=Concat(
            Value(KEY), Cast("pk", CharField()), output_field=CharField()
        ),
    )
    return list(refused.values_list("pk", flat=True)[:POSTED_PER_TURN])


def record_act(
    context: Context, action: audit.Action, proposal: ReversalProposal, **facts: str
) -> None:
    subject = subjects.transaction(proposal.transaction.reference)
    audit.record(context, action, subject, proposal=proposal.pk, **facts)
