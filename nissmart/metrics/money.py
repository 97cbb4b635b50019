"""How the money is: payouts, floats, reconciliation, closes, incidents."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.db.models import Count, Min, Sum
from django.db.models.functions import Abs
from django.utils import timezone

from adminpanel.models import Incident
from adminpanel.payouts.queries import in_states
from adminpanel.reconciliation import standing
from ledger import rails
from ledger.models import Books, Pause
from ledger.models.attempts import State
from ledger.querysets import day_start, nairobi_day
from ledger.rollups import house_balance
from nissmart.metrics.gauges import Gauge, age_s, by, gauge, second


def payouts() -> Iterator[Gauge]:
    now = timezone.now()
    states = (State.HELD, State.READY, State.SENDING, State.SENT, State.UNKNOWN)
    found = in_states(states).order_by().values_list("state").annotate(Count("pk"), Min("sent_at"))
    counted = {state: (count, since) for state, count, since in found}
    yield by(
        "state",
        "payouts",
        "Payouts that haven't ended, by state.",
        {state.value: counted.get(state, (0, None))[0] for state in states},
    )
    yield gauge(
        "oldest_unknown_payout_seconds",
        "How long the oldest payout whose outcome is unknown has been out; 0 if there is none.",
        age_s(counted.get(State.UNKNOWN, (0, None))[1], now),
    )
    holding = set(Pause.objects.holding(now).values_list("rail", flat=True))
    paused = {rail.code: bool(holding & {"", rail.code}) for rail in rails.every()}
    yield by("rail", "payouts_paused", "1 if payouts on this rail are paused.", paused)


def floats() -> Iterator[Gauge]:
    """Of the rail in use, and of those that hold money. Others would raise alarm with their 0."""
    found = {rail.code: -house_balance(rail.float_account.id) for rail in rails.every()}
    used = {code: cents for code, cents in found.items() if cents or code == settings.RAIL}
    yield by("rail", "float_cents", "Our money at a rail, by our books.", used)


def reconciliation() -> Iterator[Gauge]:
    sized = standing.exceptions().annotate(size_cents=Abs("amount_cents"))
    found = sized.order_by().aggregate(n=Count("pk"), cents=Sum("size_cents"), since=Min("at"))
    yield gauge(
        "reconciliation_exceptions",
        "Lines that the statements and the books don't share.",
        found["n"],
    )
    yield gauge("reconciliation_exceptions_cents", "The sum of their sizes.", found["cents"] or 0)
    yield gauge(
        "reconciliation_oldest_exception_seconds",
        "How old the oldest of them is; 0 if there is none.",
        age_s(found["since"], timezone.now()),
    )


def closes() -> Iterator[Gauge]:
    """No samples before the first close."""
    open_from = Books.objects.open_from()
    yield gauge(
        "books_open_from_timestamp_seconds", "Where the open books begin.", second(open_from)
    )
    waiting = (day_start(nairobi_day()) - open_from).days if open_from else None
    yield gauge("days_to_close", "Days that are over and not closed.", waiting)


def incidents() -> Iterator[Gauge]:
    unresolved = Incident.objects.exclude(state=Incident.State.RESOLVED).order_by()
    counted = dict(unresolved.values_list("severity").annotate(Count("pk")))
    yield by(
        "severity",
        "open_incidents",
        "Incidents that aren't resolved.",
        {one.value: counted.get(one.value, 0) for one in Incident.Severity},
    )
