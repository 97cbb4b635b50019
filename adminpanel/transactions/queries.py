"""What the page of one transaction shows. Every list has a bound."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Case, Q, When
from django.utils.translation import gettext as _

from adminpanel.models import Incident, Note, ReversalProposal
from adminpanel.timeline import Moment, actor_name, events
from ledger.models import Transaction
from ledger.rails.rail import name_of_outside
from wallet.models import AuditEvent
from wallet.staff import subjects

Action = AuditEvent.Action
NOTES = 100
RELATED = 5
LATELY = timedelta(days=30)
# How far back among a member's newest transactions the other ones are looked for.
LOOKED_AT = 200
LINKED = 50
# The acts of the audit that are steps of a transaction, and those that end badly for it.
STEPS = {
    Action.PROPOSE,
    Action.APPROVE,
    Action.DENY,
    Action.WITHDRAW,
    Action.REVERSE,
    Action.REFUSE,
}
BAD = {Action.DENY, Action.REFUSE, Action.WITHDRAW}


def events_of(record: Transaction, proposal: ReversalProposal | None) -> list[AuditEvent]:
    """What staff did with a transaction; for a reversal, what led to it too.

    That is kept under the transaction which the `proposal` takes back.
    """
    also = None
    if proposal:
        subject = subjects.transaction(proposal.transaction.reference)
        also = Q(subject=str(subject), facts__proposal=proposal.pk)
    return events(subjects.transaction(record.reference), also)


def timeline(record: Transaction, history: list[AuditEvent]) -> list[Moment]:
    """The steps of a transaction, oldest first: its own, and those of the audit.

    A step that has not come yet is last.
    """
    steps = own_steps(record, history)
    for event in reversed(history):
        action, reference = Action(event.action), event.facts.get("reversal", "")
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
    reversal = getattr(record, "reversed_by", None)
    if reversal and not is_posted_in(history):
        steps.append(posting_step(reversal, reversal.reference))
    return sorted(steps, key=lambda step: (step.at is None, step.at))


def own_steps(record: Transaction, history: list[AuditEvent]) -> list[Moment]:
    """Ordered, and then settled or not. A reversal is neither ordered nor settled by a rail: it is
    posted, which the audit says when staff have proposed it."""
    if record.reverses_id:
        return [] if is_posted_in(history) else [posting_step(record)]
    settled_by = ""
    if record.settled_at:
        settled_by = name_of_outside(record.took_rail)
    is_failed = record.status == Transaction.Status.FAILED
    return [
        Moment(_("Ordered"), str(record.created_by), record.created_at),
        Moment(str(record.status_badge.word), settled_by, record.settled_at, is_bad=is_failed),
    ]


def posting_step(reversal: Transaction, reference: str = "") -> Moment:
    """The step of a reversal that was made without a proposal."""
    label, name = str(Action.REVERSE.label), str(reversal.created_by)
    return Moment(label, name, reversal.created_at, reference=reference)


def is_posted_in(history: list[AuditEvent]) -> bool:
    return any(event.action == Action.REVERSE for event in history)


def related_transactions(record: Transaction) -> list[Transaction]:
    """The newest other ones between the same two members, from `LATELY` before it until now."""
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
    # What takes it back, or what it takes back, stands beside it.
    found = found.exclude(pk__in=[record.pk, record.reverses_id]).exclude(reverses=record.pk)
    return list(found.with_parties().order_by("-pk")[:RELATED])


def proposals_of(record: Transaction) -> list[ReversalProposal]:
    found = record.proposals.select_related("proposed_by", "decided_by")
    return list(found.order_by("-pk")[:LINKED])


def proposal_behind(record: Transaction) -> ReversalProposal | None:
    """The proposal that this reversal carries out, if staff have proposed it."""
    if not record.reverses_id:
        return None
    made = ReversalProposal.objects.filter(
        transaction=record.reverses_id, state=ReversalProposal.State.POSTED
    )
    return made.select_related("proposed_by", "decided_by", "transaction").first()


def notes_of(record: Transaction) -> list[Note]:
    """The newest notes, in the order they were written."""
    return list(record.notes.select_related("author").order_by("-pk")[:NOTES])[::-1]


def incidents_of(record: Transaction) -> list[Incident]:
    """Those about it, what is resolved last."""
    found = record.incidents.select_related("owner").annotate(
        is_over=Case(When(state=Incident.State.RESOLVED, then=1), default=0)
    )
    return list(found.order_by("is_over", "-pk")[:LINKED])
