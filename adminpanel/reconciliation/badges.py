"""Whether a transaction is reconciled, as staff see it: a badge, a filter, a count."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from adminpanel.models import Movement
from adminpanel.models.matches import Place
from adminpanel.reconciliation.standing import exceptions, is_exception, late_since
from ledger.models import Transaction
from ledger.querysets import TransactionQuerySet
from ledger.status import Badge

UNRECONCILED, MATCHED, EXCEPTION = "unreconciled", "matched", "exception"
BADGES = {
    UNRECONCILED: Badge(_("Unreconciled"), "calm", "clock"),
    MATCHED: Badge(_("Matched"), "good", "check"),
    EXCEPTION: Badge(_("Exception"), "bad", "alert"),
}
CHOICES = [(name, badge.word) for name, badge in BADGES.items()]


class Reconciled(NamedTuple):
    """The badge of a transaction, and the movement of it that the badge is about."""

    badge: Badge
    movement_id: int


def of(record: Transaction) -> Reconciled | None:
    """None if it moved nothing on an account whose statements are imported."""
    if not (record.rail or record.kind.is_correction):
        return None
    movements = Movement.objects.filter(transaction=record).annotate(
        is_exception=Exists(Movement.objects.filter(is_exception(), pk=OuterRef("pk")))
    )
    found = list(movements.order_by("pk"))
    wrong = [one for one in found if one.is_exception]
    waiting = [one for one in found if one.is_open]
    for name, those in ((EXCEPTION, wrong), (UNRECONCILED, waiting), (MATCHED, found)):
        if those:
            return Reconciled(BADGES[name], those[0].pk)
    return None


def narrow(records: TransactionQuerySet, name: str) -> TransactionQuerySet:
    """The transactions with this badge. The few that are open begin at their own index."""
    wrong = exceptions().order_by().filter(transaction__isnull=False).values("transaction")
    if name == EXCEPTION:
        return records.filter(pk__in=wrong)
    fresh = Movement.objects.open().filter(place=Place.OURS, at__gt=late_since())
    if name == UNRECONCILED:
        waiting = fresh.order_by().values("transaction")
        return records.filter(pk__in=waiting).exclude(pk__in=wrong)
    own = Movement.objects.filter(transaction=OuterRef("pk"))
    return records.filter(Exists(own), ~Exists(own.open()))
