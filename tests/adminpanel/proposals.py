"""Proposals, for tests about them."""

from __future__ import annotations

from django.contrib.auth.models import Group

from adminpanel.models import ReversalProposal
from adminpanel.operations import reversals
from ledger.models import Transaction
from tests.factories import UserFactory
from wallet.models import AuditEvent, User
from wallet.roles import FINANCE

State = ReversalProposal.State


def finance_person(name: str) -> User:
    user = UserFactory(name=name)
    user.groups.add(Group.objects.get(name=FINANCE))
    return user


def proposed(record: Transaction, by: User, reason: str = "Sent twice.") -> ReversalProposal:
    return reversals.propose(actor_id=by.pk, transaction_id=record.pk, reason=reason)


def acts(record: Transaction) -> list[tuple[str, str | None]]:
    """(act, who) of each event about the transaction, oldest first."""
    events = AuditEvent.objects.filter(subject=f"transaction {record.reference}")
    rows = events.order_by("pk").values_list("action", "actor__name")
    return list(rows)
