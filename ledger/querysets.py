"""Queries of transactions, as chainable methods."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Self

from django.apps import apps
from django.db import models
from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from ledger import kinds
from ledger.kinds import Place, Resolves
from ledger.references import REFERENCE
from ledger.status import Status
from wallet.days import NAIROBI as NAIROBI
from wallet.days import nairobi_day as nairobi_day

if TYPE_CHECKING:
    from ledger.models import Transaction  # noqa: F401, named as text below
    from wallet.models import Account, User


def day_start(day: date) -> datetime:
    """Midnight in Nairobi at the start of this day."""
    return datetime.combine(day, time.min, NAIROBI)


def next_day_start(day: date) -> datetime:
    """Midnight in Nairobi at the end of this day."""
    return day_start(day + timedelta(days=1))


def to_time(at: datetime | str) -> datetime:
    """SQLite returns naive UTC datetimes, as text."""
    if isinstance(at, str):
        at = datetime.fromisoformat(at)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def moment(at: datetime) -> str:
    """`14:20 today`, `14:20 on 29 November` on any other day, Nairobi time."""
    local = timezone.localtime(at, NAIROBI)
    words = _("{time} today") if local.date() == nairobi_day() else _("{time} on {day}")
    return words.format(time=date_format(local, "H:i"), day=date_format(local, "j F"))


def parts_of(pk: OuterRef) -> Coalesce:
    """SQL: what partial reversals of a transaction took back together."""
    part = apps.get_model("ledger", "Transaction")._default_manager.order_by()
    sums = part.filter(part_of=pk).values("part_of").values(cents=Sum("amount_cents"))
    return Coalesce(Subquery(sums, output_field=BigIntegerField()), 0)


def item_codes() -> list[str]:
    """The kinds of transactions that may put money into suspense or take some out."""
    return [
        kind.code
        for kind in kinds.every()
        if kind.resolves != Resolves.ALWAYS
        and any(
            shape.rests(status)[Place.SUSPENSE] for shape in kind.shapes for status in shape.books
        )
    ]


def is_item() -> Q:
    """Transactions that put money into suspense or take some out, and resolve no other item."""
    found = Q(pk__in=[])
    for kind in kinds.every():
        for shape in kind.shapes:
            ends = [status for status in shape.books if shape.rests(status)[Place.SUSPENSE]]
            has_rail = {"rail__gt": ""} if shape.uses_rail else {"rail": ""}
            # A reversal moves money into suspense only if it has no target. Not `isnull`: SQLite
            # would search the index of null targets, which reads every withdrawal.
            has_target = Q(to_account__gt=0)
            side = has_target if shape.names[1] else ~has_target
            if ends and kind.resolves != Resolves.ALWAYS:
                found |= Q(side, type=kind.code, status__in=ends, **has_rail)
    return found & Q(resolves__isnull=True)


class TransactionQuerySet(models.QuerySet["Transaction"]):
    def of_member(self, user: User) -> Self:
        """Transactions this member may see. Find one with it, and list them with `of_accounts`."""
        return self.filter(Q(from_account__user=user) | Q(to_account__user=user))

    def of_accounts(self, *ids: int) -> Self:
        """Transactions into or out of these accounts, read along the indexes of both sides."""
        return self.filter(Q(from_account__in=ids) | Q(to_account__in=ids))

    def paid_by(self, source_id: int, target_id: int) -> Self:
        """Transfers from this wallet to that one, along the index of one of them."""
        return self.filter(
            from_account_id=source_id, to_account_id=target_id, type=kinds.TRANSFER.code
        )

    def between_wallets(self, one_id: int, other_id: int) -> Self:
        """Transfers between these wallets, either way."""
        there = Q(from_account_id=one_id, to_account_id=other_id)
        back = Q(from_account_id=other_id, to_account_id=one_id)
        return self.filter(there | back, type=kinds.TRANSFER.code)

    def with_parties(self) -> Self:
        return self.select_related("from_account__user", "to_account__user")

    def with_reversal(self) -> Self:
        """Load the transaction that each one reverses, the one that reversed it, and how much
        partial reversals took back."""
        found = self.select_related("reverses", "part_of", "reversed_by")
        return found.annotate(parts_cents=parts_of(OuterRef("pk")))

    def parts_cents(self, pk: int) -> int:
        """What partial reversals of this transaction took back together."""
        found = self.model._default_manager.filter(part_of=pk)
        return int(found.aggregate(cents=Sum("amount_cents", default=0))["cents"])

    def with_attempt(self) -> Self:
        """Load the try of each one on its rail, if it has one."""
        return self.select_related("attempt")

    def with_payment(self) -> Self:
        """Load the try of each one on its rail, and who approved it: one query more for all."""
        return self.with_attempt().prefetch_related("attempt__approvals")

    def for_members(self) -> Self:
        """Load all that members' pages show of each one."""
        found = self.with_parties().with_reversal().with_attempt()
        return found.select_related("from_account__goal", "to_account__goal")

    def with_balance_after(self, account: Account) -> Self:
        """Load the balance of `account` after the last entry of each one. None before the first."""
        entries = apps.get_model("ledger", "Entry")._default_manager.filter(
            account=account, transaction=OuterRef("pk")
        )
        last = entries.order_by("-pk").values("balance_after_cents")[:1]
        return self.annotate(balance_after_cents=Subquery(last))

    def pending_of(self, account: Account) -> Self:
        """The account's transactions that haven't ended, newest first."""
        own = Q(from_account=account) | Q(to_account=account)
        return self.filter(own).in_status(Status.PENDING).order_by("-pk")

    def between(self, first: date | None, last: date | None) -> Self:
        """Transactions ordered from `first` to `last` (Nairobi days, both included)."""
        found = self
        if first:
            found = found.filter(created_at__gte=day_start(first))
        if last:
            found = found.filter(created_at__lt=next_day_start(last))
        return found

    def settled_between(self, first: date | None, last: date | None) -> Self:
        """Transactions settled from `first` to `last` (Nairobi days, both included).

        Those that were instant by the index of `created_at`, the few others by that of
        `settled_at`.
        """
        if not (first or last):
            return self.filter(settled_at__isnull=False)
        instant, later = Q(settled_at=F("created_at")), Q(settled_at__gt=F("created_at"))
        if first:
            instant &= Q(created_at__gte=day_start(first))
            later &= Q(settled_at__gte=day_start(first))
        if last:
            instant &= Q(created_at__lt=next_day_start(last))
            later &= Q(settled_at__lt=next_day_start(last))
        return self.filter(instant | later)

    def moved_between(self, first: date | None, last: date | None) -> Self:
        """Transactions with an entry of these days (Nairobi, both included) on a member's account.

        Entries are written when a transaction is ordered or when it settles, so those two times
        find the few that may have one.
        """
        later = Q(settled_at__gt=F("created_at"))
        ordered = Q()
        if first:
            ordered &= Q(created_at__gte=day_start(first))
            later &= Q(settled_at__gte=day_start(first))
        if last:
            ordered &= Q(created_at__lt=next_day_start(last))
            later &= Q(settled_at__lt=next_day_start(last))
        entry = apps.get_model("ledger", "Entry")
        entries = entry.objects.filter(ordered, transaction=OuterRef("pk"), account__gt=0)
        found = self.filter(ordered | later) if first or last else self
        return found.filter(Exists(entries.order_by()))

    def pending_out_cents(self, account: Account) -> int:
        """The sum of the account's pending payouts, with their fees."""
        pending = self.filter(from_account=account, status=Status.PENDING)
        taken = Sum(F("amount_cents") + F("fee_cents"), default=0)
        return int(pending.aggregate(cents=taken)["cents"])

    def payee_of(self, reference: str) -> User | None:
        """The member who received this transaction, if there is one."""
        if not REFERENCE.fullmatch(reference):
            return None
        record = self.filter(reference=reference).select_related("to_account__user").first()
        return record.to_account.user if record and record.to_account else None

    def in_status(self, status: str) -> Self:
        """Transactions in this status. Uses the partial index of those that haven't succeeded."""
        found = self.filter(status=status)
        # SQLite uses a partial index only if the query repeats its condition.
        return found if status == Status.SUCCESS else found.exclude(status=Status.SUCCESS)

    def newer_than(self, reference: str) -> Self:
        """Transactions ordered after this one. Empty if the reference is unknown."""
        return self.filter(pk__gt=self.model._default_manager.by_reference(reference).values("pk"))

    def reversed(self) -> Self:
        """Those that a reversal took back, wholly or in part."""
        every = self.model._default_manager.order_by()
        whole = every.filter(reverses__isnull=False).values("reverses")
        parts = every.filter(part_of__isnull=False).values("part_of")
        # Starts from the few reversals. Two subqueries joined by OR would read every transaction.
        return self.filter(pk__in=whole.union(parts, all=True))

    def in_suspense(self) -> Self:
        """Items whose money is in suspense or is lacking there, and which nothing has resolved."""
        resolving = self.model._default_manager.filter(resolves=OuterRef("pk"))
        resolving = resolving.order_by().exclude(status=Status.FAILED)
        # By the small index of each kind. SQLite uses none of them for kinds joined by OR.
        every = self.model._default_manager.order_by().values("pk")
        first, *others = (every.filter(type=code) for code in item_codes())
        rare = first.union(*others, all=True)
        return self.filter(is_item(), ~Exists(resolving), pk__in=rare)

    def settled_later(self) -> Self:
        """Transactions that waited for their rail before they settled."""
        return self.filter(settled_at__gt=F("created_at"))

    def settled_after(self, reference: str) -> Self:
        """Transactions settled after this one. Empty if the reference is unknown."""
        earlier = self.model._default_manager.by_reference(reference)
        return self.filter(settled_at__gt=earlier.values("settled_at"))

    def by_reference(self, *references: str) -> Self:
        """Transactions with these references. Ignores text that can't be a reference."""
        # Such text never reaches the database: PostgreSQL raises for a null character.
        valid = [text for text in references if REFERENCE.fullmatch(text)]
        return self.order_by().filter(reference__in=valid)

    def last_id(self) -> int:
        """The newest transaction's id; 0 when there is none."""
        return self.order_by("-pk").values_list("pk", flat=True).first() or 0
