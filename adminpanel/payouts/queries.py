"""Queries about payouts and pauses. Every list has a maximum length."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger import rails
from ledger.models import Approval, Arrival, Attempt, Pause, RailEvent, Verdict
from ledger.models.attempts import OPEN, State
from wallet.models import Device, User
from wallet.text import clean_paste

# More rows than this aren't counted: the count of everything ever paid would take too long.
COUNTED = 1000
EVENTS = 50
RECEIPT = re.compile(r"(?=.*[A-Z])(?=.*[0-9])[!-~]{4,64}", re.ASCII)


class Tab(NamedTuple):
    """A list of payouts. `order` is its heading for screen readers."""

    name: str
    label: str | Promise
    order: str | Promise
    states: tuple[State, ...]

    @property
    def is_open(self) -> bool:
        """These payouts still wait for something, so the oldest comes first."""
        return self.states[0] in OPEN


TABS = (
    Tab("approve", _("To approve"), _("Waiting for approval, oldest first"), (State.HELD,)),
    Tab(
        "sending",
        _("On the way"),
        _("On the way, oldest first"),
        (State.READY, State.SENDING, State.SENT),
    ),
    Tab("unknown", _("Unknown"), _("Outcome unknown, oldest first"), (State.UNKNOWN,)),
    Tab(
        "failed",
        _("Failed"),
        _("Failed, refused and cancelled, newest first"),
        (State.FAILED, State.CANCELLED),
    ),
    Tab("paid", _("Paid"), _("Paid, newest first"), (State.SUCCEEDED,)),
)


class Tally(NamedTuple):
    """How many payouts a tab has, and their sum. `cents` is None where it isn't added up."""

    payouts: int = 0
    cents: int | None = None

    @property
    def text(self) -> str:
        return f"{COUNTED - 1}+" if self.payouts >= COUNTED else str(self.payouts)


def tab_named(name: str) -> Tab:
    """The tab with this name, or the first one."""
    return next((tab for tab in TABS if tab.name == name), TABS[0])


def tallies() -> dict[str, Tally]:
    """The tally of each tab."""
    states = in_states(OPEN).order_by().values_list("state")
    rows = states.annotate(count=Count("pk"), cents=Sum("transaction__amount_cents"))
    found = {state: (count, cents) for state, count, cents in rows}
    return {
        tab.name: open_tally(tab, found) if tab.is_open else Tally(count_up_to_limit(tab))
        for tab in TABS
    }


def open_tally(tab: Tab, found: dict[str, tuple[int, int]]) -> Tally:
    counts, sums = zip(*(found.get(state, (0, 0)) for state in tab.states), strict=True)
    return Tally(sum(counts), sum(sums))


def count_up_to_limit(tab: Tab) -> int:
    return in_states(tab.states).order_by()[:COUNTED].count()


def in_states(states: tuple[State, ...]) -> QuerySet[Attempt]:
    """Payouts in one of these states."""
    found = Attempt.objects.payouts().filter(state__in=states)
    # SQLite uses the partial index only if the query repeats its condition.
    return found if State.SUCCEEDED in states else found.exclude(state=State.SUCCEEDED)


def payouts() -> QuerySet[Attempt]:
    """Every payout, with its member."""
    return with_member(Attempt.objects.payouts())


def transactions_named(text: str) -> list[int]:
    """Ids of the transactions with this receipt, or this reference of ours at the rail, however it
    was pasted. Money in suspense has a receipt too.

    No query for text that is no receipt: those are one word with a letter and a digit.
    """
    typed = clean_paste(text).strip().upper()
    # By chance, a reference of ours has no digit.
    if typed.startswith("NSP-"):
        named = Attempt.objects.filter(reference=typed)
        return list(named.values_list("transaction", flat=True))
    if not RECEIPT.fullmatch(typed):
        return []
    # Receipts have an index for each rail.
    codes = [rail.code for rail in rails.every()]
    receipt = Q(rail__in=codes, receipt__in={typed, text.strip()})
    arrived = Arrival.objects.filter(receipt, transaction__isnull=False)
    found = [
        *Attempt.objects.filter(receipt).values_list("transaction", flat=True),
        *arrived.values_list("transaction", flat=True),
    ]
    return list(dict.fromkeys(found))


def with_member(attempts: QuerySet[Attempt]) -> QuerySet[Attempt]:
    """Load the member, and say if they used a new device when they ordered (`used_new_device`)."""
    new_devices = Device.objects.filter(
        user=OuterRef("transaction__from_account__user"),
        first_used_at__lte=OuterRef("created_at"),
        known_from__gt=OuterRef("created_at"),
    )
    people = ("transaction__from_account__user", "transaction__created_by")
    return attempts.select_related(*people).annotate(used_new_device=Exists(new_devices))


def payouts_in(tab: Tab) -> QuerySet[Attempt]:
    return with_member(in_states(tab.states))


def with_decisions(attempts: QuerySet[Attempt]) -> QuerySet[Attempt]:
    """Load who approved or refused each one, and what people found out about it."""
    return attempts.prefetch_related("approvals", "verdicts")


def payouts_to_decide(reader: User) -> QuerySet[Attempt]:
    """Payouts that wait for this person: those to approve, and those to find out about.

    While a worker still asks about a payment, it needs no people.
    """
    mine = {"attempt": OuterRef("pk"), "person": reader}
    held = Q(state=State.HELD) & ~Exists(Approval.objects.filter(**mine))
    is_for_people = Q(state=State.UNKNOWN, next_look_at__isnull=True)
    unknown = is_for_people & ~Exists(Verdict.objects.filter(**mine))
    # Those who approved a return to a payer count as its orderers, and may still decide about it.
    own = Q(transaction__created_by=reader, transaction__from_account__isnull=False)
    own |= Q(transaction__from_account__user=reader)
    return in_states((State.HELD, State.UNKNOWN)).exclude(own).filter(held | unknown)


class Message(NamedTuple):
    """A request to the rail, an answer, or a message that the rail sent. `body` is readable."""

    event: RailEvent
    direction: str | Promise
    body: str
    is_alarming: bool


def messages_of(attempt: Attempt) -> list[Message]:
    """The newest messages to and from the rail about this payment, oldest first."""
    newest = attempt.events.order_by("-pk")[:EVENTS]
    return [
        Message(event, direction_of(event), readable(event.body), is_alarming(event))
        for event in reversed(newest)
    ]


def direction_of(event: RailEvent) -> str | Promise:
    if event.is_callback:
        return _("Callback")
    if event.kind.endswith("-request"):
        return _("Request")
    return _("Answer") if event.kind.endswith("-answer") else _("Remark")


def readable(body: str) -> str:
    """JSON with a line for each field; everything else as it is."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body


def is_alarming(event: RailEvent) -> bool:
    return event.finding is not None and RailEvent.Finding(event.finding).is_alarming


def pauses_now() -> list[Pause]:
    """The pauses that hold now, oldest first."""
    held = Pause.objects.holding(timezone.now()).order_by("pk")
    # Every page asks, and seldom is there one.
    return list(held.prefetch_related("paused_by", "lift_proposed_by"))
