"""Open an incident for what a member reported about another."""

from __future__ import annotations

from uuid import NAMESPACE_OID, uuid5

from adminpanel.incidents.operations import Action, Severity, State, record_act
from adminpanel.models import Incident
from ledger.models import Report
from wallet.context import SYSTEM
from wallet.db.retries import committed

# A bound, so that one turn of the worker ends.
OPENED_AT_MOST = 200
HIGH = {Report.Reason.PRETENDS, Report.Reason.TRICKED}


def open_for_reports() -> int:
    """Open the incidents of reports that have none, each once. For the background worker; says how
    many reports."""
    fresh = Report.objects.filter(incidents__isnull=True).order_by("pk")
    ids = list(fresh.values_list("pk", flat=True)[:OPENED_AT_MOST])
    for report_id in ids:
        open_for(report_id)
    return len(ids)


@committed
def open_for(report_id: int) -> Incident:
    """The incident of this report: the one that is open about the same transaction, if any.

    Two workers: the unique request lets in one, and the other finds what that one has opened.
    """
    report = Report.objects.select_related("reporter", "transaction").get(pk=report_id)
    if earlier := report.incidents.first():
        return earlier
    record = report.transaction
    about = Incident.objects.filter(reports__transaction=record).exclude(state=State.RESOLVED)
    incident = about.order_by("pk").first()
    if incident is None:
        title = f"{report.reference}: {Report.Reason(report.reason).label} ({record.reference})"
        incident = Incident.objects.create(
            title=title[:120],
            description=describe(report),
            severity=Severity.HIGH if report.reason in HIGH else Severity.MEDIUM,
            request=uuid5(NAMESPACE_OID, f"report {report.pk}"),
        )
        incident.transactions.add(record)
        linked = [record.reference]
        record_act(SYSTEM, Action.OPEN_INCIDENT, incident, after={"title": title}, linked=linked)
    else:
        record_act(SYSTEM.because(describe(report)), Action.NOTE, incident)
    incident.reports.add(report)
    return incident


def describe(report: Report) -> str:
    """Who reported whom, and what they wrote."""
    reporter = report.reporter
    record = report.transaction
    is_source = bool(record.from_account and record.from_account.user_id == reporter.pk)
    other = record.to_account if is_source else record.from_account
    reported = f"{other} (member {other.user_id})" if other else ""
    lines = [
        f"{report.reference}: {reporter} (member {reporter.pk}) reports {reported}.",
        str(Report.Reason(report.reason).label),
        report.text,
    ]
    return "\n".join(filter(None, lines))
