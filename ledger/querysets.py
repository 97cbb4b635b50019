"""Reads of transactions: each a method that can be chained."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import F, Q, Sum
from django.utils import timezone

from ledger.references import REFERENCE
from ledger.status import Status

if TYPE_CHECKING:
    from ledger.models import Transaction  # noqa: F401, named as text below
    from wallet.models import Account, User


# Days are those of Nairobi, whatever time zone a thread has been put into.
NAIROBI = timezone.get_default_timezone()


def day_start(day: date) -> datetime:
    """Midnight in Nairobi."""
    return datetime.combine(day, time.min, NAIROBI)


def next_day_start(day: date) -> datetime:
    """Midnight in Nairobi at the end of this day."""
    return day_start(day + timedelta(days=1))


class TransactionQuerySet(models.QuerySet["Transaction"]):
    def of_member(self, user: User) -> Self:
        """What this person may see: money into or out of an account of theirs."""
        return self.filter(Q(from_account__user=user) | Q(to_account__user=user))

    def with_parties(self) -> Self:
        return self.select_related("from_account__user", "to_account__user")

    def with_reversal(self) -> Self:
        """With what each of them reverses, and what has reversed it."""
        return self.select_related("reverses", "reversed_by")

    def between(self, first: date | None, last: date | None) -> Self:
        """Ordered on these Nairobi days, both included."""
        found = self
        if first:
            found = found.filter(created_at__gte=day_start(first))
        if last:
            found = found.filter(created_at__lt=next_day_start(last))
        return found

    def pending_out_cents(self, account: Account) -> int:
        """Money that has left the account and has not arrived yet."""
        pending = self.filter(from_account=account, status=Status.PENDING)
        return int(pending.aggregate(cents=Sum("amount_cents", default=0))["cents"])

    def payee_of(self, reference: str) -> User | None:
        """Who got the money of the transaction of this reference; None if there is none."""
        if not REFERENCE.fullmatch(reference):
            return None
        record = self.filter(reference=reference).select_related("to_account__user").first()
        return record.to_account.user if record and record.to_account else None

    def in_status(self, status: str) -> Self:
        """In this status, found by the index of those few that have not succeeded."""
        found = self.filter(status=status)
        # SQLite uses that index only where its condition is spelled out.
        return found if status == Status.SUCCESS else found.exclude(status=Status.SUCCESS)

    def newer_than(self, reference: str) -> Self:
        """What was ordered after the transaction of this reference: nothing, if there is none."""
        return self.filter(pk__gt=self.model._default_manager.named(reference).values("pk"))

    def reversed(self) -> Self:
        """What a reversal has taken back, found from the reversals, which are few."""
        reversals = self.model._default_manager.filter(reverses__isnull=False)
        return self.filter(pk__in=reversals.order_by().values("reverses"))

    def settled_later(self) -> Self:
        """What was not settled in the moment it was ordered, but has been since."""
        return self.filter(settled_at__gt=F("created_at"))

    def settled_after(self, reference: str) -> Self:
        """What was settled after the transaction of this reference: nothing, if there is none."""
        earlier = self.model._default_manager.named(reference)
        return self.filter(settled_at__gt=earlier.values("settled_at"))

    def named(self, *references: str) -> Self:
        """Those with these references, which may be any text."""
        # What can't be one is not asked for: PostgreSQL refuses some texts.
        known = [text for text in references if REFERENCE.fullmatch(text)]
        return self.order_by().filter(reference__in=known)

    def last_id(self) -> int:
        """The newest transaction's id; 0 when there is none."""
        return self.order_by("-pk").values_list("pk", flat=True).first() or 0
