"""Open an incident for what a rail said and finance has to look at."""

from __future__ import annotations

from uuid import NAMESPACE_OID, uuid5

from django.db.models import Q

from adminpanel.incidents.operations import Action, Severity, State, record_act
from adminpanel.models import Incident
from adminpanel.timeline import short_time
from ledger import rails
from ledger.models import Arrival, RailEvent, Transaction
from ledger.models.rail_events import ALARMING, Finding
from ledger.payouts.callbacks import answered_arrival
from wallet.context import SYSTEM
from wallet.db.retries import committed

# Of these a rail may send many about all kinds of payments: those share one incident until it's
# resolved. Of the others, those about one payment do, since a message may come many times.
REPEATED = {
    Finding.ALARM,
    Finding.FLOAT_LOW,
    Finding.FORGED,
    Finding.GAVE_UP,
    Finding.STOPPED,
    Finding.TOO_LARGE,
    Finding.UNMATCHED,
    Finding.UNREADABLE,
}
MEDIUM = {
    Finding.ALARM,
    Finding.FORGED,
    Finding.OTHER_ID,
    Finding.OVERDUE,
    Finding.TOO_LARGE,
    Finding.UNREADABLE,
}
# A bound, so that one turn of the worker ends.
OPENED_AT_MOST = 200
EXCERPT = 500


def open_for_findings() -> int:
    """Open the incidents of findings that have none, each once. For the background worker; says how
    many findings."""
    alarming = Q(finding__isnull=False) & Q(finding__in=ALARMING)
    fresh = RailEvent.objects.filter(alarming, incidents__isnull=True).order_by("pk")
    ids = list(fresh.values_list("pk", flat=True)[:OPENED_AT_MOST])
    for event_id in ids:
        open_for(event_id)
    return len(ids)


@committed
def open_for(event_id: int) -> Incident:
    """The incident of this finding. Two workers: the unique request lets in one, and the other
    finds what that one has opened."""
    event = RailEvent.objects.select_related("attempt__transaction").get(pk=event_id)
    if earlier := event.incidents.first():
        return earlier
    finding = Finding(str(event.finding))
    records = records_of(event)
    record = records[0] if records else None
    title = f"{rails.of(event.rail).label}: {finding.label}"
    name = record.reference if record else event.reference or event.rail_id
    if finding not in REPEATED and name:
        title = f"{title} ({name})"
    still_open = Incident.objects.exclude(state=State.RESOLVED).filter(title=title[:120])
    incident = still_open.order_by("pk").first()
    if incident is None:
        incident = Incident.objects.create(
            title=title[:120],
            description=describe(event),
            severity=Severity.MEDIUM if finding in MEDIUM else Severity.HIGH,
            request=uuid5(NAMESPACE_OID, f"rail event {event.pk}"),
        )
        linked = [each.reference for each in records]
        record_act(SYSTEM, Action.OPEN_INCIDENT, incident, after={"title": title}, linked=linked)
    incident.rail_events.add(event)
    incident.transactions.add(*records)
    return incident


def records_of(event: RailEvent) -> list[Transaction]:
    """The transactions that a message is about: what it was meant to pay, and where it went."""
    attempt = event.attempt
    own = [attempt.transaction] if attempt else []
    of_receipt = Q(rail=event.rail, receipt=attempt.receipt or "") if attempt else Q(pk=None)
    came = Arrival.objects.filter(Q(event=event) | of_receipt, transaction__isnull=False)
    arrivals = came.select_related("transaction").order_by("pk")
    booked = [arrival.transaction for arrival in arrivals if arrival.transaction]
    if (answered := answered_arrival(event)) and answered.transaction:
        booked.append(answered.transaction)
    return own + [each for each in booked if each not in own]


def describe(event: RailEvent) -> str:
    source = f" from {event.ip_address}" if event.ip_address else ""
    return f"{event.kind}{source} at {short_time(event.at)}\n{event.body[:EXCERPT]}".strip()
