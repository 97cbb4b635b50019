"""How a statement and our books stand at its end: the equation, the places, the lists of lines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count, Q, Sum
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from adminpanel.models import Cutoff, Movement, ReconciledAccount, Statement
from adminpanel.models.matches import MovementQuerySet, Place
from adminpanel.reconciliation.our_balance import balance_until

OPEN, SUGGESTED, OWNED, MATCHED = "open", "suggested", "owned", "matched"


class Term(NamedTuple):
    """One part of the difference. `lines` is None if it isn't made of lines."""

    label: str | Promise
    cents: int
    lines: int | None = None


class Equation(NamedTuple):
    """Statement closing minus our closing is the sum of what is open, in whole cents."""

    at: datetime
    statement_cents: int
    ours_cents: int
    terms: Sequence[Term]

    @property
    def difference_cents(self) -> int:
        return self.statement_cents - self.ours_cents

    @property
    def unexplained_cents(self) -> int:
        """0, unless a movement is missing: then the places don't hold all of both books."""
        return self.difference_cents - sum(term.cents for term in self.terms)


def equation(cutoff: Cutoff) -> Equation:
    """Our closing is read from the entries and the statement's from its file. The terms are read
    from the movements, so neither side of the equation knows the other."""
    before_cents = ReconciledAccount.objects.get(pk=cutoff.account_id).before_cents
    terms = [
        Term(_("Before the first statement"), before_cents),
        Term(_("Missing from the statements themselves"), cutoff.gap_cents),
        *(open_terms(cutoff)),
        Term(_("Matched across this moment"), across_cents(cutoff)),
    ]
    return Equation(
        cutoff.at,
        cutoff.closing_cents,
        balance_until(cutoff.account_id, cutoff.at),
        [term for term in terms if term.cents or term.lines],
    )


def open_terms(cutoff: Cutoff) -> list[Term]:
    found = Movement.objects.open().filter(account=cutoff.account_id, at__lte=cutoff.at)
    sums = (
        found.order_by()
        .values("place")
        .annotate(
            lines=Sum("amount_cents", filter=Q(line__isnull=False), default=0),
            entries=Sum("amount_cents", filter=Q(entry__isnull=False), default=0),
            count=Count("pk"),
        )
    )
    by_place = {row["place"]: row for row in sums}
    return [
        Term(place.label, int(row["lines"]) - int(row["entries"]), row["count"])
        for place in Place
        if (row := by_place.get(place))
    ]


def across_cents(cutoff: Cutoff) -> int:
    """Lines minus entries, of matches that began before the end and were complete after it."""
    found = Movement.objects.filter(
        place=Place.MATCHED,
        match__account=cutoff.account_id,
        match__last_at__gt=cutoff.at,
        match__first_at__lte=cutoff.at,
        at__lte=cutoff.at,
    )
    sums = found.aggregate(
        lines=Sum("amount_cents", filter=Q(line__isnull=False), default=0),
        entries=Sum("amount_cents", filter=Q(entry__isnull=False), default=0),
    )
    return int(sums["lines"]) - int(sums["entries"])


def places(statement: Statement, cutoff: Cutoff) -> list[tuple[Place, int]]:
    """How many movements of the statement's period are in each place."""
    counts = dict(
        in_period(statement, cutoff).order_by().values_list("place").annotate(count=Count("pk"))
    )
    return [(place, counts.get(place, 0)) for place in Place]


def in_period(statement: Statement, cutoff: Cutoff) -> MovementQuerySet:
    found = Movement.objects.filter(account=cutoff.account_id, at__lte=cutoff.at)
    return found.filter(at__gte=statement.first_at) if statement.first_at else found


def movements_of_tab(tab: str, statement: Statement, cutoff: Cutoff) -> MovementQuerySet:
    """The movements of a tab. What is open stays on the list of every later statement."""
    if tab == MATCHED:
        return in_period(statement, cutoff).filter(place=Place.MATCHED)
    found = Movement.objects.open().filter(account=cutoff.account_id, at__lte=cutoff.at)
    if tab == OWNED:
        return found.filter(owner__isnull=False)
    if tab == SUGGESTED:
        # `open` is the condition of an index. The suggested entry may be matched since.
        suggesting = Movement.objects.open().filter(
            account=cutoff.account_id, suggests__place=Place.OURS
        )
        lines = suggesting.order_by().values("pk")
        return found.filter(Q(pk__in=lines) | Q(suggested_by__in=lines)).distinct()
    return found


def with_sides(movements: MovementQuerySet) -> MovementQuerySet:
    """Join what a list shows."""
    parties = ("transaction__from_account__user", "transaction__to_account__user")
    return movements.select_related("line", "owner", "suggests__transaction", *parties)


def late_since() -> datetime:
    """Movements of ours from before this moment should have been seen by their rail."""
    return timezone.now() - timedelta(hours=settings.RECONCILE_AFTER_HOURS)


def is_exception() -> Q:
    """Movements that someone has to look at: all open ones, except fresh ones of ours."""
    return ~Q(place=Place.MATCHED) & (~Q(place=Place.OURS) | Q(at__lte=late_since()))


def exceptions() -> MovementQuerySet:
    return Movement.objects.open().filter(is_exception())
