"""The trial balance, and the lines of one account with what it held after each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger import kinds, rollups
from ledger.models import Entry, HouseBalance
from ledger.querysets import day_start
from ledger.rollups import MEMBERS, Total
from wallet import house
from wallet.models import Account
from wallet.web import paging


class Line(NamedTuple):
    """One account of the trial balance: its balance stands on one side, the other is 0."""

    account_id: int
    name: str
    purpose: str
    net_cents: int

    @property
    def is_house(self) -> bool:
        return self.account_id != MEMBERS

    @property
    def debit_cents(self) -> int:
        return max(-self.net_cents, 0)

    @property
    def credit_cents(self) -> int:
        return max(self.net_cents, 0)


def trial_balance(until: date | None = None) -> list[Line]:
    """Every account's balance at the end of this Nairobi day; now, without one."""
    found = rollups.totals(until=until)
    members = house.HouseAccount(
        MEMBERS,
        "members",
        _("Members' wallets"),
        _("What the house owes to its members: all their wallets together."),
    )
    return [
        Line(one.id, str(one.label), str(one.purpose), sum_of(found, one.id).net_cents)
        for one in (members, *house.all_accounts())
    ]


class Turnover(NamedTuple):
    """All that has ever gone into a house account, as debits, and out of it; what is left."""

    total: Total
    balance_cents: int


def turnover(house_id: int) -> Turnover:
    total = sum_of(rollups.totals(), house_id)
    return Turnover(total, -total.net_cents)


def sum_of(totals: list[Total], house_id: int) -> Total:
    found = Total(None, "", house_id, 0, 0, 0, 0)
    for total in totals:
        if total.house_id == house_id:
            found = found.plus(total)
    return found


def lines_of(account: Account) -> QuerySet[Entry]:
    """Its entries with all that a line shows."""
    lines = Entry.objects.filter(account=account).select_related(
        "transaction__from_account__user", "transaction__to_account__user"
    )
    # Only house accounts keep none: said so that their own index by time is used.
    return lines if account.user_id else lines.filter(balance_after_cents__isnull=True)


def of_type(account: Account, lines: QuerySet[Entry], type: str) -> QuerySet[Entry]:
    """Those of the account's lines that transactions of this type have written."""
    if kinds.of(type).takes_back:
        # The same by `transaction_shape_by_type`; the rare ones are found by their index.
        return lines.filter(transaction__reverses__isnull=False)
    if account.user_id is None and not has_any(account.pk, type):
        # What is not there would be looked for along all the lines that are.
        return lines.none()
    return lines.filter(transaction__type=type)


def has_any(house_id: int, type: str) -> bool:
    return any((total.house_id, total.type) == (house_id, type) for total in rollups.totals())


def page(
    entries: QuerySet[Entry], account: Account, cursor: str | None, size: int, *, by_time: bool
) -> paging.Page[Entry]:
    """A page of these lines of the account, newest first.

    In the order they were written. Those of a period are walked by time, along the index of
    house accounts: two lines of one moment may then change places.
    """
    own = Entry.objects.filter(account=account)
    return paging.page(entries, cursor, size, among=own, time="created_at" if by_time else "")


def with_balances(lines: Sequence[Entry], *, has_gaps: bool) -> list[tuple[Entry, int]]:
    """These lines of one account, newest first, each with what was there once it was written.

    A member's line says it itself. Of a house account the roll-ups know it at the first one,
    and the others follow by subtraction; where lines in between are left out (`has_gaps`), the
    roll-ups are asked about each.
    """
    if not lines or lines[0].balance_after_cents is not None:
        return [(line, line.balance_after_cents or 0) for line in lines]
    if has_gaps:
        balances = house_balances(lines)
        return [(line, balances[line.pk]) for line in lines]
    after_cents = rollups.house_balance(lines[0].account_id, lines[0].pk)
    found = []
    for line in lines:
        found.append((line, after_cents))
        after_cents -= line.amount_cents
    return found


def house_balances(lines: Sequence[Entry]) -> dict[int, int]:
    """`rollups.house_balance` through each of these lines, in one query."""
    folded = HouseBalance.objects.filter(
        house_id=lines[0].account_id, through_id__lte=OuterRef("pk")
    ).order_by("-through_id")
    since = Entry.objects.order_by().filter(
        account=OuterRef("account"), pk__lte=OuterRef("pk"), pk__gt=OuterRef("folded_id")
    )
    rows = (
        Entry.objects.order_by()
        .filter(pk__in=[line.pk for line in lines])
        .annotate(
            folded_id=Coalesce(Subquery(folded.values("through_id")[:1]), 0),
            folded_cents=Coalesce(Subquery(folded.values("balance_cents")[:1]), 0),
            # None when the line itself is the last one that is folded.
            since_cents=Coalesce(
                Subquery(
                    since.values("account").annotate(cents=Sum("amount_cents")).values("cents")
                ),
                0,
            ),
        )
    )
    found = rows.values_list("pk", "folded_cents", "since_cents")
    return {pk: int(folded_cents) + int(since_cents) for pk, folded_cents, since_cents in found}


def last_line_at(account: Account, at: datetime) -> Entry | None:
    """The last line of a member's account at or before this instant.

    Lines are written under the lock of the account, so they follow one another in time too.
    """
    lines = Entry.objects.filter(account=account, created_at__lte=at)
    return lines.select_related("transaction").order_by("-pk").first()


def house_balance_at(account: Account, at: datetime) -> int:
    """What a house account held at this instant, as debits less credits.

    The days before come from the roll-ups; the lines of its own day have an index by time.
    """
    day = timezone.localdate(at)
    before = sum_of(rollups.totals(until=day - timedelta(days=1)), account.pk)
    lines = lines_of(account).filter(created_at__gte=day_start(day), created_at__lte=at)
    on_the_day = lines.aggregate(cents=Sum("amount_cents", default=0))
    return -(before.net_cents + int(on_the_day["cents"]))


def in_days(first: date | None, last: date | None) -> Q:
    """Written on these Nairobi days, both included."""
    days = Q()
    if first:
        days &= Q(created_at__gte=day_start(first))
    if last:
        days &= Q(created_at__lt=day_start(last + timedelta(days=1)))
    return days
