"""Queries about corrections."""

from __future__ import annotations

from django.db.models import QuerySet

from adminpanel.models import Correction
from ledger.models import Transaction

LISTED = 50


def corrections() -> QuerySet[Correction]:
    """Every proposal, with all that its page shows."""
    return Correction.objects.select_related(
        "proposed_by",
        "decided_by",
        "source__user",
        "target__user",
        "item",
        "posted__created_by",
    )


def corrections_of(item: Transaction) -> list[Correction]:
    """The newest proposals about an item, newest first."""
    return list(corrections().filter(item=item).order_by("-pk")[:LISTED])


def resolutions_of(item: Transaction) -> list[Transaction]:
    """What took an item out of suspense, and what tried to, newest first."""
    return list(item.resolutions.with_parties().order_by("-pk")[:LISTED])
