"""Queries of the transaction page. Every list has a maximum length."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Case, Q, When
from django.utils.translation import gettext as _

from adminpanel.corrections.operations import CORRECTIONS
from adminpanel.models import Incident, Note, ReversalProposal
from adminpanel.payouts.words import steps as payment_steps
from adminpanel.timeline import Moment, actor_name, events
from ledger.models import Claim, Transaction
from ledger.rails.rail import name_of_outside
from ledger.references import charge_key
from wallet.models import AuditEvent
from wallet.staff import subjects

Action = AuditEvent.Action
NOTES = 100
RELATED = 5
LATELY = timedelta(days=30)
# Related transactions are searched in this many of a member's newest ones.
LOOKED_AT = 200
LINKED = 50
# Audit actions that are steps of a transaction, and the steps shown as failed.
STEPS = {
    Action.PROPOSE,
    Action.APPROVE,
    Action.DENY,
    Action.WITHDRAW,
    Action.REVERSE,
    Action.REFUSE,
    Action.PROPOSE_CORRECTION,
    Action.APPROVE_CORRECTION,
    Action.DENY_CORRECTION,
    Action.WITHDRAW_CORRECTION,
    Action.POST_CORRECTION,
    Action.REFUSE_CORRECTION,
}
BAD = {
    *(Action.DENY, Action.REFUSE, Action.WITHDRAW),
    *(Action.DENY_CORRECTION, Action.REFUSE_CORRECTION, Action.WITHDRAW_CORRECTION),
}


def charge_of(record: Transaction) -> Transaction | None:
    """What the rail charged Nissmart for this payout, if it did."""
    if not record.kind.has_fee:
        return None
    key = charge_key(record.reference)
    return Transaction.objects.filter(created_by=record.created_by, idempotency_key=key).first()


def events_of(record: Transaction, proposal: ReversalProposal | None) -> list[AuditEvent]:
    """Audit events about a transaction. For a reversal, also the events of its proposal, and for a
    correction those of its proposal.

    The audit has those under what the proposal was about.
    """
    also = None
    if correction := getattr(record, "correction", None):
        also = Q(subject=str(CORRECTIONS.subject(correction)), facts__correction=correction.pk)
    if proposal:
        subject = subjects.transaction(proposal.transaction.reference)
        also = Q(subject=str(subject), facts__proposal=proposal.pk)
    return events(subjects.transaction(record.reference), also)


def timeline(record: Transaction, history: list[AuditEvent]) -> list[Moment]:
    """The steps of a transaction, oldest first: from its own columns and from the audit.

    A step without a time is still to come, and last.
    """
    steps = own_steps(record, history)
    for event in reversed(history):
        action, facts = Action(event.action), event.facts
        reference = facts.get("reversal") or facts.get("transaction", "")
        if action in STEPS:
            steps.append(
                Moment(
                    str(action.label),
                    actor_name(event),
                    event.at,
                    event.reason,
                    reference if reference != record.reference else "",
                    action in BAD,
                )
            )
    known = {event.facts.get("reversal") for event in history}
    for reversal in reversals_of(record):
        if reversal.reference not in known:
            steps.append(posting_step(reversal, reversal.reference))
    return sorted(steps, key=lambda step: (step.at is None, step.at))


def own_steps(record: Transaction, history: list[AuditEvent]) -> list[Moment]:
    """The steps from the transaction's own columns, or from its payment on a rail.

    A reversal has one step, posted. If it came from a proposal, the audit has that step.
    """
    if record.takes_back:
        return [] if is_posted_in(history) else [posting_step(record)]
    if attempt := record.loaded_attempt:
        return payment_steps(attempt)
    settled_by = ""
    if record.settled_at:
        settled_by = name_of_outside(record.took_rail)
    is_failed = record.status == Transaction.Status.FAILED
    return [
        Moment(_("Created"), record.orderer_name, record.created_at),
        Moment(str(record.status_badge.word), settled_by, record.settled_at, is_bad=is_failed),
    ]


def posting_step(reversal: Transaction, reference: str = "") -> Moment:
    """The step of a reversal without a proposal."""
    label, name = str(Action.REVERSE.label), str(reversal.created_by)
    return Moment(label, name, reversal.created_at, reference=reference)


def is_posted_in(history: list[AuditEvent]) -> bool:
    return any(event.action == Action.REVERSE for event in history)


def related_transactions(record: Transaction) -> list[Transaction]:
    """The newest other transactions between the two members, from `LATELY` before this one."""
    one, other = record.from_account_id, record.to_account_id
    if not (one and other):
        return []
    newest = Transaction.objects.order_by("-pk")
    sides = [
        Q(pk__in=newest.filter(from_account=source).values("pk")[:LOOKED_AT], to_account=target)
        for source, target in ((one, other), (other, one))
    ]
    found = Transaction.objects.filter(sides[0] | sides[1])
    found = found.filter(created_at__gte=record.created_at - LATELY)
    # The page shows its reversal, or the transaction it reverses, elsewhere.
    found = found.exclude(pk__in=[record.pk, record.reverses_id])
    found = found.exclude(reverses=record.pk)
    return list(found.with_parties().order_by("-pk")[:RELATED])


def proposals_of(record: Transaction) -> list[ReversalProposal]:
    found = record.proposals.select_related("proposed_by", "decided_by")
    return list(found.order_by("-pk")[:LINKED])


def proposal_behind(record: Transaction) -> ReversalProposal | None:
    """The proposal behind this reversal, if there is one."""
    if not record.takes_back:
        return None
    made = ReversalProposal.objects.filter(posted=record)
    return made.select_related("proposed_by", "decided_by", "transaction").first()


def reversals_of(record: Transaction) -> list[Transaction]:
    """The whole reversal, or the partial ones, oldest first."""
    if whole := getattr(record, "reversed_by", None):
        return [whole]
    if not record.kind.is_reversible or not record.taken_back_cents:
        return []
    return list(record.parts.select_related("created_by").order_by("pk")[:LINKED])


def claims_of(record: Transaction) -> list[Claim]:
    """Claims on later deposits that its reversal left."""
    if not record.kind.is_reversible:
        return []
    return list(record.claims.order_by("-pk")[:LINKED])


def notes_of(record: Transaction) -> list[Note]:
    """The newest notes, oldest first."""
    return list(record.notes.select_related("author").order_by("-pk")[:NOTES])[::-1]


def incidents_of(record: Transaction) -> list[Incident]:
    """Incidents about this transaction, resolved ones last."""
    found = record.incidents.select_related("owner").annotate(
        is_over=Case(When(state=Incident.State.RESOLVED, then=1), default=0)
    )
    return list(found.order_by("is_over", "-pk")[:LINKED])
