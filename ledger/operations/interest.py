"""Pay the interest of a savings goal, and withhold the tax on it.

A day's interest follows from the balance at its end, in Nairobi, and the rate of that day. Both are
in the books for good, so nothing is stored by day. It's added up in units of which UNITS_PER_CENT
make a cent, and a month pays its full cents. The rest goes on to the next month, so nothing is ever
rounded. A year has 365 days, so a leap year earns one day more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

from ledger.kinds import INTEREST, TAX
from ledger.models import Entry, Goal, InterestPaid, InterestRate, Transaction
from ledger.models.interest import POINTS, UNITS_PER_CENT, Version, percent, points_on
from ledger.operations.execution import carry_out
from ledger.operations.orders import Order, PlacedOrder
from ledger.querysets import day_start, nairobi_day, next_day_start
from wallet import messages
from wallet.db.retries import committed
from wallet.messages import Topic
from wallet.models import Account
from wallet.money import format_money

DAY = timedelta(days=1)
Purpose = InterestRate.Purpose


@dataclass
class Rates:
    """The rates that count, read once."""

    interest: list[Version] = field(
        default_factory=lambda: InterestRate.objects.versions(Purpose.GOALS)
    )
    tax: list[Version] = field(default_factory=lambda: InterestRate.objects.versions(Purpose.TAX))

    @property
    def begins_on(self) -> date | None:
        """The first day with a rate of interest. None if there never was one."""
        return min((one.from_date for one in self.interest if one.basis_points), default=None)

    def earns_between(self, first: date, last: date) -> bool:
        """Is there any interest on one of these days?"""
        begins = (one for one in self.interest if first < one.from_date <= last)
        days = [first, *(one.from_date for one in begins)]
        return any(points_on(self.interest, day) for day in days)


class Span(NamedTuple):
    """The days of one month that a row pays for."""

    first: date
    last: date

    @property
    def month(self) -> date:
        return self.last.replace(day=1)


@committed
def pay_interest(*, goal_id: int, through: date) -> int:
    """Pay a goal its interest for each month up to this day, once. Returns how many months.

    A closed goal was paid when it was closed. Raises Busy.
    """
    account = Account.objects.select_for_update().get(pk=goal_id, kind=Account.Kind.GOAL)
    return 0 if account.closed_at else pay_through(account, through)


def pay_through(account: Account, through: date) -> int:
    """Pay this goal's months in the open transaction. Its account is locked."""
    rates = Rates()
    last = InterestPaid.objects.filter(goal=account.pk).order_by("-month").first()
    spans = list(unpaid(rates, last, through))
    for span in spans:
        last = pay_span(account, span, rates, last)
    if spans:
        account.refresh_from_db(fields=["balance_cents"])
    return len(spans)


def unpaid(rates: Rates, last: InterestPaid | None, through: date) -> Iterator[Span]:
    """The months with a rate after this row and up to this day; the last may be cut."""
    first = last.through_day + DAY if last else rates.begins_on
    while first and first <= through:
        end = min(month_end(first), through)
        if rates.earns_between(first, end):
            yield Span(first, end)
        first = end + DAY


def pay_span(account: Account, span: Span, rates: Rates, last: InterestPaid | None) -> InterestPaid:
    units = accrued(account.pk, span.first, span.last, rates.interest)
    carried = last.carried_units if last else 0
    gross_cents, carried = divmod(units + carried, UNITS_PER_CENT)
    tax_points = points_on(rates.tax, span.last)
    tax_carried = last.tax_carried if last else 0
    tax_cents, tax_carried = divmod(gross_cents * tax_points + tax_carried, POINTS)
    interest = post(account, Order(INTEREST, gross_cents, target_id=account.pk))
    tax = post(account, Order(TAX, tax_cents, source_id=account.pk))
    row = InterestPaid.objects.create(
        goal_id=account.pk,
        month=span.month,
        through_day=span.last,
        units=units,
        carried_units=carried,
        gross_cents=gross_cents,
        tax_cents=tax_cents,
        tax_carried=tax_carried,
        interest=interest,
        tax=tax,
    )
    if interest:
        alert(account, interest, tax_cents)
    return row


def alert(account: Account, interest: Transaction, tax_cents: int) -> None:
    """Tell the member, in the transaction that pays it."""
    assert account.user_id
    holds = Entry.objects.filter(account=account).order_by("-pk").values_list("balance_after_cents")
    [balance_cents] = holds[0]
    messages.alert(
        account.user_id,
        Topic.INTEREST_PAID,
        reference=interest.reference,
        amount=format_money(interest.amount_cents),
        name=Goal.objects.values_list("name", flat=True).get(pk=account.pk),
        tax=format_money(tax_cents),
        balance=format_money(balance_cents or 0),
        at=messages.moment(interest.created_at),
    )


def post(account: Account, order: Order) -> Transaction | None:
    """Carry out this order. None if it's for no cents."""
    assert account.user_id
    if not order.amount_cents:
        return None
    # No key: the member's own could be the same. The row of the month is what is unique.
    return carry_out(PlacedOrder(order, account.user_id, None))


def accrued(account_id: int, first: date, last: date, rates: list[Version]) -> int:
    """The units that this account earned on these days, each by its balance at the day's end."""
    entries = Entry.objects.filter(account=account_id)
    before = entries.filter(created_at__lt=day_start(first)).order_by("-pk")
    cents = before.values_list("balance_after_cents", flat=True).first() or 0
    within = entries.filter(created_at__gte=day_start(first), created_at__lt=next_day_start(last))
    rows = within.order_by("pk").values_list("created_at", "balance_after_cents")
    closing = {nairobi_day(at): after or 0 for at, after in rows}
    units, day = 0, first
    while day <= last:
        cents = closing.get(day, cents)
        units += cents * points_on(rates, day)
        day += DAY
    return units


class SoFar(NamedTuple):
    """What a goal has earned since interest was last paid, and when it's paid next."""

    cents: int
    paid_on: date
    points: int
    tax_points: int

    @property
    def rate(self) -> str:
        return percent(self.points)

    @property
    def tax_rate(self) -> str:
        return percent(self.tax_points)


def earned_so_far(
    account: Account, now: datetime | None = None, rates: Rates | None = None
) -> SoFar | None:
    """None for a closed goal, and without a rate today. Yesterday is the last day that counts."""
    rates, today = rates or Rates(), nairobi_day(now or timezone.now())
    points = points_on(rates.interest, today)
    if not points or account.closed_at:
        return None
    last = InterestPaid.objects.filter(goal=account.pk).order_by("-month").first()
    units = last.carried_units if last else 0
    for span in unpaid(rates, last, today - DAY):
        units += accrued(account.pk, span.first, span.last, rates.interest)
    paid_on = month_end(today) + DAY
    tax_points = points_on(rates.tax, today)
    return SoFar(units // UNITS_PER_CENT, paid_on, points, tax_points)


def month_end(day: date) -> date:
    """The last day of the month of this day."""
    return (day.replace(day=28) + 4 * DAY).replace(day=1) - DAY
