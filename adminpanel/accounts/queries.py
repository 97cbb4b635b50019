"""The trial balance, and the entries of one account with the balance after each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from ledger import kinds, rollups
from ledger.models import Entry, HouseBalance
from ledger.querysets import day_start, nairobi_day
from ledger.rollups import MEMBERS, Total
from wallet import house
from wallet.models import Account
from wallet.web import paging


class Line(NamedTuple):
    """One account of the trial balance. Either its debit or its credit is 0."""

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
    """Every account's balance at the end of this Nairobi day, or now."""
    found = rollups.totals(until=until)
    members = house.HouseAccount(
        MEMBERS,
        "members",
        _("Members' wallets"),
        _("What Nissmart owes its members: the sum of all wallets."),
    )
    return [
        Line(one.id, str(one.label), str(one.purpose), sum_of(found, one.id).net_cents)
        for one in (members, *house.all_accounts())
    ]


class Turnover(NamedTuple):
    """Everything ever debited and credited to a house account, and its balance."""

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
    """The account's entries, with both parties loaded."""
    lines = Entry.objects.filter(account=account).select_related(
        "transaction__from_account__user", "transaction__to_account__user"
    )
    # Only entries of house accounts have no balance. This condition selects their index by time.
    return lines if account.user_id else lines.filter(balance_after_cents__isnull=True)


def of_type(account: Account, lines: QuerySet[Entry], type: str) -> QuerySet[Entry]:
    """The account's entries that belong to transactions of this type."""
    # `transaction_shape_by_type` makes these the same condition. Reversals are rare and indexed.
    if kinds.of(type).takes_back:
        return lines.filter(transaction__reverses__isnull=False)
    if kinds.of(type).takes_part:
        return lines.filter(transaction__part_of__isnull=False)
    if account.user_id is None and not has_any(account.pk, type):
        # Otherwise the query would scan all the account's entries to find none.
        return lines.none()
    return lines.filter(transaction__type=type)


def has_any(house_id: int, type: str) -> bool:
    return any((total.house_id, total.type) == (house_id, type) for total in rollups.totals())


def page(
    entries: QuerySet[Entry], account: Account, cursor: str | None, size: int, *, by_time: bool
) -> paging.Page[Entry]:
    """A page of these entries of the account, newest first.

    Ordered by id. With `by_time`, ordered by time, to use the index of house accounts: entries
    with the same timestamp may then swap places.
    """
    own = Entry.objects.filter(account=account)
    return paging.page(entries, cursor, size, among=own, time="created_at" if by_time else "")


def with_balances(lines: Sequence[Entry], *, has_gaps: bool) -> list[tuple[Entry, int]]:
    """Pair each entry of one account with the balance after it. Newest first.

    A member's entry holds its balance. For a house account, the roll-ups give the first balance
    and subtraction gives the rest. When a filter leaves entries out (`has_gaps`), the roll-ups
    give each balance.
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
    """`rollups.house_balance` after each of these entries, in one query."""
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
            # NULL when the roll-up already includes the entry itself.
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
    """The last entry of a member's account at or before this time.

    Entries are written under the account's lock, so their ids and times have the same order.
    """
    lines = Entry.objects.filter(account=account, created_at__lte=at)
    return lines.select_related("transaction").order_by("-pk").first()


def house_balance_at(account: Account, at: datetime) -> int:
    """A house account's balance at this time: debits minus credits.

    The roll-ups give the days before. The index by time finds the entries of the same day.
    """
    day = nairobi_day(at)
    before = sum_of(rollups.totals(until=day - timedelta(days=1)), account.pk)
    lines = lines_of(account).filter(created_at__gte=day_start(day), created_at__lte=at)
    on_the_day = lines.aggregate(cents=Sum("amount_cents", default=0))
    return -(before.net_cents + int(on_the_day["cents"]))


def in_days(first: date | None, last: date | None) -> Q:
    """Entries from `first` to `last`, Nairobi days, both included."""
    days = Q()
    if first:
        days &= Q(created_at__gte=day_start(first))
    if last:
        days &= Q(created_at__lt=day_start(last + timedelta(days=1)))
    return days
