"""What the team is alerted of now. Each condition returns the subjects it's true of, with a text.

No text names a member: mail and webhooks leave our system.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from adminpanel.integrity import workers
from adminpanel.integrity.queries import failed_checks
from adminpanel.models import Alert, ClaimEnding, ClosingProposal, Correction, ReversalProposal
from adminpanel.models.proposals import Proposal
from adminpanel.models.proposals import State as Proposed
from adminpanel.payouts.queries import in_states
from ledger import rails, rollups
from ledger.models.attempts import State
from wallet.money import format_money

type Texts = dict[str, str]

# A bound, so that a rail that is down doesn't send a mail for each payout.
PAYOUTS_AT_MOST = 20


def checks() -> Texts:
    return {
        result.check_name: _("Check of the books failed: {title}").format(title=result.title)
        for result in failed_checks()
    }


def unknown_payouts() -> Texts:
    before = timezone.now() - timedelta(seconds=settings.ALERT_UNKNOWN_AFTER_S)
    late = in_states((State.UNKNOWN,)).filter(sent_at__lt=before).order_by("pk")
    references = late.values_list("transaction__reference", flat=True)[:PAYOUTS_AT_MOST]
    said = _("The outcome of payout {reference} is unknown. Don't pay again.")
    return {reference: said.format(reference=reference) for reference in references}


def waiting_approvals() -> Texts:
    """One alert for each list, however many wait in it."""
    before = timezone.now() - timedelta(seconds=settings.ALERT_APPROVAL_AFTER_S)
    found = {
        "payouts": wait_since(in_states((State.HELD,)), "created_at", before),
        "reversals": wait_since(proposed(ReversalProposal), "proposed_at", before),
        "adjustments": wait_since(proposed(Correction), "proposed_at", before),
        "claims": wait_since(proposed(ClaimEnding), "proposed_at", before),
        "closes": wait_since(proposed(ClosingProposal), "proposed_at", before),
    }
    said = {
        "payouts": _("Payouts wait for approval: {n}"),
        "reversals": _("Reversals wait for approval: {n}"),
        "adjustments": _("Adjustments wait for approval: {n}"),
        "claims": _("Proposals to end a claim wait for approval: {n}"),
        "closes": _("Closes wait for approval: {n}"),
    }
    return {name: said[name].format(n=count) for name, count in found.items() if count}


def proposed(model: type[Proposal]) -> QuerySet[Any]:
    return model._default_manager.filter(state=Proposed.PROPOSED)


def wait_since(rows: QuerySet[Any], field: str, before: datetime) -> int:
    return rows.filter(**{f"{field}__lt": before}).count()


def low_float() -> Texts:
    """The float of the rail in use. An asset has a negative balance."""
    rail = rails.current()
    cents = -rollups.house_balance(rail.float_account.id)
    if cents >= settings.ALERT_FLOAT_BELOW_CENTS:
        return {}
    said = _("{name} is low: {money}")
    return {rail.code: said.format(name=rail.float_account.label, money=format_money(cents))}


def worker() -> Texts:
    """Jobs that are late or fail, while a worker lives. Without one, no alert can be raised."""
    found = workers.workers()
    said = _("Job of the worker isn't well: {title} ({state})")
    return {
        line.code: said.format(title=line.job.title, state=line.badge.word)
        for line in found.wrong
        if found.alive and line.row
    }


CONDITIONS: dict[Alert.Kind, Callable[[], Texts]] = {
    Alert.Kind.CHECK: checks,
    Alert.Kind.UNKNOWN: unknown_payouts,
    Alert.Kind.APPROVAL: waiting_approvals,
    Alert.Kind.FLOAT: low_float,
    Alert.Kind.WORKER: worker,
}
