"""What the pages of one transaction, of reversals and of incidents show. Reads only.

Whatever a person can make grow is cut off: each list here has a bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Count, Model, Q, QuerySet, When
from django.utils.translation import gettext as _

from adminpanel.models import Incident, Note, ReversalProposal
from adminpanel.queries.integrity import with_check
from ledger.models import Transaction
from wallet.models import AuditEvent, User

Action = AuditEvent.Action

NOTES = 100
EVENTS = 100
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


@dataclass(frozen=True, slots=True)
class Moment:
    """One step of a timeline: what, who, when, and in whose words why."""

    label: str
    actor: str = ""
    at: datetime | None = None
    remark: str = ""
    reference: str = ""
    is_bad: bool = False


def events(subject: str, also: Q | None = None) -> list[AuditEvent]:
    """The newest events about a subject (or that fit `also`), newest first."""
    found = AuditEvent.objects.filter(Q(subject=subject) | (also or Q()))
    return list(found.select_related("actor").order_by("-pk")[:EVENTS])


def events_of(record: Transaction, proposal: ReversalProposal | None) -> list[AuditEvent]:
    """What staff did with a transaction; for a reversal, what led to it too.

    That is kept under the transaction which the `proposal` takes back.
    """
    also = None
    if proposal:
        subject = f"transaction {proposal.transaction.reference}"
        also = Q(subject=subject, facts__proposal=proposal.pk)
    return events(f"transaction {record.reference}", also)


def timeline(record: Transaction, told: list[AuditEvent]) -> list[Moment]:
    """What became of a transaction, oldest first: its own steps, and those of the audit.

    What led to a reversal was before it; what has not come yet is last.
    """
    rail = _("Simulated rail")
    steps = [Moment(_("Ordered"), str(record.created_by), record.created_at)]
    settled_by = _("Nissmart") if record.from_account_id and record.to_account_id else rail
    is_failed = record.status == Transaction.Status.FAILED
    word = str(record.status_badge.word)
    steps.append(
        Moment(word, settled_by if record.settled_at else "", record.settled_at, is_bad=is_failed)
    )
    for event in reversed(told):
        action = Action(event.action)
        if action in STEPS:
            steps.append(
                Moment(
                    str(action.label),
                    actor_name(event),
                    event.at,
                    event.reason,
                    event.facts.get("reversal", ""),
                    action in BAD,
                )
            )
    reversal = getattr(record, "reversed_by", None)
    if reversal and not any(event.action == Action.REVERSE for event in told):
        steps.append(
            Moment(
                str(Action.REVERSE.label),
                str(reversal.created_by),
                reversal.created_at,
                reference=reversal.reference,
            )
        )
    return sorted(steps, key=lambda step: (step.at is None, step.at))


def actor_name(event: AuditEvent) -> str:
    return event.who or _("Nissmart")


def others_between(record: Transaction) -> list[Transaction]:
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
    # What takes it back, or what it takes back, is told of beside it.
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


def proposals_with_parties() -> QuerySet[ReversalProposal]:
    return ReversalProposal.objects.select_related(
        "proposed_by",
        "decided_by",
        "transaction__from_account__user",
        "transaction__to_account__user",
        "transaction__reversed_by",
    )


def waiting_for(reader: User) -> QuerySet[ReversalProposal]:
    """Those not decided yet, without the reader's own, which only somebody else decides."""
    waiting = ReversalProposal.objects.filter(state=ReversalProposal.State.PROPOSED)
    return waiting.exclude(proposed_by=reader)


def proposals(tab: str, reader: User) -> QuerySet[ReversalProposal]:
    """Those that are over (`decided`); else those that wait, approved and not posted yet included:
    the reader's own (`yours`), which somebody else decides, or all the others."""
    waiting, own = Q(state__in=ReversalProposal.OPEN), Q(proposed_by=reader)
    if tab == "decided":
        return proposals_with_parties().exclude(waiting)
    return proposals_with_parties().filter(waiting, own if tab == "yours" else ~own)


def page[M: Model](
    rows: QuerySet[M], cursor: str | None, size: int, *, oldest_first: bool = False
) -> tuple[list[M], int | None]:
    """The first `size` of the rows after the id `cursor`, and the cursor of the next page.

    No rows for what is no id.
    """
    if cursor:
        is_id = cursor.isascii() and cursor.isdigit() and len(cursor) <= 18
        beyond = "pk__gt" if oldest_first else "pk__lt"
        rows = rows.filter(**{beyond: int(cursor)}) if is_id else rows.none()
    found = list(rows.order_by("pk" if oldest_first else "-pk")[: size + 1])
    return found[:size], found[size - 1].pk if len(found) > size else None


def incident_counts(severity: str = "") -> dict[str, int]:
    """How many incidents of this severity, or of any, are in each state."""
    counted = Incident.objects.filter(severity=severity) if severity else Incident.objects.all()
    rows = counted.order_by().values_list("state").annotate(count=Count("pk"))
    return dict.fromkeys(Incident.State.values, 0) | dict(rows)


def incidents(state: str, severity: str = "") -> QuerySet[Incident]:
    """Incidents in this state (none named: those not resolved), of this severity or of any."""
    found = Incident.objects.select_related("owner", "opened_by")
    found = found.filter(state=state) if state else found.exclude(state=Incident.State.RESOLVED)
    if severity:
        found = found.filter(severity=severity)
    return with_check(found.annotate(linked=Count("transactions")))


def incident_timeline(incident: Incident, told: list[AuditEvent]) -> list[Moment]:
    """What was done about an incident, oldest first, in words."""
    return [
        Moment(told_of(event), actor_name(event), event.at, event.reason)
        for event in reversed(told)
    ]


def told_of(event: AuditEvent) -> str:
    """One act about an incident, in words."""
    if event.action == Action.OPEN_INCIDENT:
        check = event.facts.get("after", {}).get("check")
        return _("Opened by the check “{check}”").format(check=check) if check else _("Opened")
    if event.action == Action.RESOLVE_INCIDENT:
        return _("Resolved")
    parts = [changed(event, name) for name in ("owner", "state", "severity")]
    for name, words in (("linked", _("Linked {names}")), ("unlinked", _("Unlinked {names}"))):
        if references := event.facts.get(name):
            parts.append(words.format(names=", ".join(references)))
    return ". ".join(part for part in parts if part) or str(Action(event.action).label)


def outcome(event: AuditEvent | None) -> str:
    """What an act about an incident came to, for the one who did it."""
    if event is None:
        return _("Nothing has changed: it was so already.")
    if event.action == Action.NOTE:
        return _("Note added.")
    after = event.facts.get("after", {})
    if "owner" in after:
        owner = after["owner"]
        return _("{name} owns it now.").format(name=owner) if owner else _("Nobody owns it now.")
    return f"{told_of(event)}."


def changed(event: AuditEvent, name: str) -> str:
    before, after = event.facts.get("before", {}), event.facts.get("after", {})
    if name not in after:
        return ""
    if name == "owner":
        owner = after[name]
        if owner == actor_name(event):
            return _("Taken over")
        return _("Given to {name}").format(name=owner) if owner else _("Given up: nobody owns it")
    choices = Incident.State if name == "state" else Incident.Severity
    label = _("State") if name == "state" else _("Severity")
    return _("{label}: {before} to {after}").format(
        label=label,
        before=choices(before[name]).label.lower(),
        after=choices(after[name]).label.lower(),
    )
