"""Queries about proposals of any model."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet, Value

from adminpanel.models.proposals import Proposal, State
from ledger.models import Transaction
from wallet.models import Account, User


def is_party(record: Transaction, person_id: int) -> bool:
    """Is one side of this transaction this person's wallet or goal?"""
    theirs = Account.objects.filter(user=person_id).values_list("pk", flat=True)
    return not {record.from_account_id, record.to_account_id}.isdisjoint(theirs)


def to_decide[P: Proposal](model: type[P], reader: User) -> QuerySet[P]:
    """Proposals this person may decide: open ones made by a colleague."""
    waiting: QuerySet[P] = model._default_manager.filter(state=State.PROPOSED)
    return waiting.exclude(proposed_by=reader)


def in_tab[P: Proposal](found: QuerySet[P], tab: str, reader: User) -> QuerySet[P]:
    """Proposals of a tab: `decided`, or open ones, made by the reader (`yours`) or by others."""
    waiting, own = Q(state__in=Proposal.OPEN), Q(proposed_by=reader)
    if tab == "decided":
        return found.exclude(waiting)
    return found.filter(waiting, own if tab == "yours" else ~own)


def count_to_decide(reader: User, *models: type[Proposal]) -> list[int]:
    """How many proposals of each model this person may decide, in one query."""
    one, *others = (
        to_decide(model, reader)
        .order_by()
        .annotate(number=Value(number))
        .values("number")
        .annotate(count=Count("pk"))
        .values_list("number", "count")
        for number, model in enumerate(models)
    )
    found = dict(one.union(*others, all=True).order_by())
    return [found.get(number, 0) for number in range(len(models))]
