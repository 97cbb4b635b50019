"""The checklist of a period: what has to be settled, or owned by someone, before it's closed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, Min, Q, QuerySet, Sum
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from adminpanel.models import CheckRun, Cutoff, Incident, ReconciledAccount
from adminpanel.reconciliation import standing
from ledger.closing.periods import Period
from ledger.models import Attempt, Transaction
from ledger.models.attempts import State
from ledger.status import Badge
from wallet.errors import Refusal
from wallet.money import format_money

DONE, OWNED, MISSING = "done", "owned", "missing"
BADGES = {
    DONE: Badge(_lazy("Done"), "good", "check"),
    OWNED: Badge(_lazy("Open, and owned"), "wait", "clock"),
    MISSING: Badge(_lazy("To do"), "bad", "alert"),
}


class Step(NamedTuple):
    """A line of the checklist. `said` is its finding, and `url` where to do something about it."""

    title: str | Promise
    state: str
    said: str
    url: str

    @property
    def badge(self) -> Badge:
        return BADGES[self.state]


class NotReady(Refusal):
    sentence = _lazy("The checklist isn't done: {said}")


def checklist(period: Period) -> list[Step]:
    """All steps of this period, from the panel's own rows."""
    end = period.ends_at
    return [checks(end), statements(end), exceptions(end), suspense(end), unknown(end)]


def refuse_unready(steps: Sequence[Step]) -> None:
    """Raises NotReady for the first step that is neither done nor owned."""
    for step in steps:
        if step.state == MISSING:
            raise NotReady(said=step.said)


def open_items(steps: Sequence[Step]) -> list[str]:
    """What is still open, as the close stores it.

    All of it was owned when a colleague approved. Something may have lost its owner since then.
    """
    return [step.said for step in steps if step.state != DONE]


def checks(end: datetime) -> Step:
    """The last run of the checks began after the period's end, and passed."""
    run = CheckRun.objects.filter(finished_at__isnull=False).order_by("-finished_at", "-pk").first()
    title, url = _("Checks of the ledger"), reverse("adminpanel:integrity")
    if run is None or run.started_at is None or run.started_at < end:
        return Step(title, MISSING, _("The checks haven't run since the period ended."), url)
    if not run.results.exists():
        said = _("The last run has no results. Run the checks again.")
        return Step(title, MISSING, said, url)
    if failed := run.results.exclude(found=0, error="").count():
        said = ngettext("{n} check failed.", "{n} checks failed.", failed).format(n=failed)
        return Step(title, MISSING, said, url)
    return Step(title, DONE, _("Passed {at}.").format(at=short(run.finished_at)), url)


def statements(end: datetime) -> Step:
    """Each account that is reconciled has a statement that reaches the period's end."""
    title, url = _("Statements imported"), reverse("adminpanel:reconciliation")
    kept = list(ReconciledAccount.objects.filter(since__lt=end).select_related("account"))
    reaching = set(Cutoff.objects.filter(at__gte=end).values_list("account_id", flat=True))
    late = [str(one.account) for one in kept if one.pk not in reaching]
    if late:
        said = _("No statement reaches the end of the period: {names}.")
        return Step(title, MISSING, said.format(names=", ".join(late)), url)
    if not kept:
        return Step(title, DONE, _("No account is reconciled with statements yet."), url)
    return Step(title, DONE, _("All reach the end of the period."), url)


def exceptions(end: datetime) -> Step:
    """Every line and movement until the end is matched, or has an owner."""
    found = standing.exceptions().filter(at__lt=end).order_by()
    counts = found.aggregate(all=Count("pk"), unowned=Count("pk", filter=Q(owner__isnull=True)))
    url = reverse("adminpanel:reconciliation")
    return owned_or_not(_("Statements matched"), counts["all"], counts["unowned"], "", url)


def suspense(end: datetime) -> Step:
    """Items in suspense from before the end: each is linked to an open incident with an owner."""
    found = Transaction.objects.in_suspense().filter(created_at__lt=end).order_by()
    url = reverse("adminpanel:accounts")
    return of_transactions(_("Suspense"), found, url)


def unknown(end: datetime) -> Step:
    """Payments whose outcome is unknown: each is linked to an open incident with an owner."""
    attempts = Attempt.objects.filter(state=State.UNKNOWN).order_by().values("transaction")
    found = Transaction.objects.filter(pk__in=attempts, created_at__lt=end).order_by()
    return of_transactions(_("Outcome unknown"), found, reverse("adminpanel:payouts"))


def of_transactions(title: str, found: QuerySet[Any], url: str) -> Step:
    all_of = found.aggregate(n=Count("pk"), cents=Sum("amount_cents"), since=Min("created_at"))
    if not all_of["n"]:
        return owned_or_not(title, 0, 0, "", url)
    owned = Incident.objects.exclude(state=Incident.State.RESOLVED).filter(owner__isnull=False)
    unowned = found.exclude(pk__in=owned.order_by().values("transactions")).count()
    about = _("{money}, oldest {at}").format(
        money=format_money(int(all_of["cents"])), at=short(all_of["since"])
    )
    return owned_or_not(title, all_of["n"], unowned, f" ({about})", url)


def owned_or_not(title: str, count: int, unowned: int, about: str, url: str) -> Step:
    """`about` is text after the numbers."""
    if not count:
        return Step(title, DONE, _("Nothing is open."), url)
    said = f"{title}: " + ngettext("{n} open", "{n} open", count).format(n=count) + about
    if unowned:
        without = ngettext("{n} without an owner", "{n} without an owner", unowned)
        return Step(title, MISSING, f"{said}, {without.format(n=unowned)}.", url)
    return Step(title, OWNED, f"{said}, {_('all owned')}.", url)


def short(at: datetime | None) -> str:
    return date_format(localtime(at), "j M Y, H:i") if at else ""
