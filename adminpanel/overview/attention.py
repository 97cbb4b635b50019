"""What needs attention on the overview.

A section plugs in with one function that takes the reader and returns its items, and one line in
SOURCES. The function runs on each load of the overview, so it should read an index.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from operator import itemgetter

from django.db.models import Value
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from adminpanel.attention import Item, by_tone, oldest
from adminpanel.integrity import workers
from adminpanel.models import CheckResult, ClaimEnding, ClosingProposal, Incident
from adminpanel.overview import queries
from adminpanel.overview.totals import Waiting
from adminpanel.proposals.queries import to_decide
from ledger.querysets import nairobi_day
from ledger.status import BADGES, Badge, Status
from wallet.models import User

type Source = Callable[[User], Sequence[Item]]

SEVERITY_TONES = {
    Incident.Severity.HIGH: "bad",
    Incident.Severity.MEDIUM: "wait",
    Incident.Severity.LOW: "info",
}


def items(
    reader: User, *, difference_cents: int, failed: list[CheckResult], pending: Waiting
) -> list[Item]:
    """Everything that needs this person's attention, most serious first.

    The page has read the books, the checks that failed and what is pending already.
    """
    found = [*books(difference_cents), *checks(failed)]
    for source in SOURCES:
        found += source(reader)
    return by_tone([*found, *waiting_for_rail(pending)])


def books(difference_cents: int) -> list[Item]:
    if not difference_cents:
        return []
    badge = Badge(_("Books"), "bad", "alert")
    text = _("Assets and liabilities differ")
    return [Item(badge, text, reverse("adminpanel:accounts"), difference_cents)]


def checks(failed: list[CheckResult]) -> list[Item]:
    if not failed:
        return []
    said = ngettext(
        "{n} check of the books failed", "{n} checks of the books failed", len(failed)
    ).format(n=len(failed))
    names = ", ".join(str(result.title) for result in failed)
    badge = Badge(_("Checks"), "bad", "shield")
    return [Item(badge, said, reverse("adminpanel:integrity"), aside=names)]


def worker(reader: User) -> list[Item]:
    """No background worker lives, or some of its jobs aren't well."""
    found = workers.workers()
    badge = Badge(_("Worker"), "bad", "clock")
    url = reverse("adminpanel:integrity") + "#worker"
    if not found.alive:
        since = _("for {age}").format(age=timesince(found.seen_at)) if found.seen_at else ""
        return [Item(badge, _("No background worker runs"), url, aside=since)]
    if not (wrong := found.wrong):
        return []
    said = ngettext(
        "{n} job of the background worker is late or fails",
        "{n} jobs of the background worker are late or fail",
        len(wrong),
    )
    names = ", ".join(str(line.job.title) for line in wrong[:3])
    return [Item(badge, said.format(n=len(wrong)), url, aside=names)]


def incidents(reader: User) -> list[Item]:
    return [
        Item(
            Badge(one.label, SEVERITY_TONES[Incident.Severity(one.severity)], "flag"),
            ngettext("{n} open incident", "{n} open incidents", one.count).format(n=one.count),
            f"{reverse('adminpanel:incidents')}?{urlencode({'severity': one.severity})}",
            aside=oldest(one.since),
        )
        for one in queries.open_incidents()
    ]


def passwords(reader: User) -> list[Item]:
    return [
        Item(
            Badge(_("Password"), "bad" if one.days < 2 else "wait", "clock"),
            expiry(one),
            reverse("adminpanel:payouts"),
            aside=f"{date_format(one.day, 'j M Y')} · {_('call the engineer on duty')}",
        )
        for one in queries.expiring_passwords(nairobi_day())
    ]


def expiry(one: queries.ExpiringPassword) -> str:
    if one.days < 0:
        said = _("The API password of {rail} has expired")
    elif one.days == 0:
        said = _("The API password of {rail} expires today")
    else:
        said = ngettext(
            "The API password of {rail} expires in {n} day",
            "The API password of {rail} expires in {n} days",
            one.days,
        )
    return said.format(rail=one.rail.label, n=one.days)


def payouts(reader: User) -> list[Item]:
    found = queries.payouts(reader)
    said = ngettext(
        "{n} payout waits for a decision", "{n} payouts wait for a decision", found.count
    )
    return waiting(Badge(_("Decide"), "wait", "withdraw"), said, "payouts", found)


def reversals(reader: User) -> list[Item]:
    found = queries.proposals(reader)
    said = ngettext("{n} reversal needs approval", "{n} reversals need approval", found.count)
    return waiting(Badge(_("Approve"), "wait", "return"), said, "reversals", found)


def corrections(reader: User) -> list[Item]:
    found = queries.corrections(reader)
    said = ngettext("{n} adjustment needs approval", "{n} adjustments need approval", found.count)
    return waiting(Badge(_("Approve"), "wait", "pencil"), said, "adjustments", found)


def closes_and_endings(reader: User) -> list[Item]:
    """Closes, and ends of claims, that this person may approve: in one query, as both are rare."""
    closes, endings = (
        to_decide(model, reader).order_by().values_list(Value(model.__name__), field, "proposed_at")
        for model, field in ((ClosingProposal, "pk"), (ClaimEnding, "claim"))
    )
    found: dict[str, list[tuple[int, datetime]]] = {}
    for name, pk, since in sorted(closes.union(endings, all=True), key=itemgetter(2)):
        found.setdefault(name, []).append((pk, since))
    return [
        *closings(found.get(ClosingProposal.__name__, [])),
        *endings_of_claims(found.get(ClaimEnding.__name__, [])),
    ]


def closings(found: list[tuple[int, datetime]]) -> list[Item]:
    """Signatures of days and months: the id of each and since when it waits, oldest first."""
    if not found:
        return []
    (first, since), *_others = found
    period = ClosingProposal.objects.select_related("reopens").get(pk=first).period
    said = ngettext("{n} close needs approval", "{n} closes need approval", len(found))
    badge = Badge(_("Approve"), "wait", "lock")
    url = reverse("adminpanel:close_period", args=[period.key])
    return [Item(badge, said.format(n=len(found)), url, aside=oldest(since))]


def endings_of_claims(found: list[tuple[int, datetime]]) -> list[Item]:
    """Proposals to end a claim: the id of each claim and since when it waits, oldest first."""
    if not found:
        return []
    (claim_id, since), *_others = found
    said = ngettext(
        "{n} proposal to end a claim needs approval",
        "{n} proposals to end a claim need approval",
        len(found),
    )
    badge = Badge(_("Approve"), "wait", "return")
    url = reverse("adminpanel:claim", args=[claim_id])
    return [Item(badge, said.format(n=len(found)), url, aside=oldest(since))]


def exceptions(reader: User) -> list[Item]:
    found = queries.exceptions()
    said = ngettext(
        "{n} line that the statement and the books don't share",
        "{n} lines that the statements and the books don't share",
        found.count,
    )
    return waiting(Badge(_("Reconcile"), "bad", "bank"), said, "reconciliation", found)


def waiting_for_rail(found: Waiting) -> list[Item]:
    said = ngettext(
        "{n} transaction is waiting for its rail",
        "{n} transactions are waiting for their rail",
        found.count,
    )
    return waiting(BADGES[Status.PENDING], said, "ledger", found, "?status=PENDING")


def waiting(badge: Badge, said: str, page: str, found: Waiting, query: str = "") -> list[Item]:
    """One item with its amount and age, or none."""
    if not found.count:
        return []
    url = reverse(f"adminpanel:{page}") + query
    return [Item(badge, said.format(n=found.count), url, found.amount_cents, oldest(found.since))]


SOURCES: tuple[Source, ...] = (
    worker,
    incidents,
    passwords,
    exceptions,
    payouts,
    reversals,
    corrections,
    closes_and_endings,
)
