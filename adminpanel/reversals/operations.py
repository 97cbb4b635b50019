"""Reversals: one of the team proposes, a colleague decides, and the ledger takes the money back.

The decision and the books are two transactions. The decision is committed first, with the name of
the person who took it. From then on the ledger may be asked any number of times: the key is the
proposal's, so the money goes back once.
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

# With a space, which no key from outside may hold: otherwise the approver's own order with this
# key would stand in the way.
KEY = "reversal "
# A bound, so that one turn of the worker ends.
POSTED_PER_TURN = 100


@committed
def propose(context: Context, *, transaction_id: int) -> ReversalProposal:
    """Propose to reverse a transaction. Nothing moves until a colleague approves it.

    Raises a Refusal for a party of the transaction, and with the sentence of `obstacle`. When two
    people propose the same reversal, the database lets one in and the other is refused.
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
    """Why this can't be proposed for reversal now, in words; None when it can."""
    if problem := record.kind.why_not_reversible(Status(record.status)):
        return problem
    open_one = record.proposals.filter(state__in=ReversalProposal.OPEN).first()
    if open_one:
        return _("{name} proposed at {time} to reverse this. It waits for a decision.").format(
            name=open_one.proposer, time=short_time(open_one.proposed_at)
        )
    # After the open ones: a proposal is closed after its reversal is written.
    if reversal := Transaction.objects.filter(reverses=record.pk).first():
        return _("This was reversed before, by {reference}.").format(reference=reversal.reference)
    return None


def approve(context: Context, *, proposal_id: int) -> ReversalProposal:
    """Approve a colleague's proposal, and take the money back.

    Returns the proposal as it is then: POSTED, REFUSED with the ledger's sentence, or still
    APPROVED when the ledger was busy; `post_approved` finishes it then. Raises NotAllowed for the
    proposer, a party of the transaction and a newcomer in finance; TooLate when it is decided
    already; and a Refusal while the money is not there: then it stays open, for when it is.
    """
    decide(context, proposal_id, State.APPROVED, Action.APPROVE)
    return post(proposal_id, context.ip_address)


def deny(context: Context, *, proposal_id: int) -> ReversalProposal:
    """Deny a colleague's proposal, for a reason. Raises as `approve` does."""
    return decide(context, proposal_id, State.DENIED, Action.DENY)


def withdraw(context: Context, *, proposal_id: int) -> ReversalProposal:
    """Withdraw one's own proposal. Raises NotAllowed for a colleague's, TooLate as `approve`."""
    return decide(context, proposal_id, State.WITHDRAWN, Action.WITHDRAW)


@committed
def decide(
    context: Context, proposal_id: int, state: State, action: audit.Action
) -> ReversalProposal:
    """Decide a proposal, once: the first to lock its row has decided."""
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
    """The proposal, locked until commit. Raises ReversalProposal.DoesNotExist.

    The row alone: a joined row would come as it was before the wait for the lock.
    """
    return ReversalProposal.objects.select_for_update().get(pk=proposal_id)


def shortfall(record: Transaction) -> MoneyGone | None:
    """The ledger's refusal, when the money to take back is not there now; otherwise None.

    The member may spend it or get more in the next moment, so the ledger still decides.
    """
    assert record.to_account
    held_cents = record.to_account.balance_cents
    if held_cents >= record.amount_cents or hasattr(record, "reversed_by"):
        return None
    available, wanted = format_money(held_cents), format_money(record.amount_cents)
    return MoneyGone(available=available, wanted=wanted)


def describe_decision(proposal: ReversalProposal) -> str:
    """The decision, by whom and when: for the colleague who comes too late."""
    assert proposal.decided_at
    sentence = {
        State.DENIED: _("Already denied by {name} at {time}."),
        State.WITHDRAWN: _("Already withdrawn by {name} at {time}."),
    }.get(State(proposal.state), _("Already approved by {name} at {time}."))
    return sentence.format(name=proposal.decider, time=short_time(proposal.decided_at))


def post(proposal_id: int, ip_address: str = "") -> ReversalProposal:
    """Ask the ledger to carry out an approved proposal, and write down its answer.

    In the approver's name; from their IP address while they wait for it. Several may do this at
    the same time, or again after a crash: the ledger moves the money once.
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
    """Write down that the ledger has posted the reversal, or the sentence it refused it with.

    Two may come here with different answers, if money came back in between: then the books
    decide.
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
    """Finish what was approved and not posted: after a crash, or while the ledger was busy.

    For the background worker; returns how many are finished now. Several workers may call it.
    One that fails doesn't keep the others waiting; raises an ExceptionGroup of the failures.
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
    return list(refused.values_list("pk", flat=True)[:POSTED_PER_TURN])


def record_act(
    context: Context, action: audit.Action, proposal: ReversalProposal, **facts: str
) -> None:
    subject = subjects.transaction(proposal.transaction.reference)
    audit.record(context, action, subject, proposal=proposal.pk, **facts)
