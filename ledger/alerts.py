"""Alert members of each payment into or out of their wallet.

Payments don't wait for it: the entries are the queue. The worker reads them in order and moves a
mark in the transaction that writes the messages, so each movement is reported once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from django.db import models
from django.utils import timezone

from ledger.models import AlertMark, Entry, Transaction
from ledger.movements import Movement
from ledger.rollups import last_safe_id
from ledger.status import Status
from wallet import house, messages
from wallet.db.retries import committed
from wallet.messages import Topic
from wallet.models import Account
from wallet.money import format_amount, format_money
from wallet.phones import mask

# About how many entries a turn reads. More would hold SQLite's only write lock for too long.
BATCH = 100
# Older ones are no news: after a long stop, or in a history that was imported.
NEWS_FOR = timedelta(days=1)


class Alert(NamedTuple):
    """What one member is to hear about one movement."""

    topic: Topic
    movement: Movement
    amount_cents: int
    entry: Entry


def write_due() -> int:
    """Alert members of all movements since the last time. Returns how many alerts."""
    total = 0
    while (count := write_next()) is not None:
        total += count
    return total


@committed
def skip() -> None:
    """Alert of nothing that has happened so far."""
    last = Entry.objects.order_by("-pk").first()
    AlertMark.objects.update_or_create(pk=1, defaults={"through_id": last.pk if last else 0})


def write_next() -> int | None:
    """Alert of the next few movements. None if there are none yet."""
    through_id = AlertMark.objects.values_list("through_id", flat=True).first() or 0
    if not Entry.objects.filter(pk__gt=through_id).exists():
        return None
    safe_id = last_safe_id()
    return None if safe_id is None else write_through(safe_id)


@committed
def write_through(safe_id: int) -> int | None:
    AlertMark.objects.get_or_create(pk=1)
    # Two workers take turns on this lock.
    mark = AlertMark.objects.select_for_update().get()
    entries = next_entries(mark.through_id, safe_id)
    if not entries:
        return None
    alerts = sorted(alerts_of(entries), key=lambda alert: alert.entry.pk)
    for alert in alerts:
        write(alert)
    mark.through_id = entries[-1].pk
    mark.save(update_fields=["through_id"])
    return len(alerts)


def next_entries(through_id: int, safe_id: int) -> list[Entry]:
    """The next entries, in order and without a gap, up to where no commit is cut in two."""
    due = Entry.objects.filter(pk__gt=through_id, pk__lte=safe_id).order_by("pk")
    found = list(due[:BATCH])
    while len(found) >= BATCH and (rest := rest_of_commits(due, found)):
        found += rest
    sides = ("transaction__from_account", "transaction__to_account")
    loaded = [f"{side}__{more}" for side in sides for more in ("user", "goal")]
    models.prefetch_related_objects(found, "account__user", *loaded)
    return found


def rest_of_commits(due: models.QuerySet[Entry], found: Sequence[Entry]) -> list[Entry]:
    """All entries up to the last one that was written in the same commit as one of `found`.

    A transaction may get more entries in a later commit, at another time.
    """
    later = due.filter(pk__gt=found[-1].pk)
    written = {commit_of(entry) for entry in found}
    same = later.filter(transaction__in={entry.transaction_id for entry in found})
    last_id = max((entry.pk for entry in same if commit_of(entry) in written), default=0)
    return list(later.filter(pk__lte=last_id))


def commit_of(entry: Entry) -> tuple[int, datetime]:
    return entry.transaction_id, entry.created_at


def alerts_of(entries: Sequence[Entry]) -> Iterator[Alert]:
    """One alert for all lines that move money the same way on the same account."""
    fresh = [one for one in entries if one.created_at > timezone.now() - NEWS_FOR]
    for (_record_id, _account_id, is_in), lines in groupby(sorted(fresh, key=side), key=side):
        *_others, entry = lines
        record, account = entry.transaction, entry.account
        if account.kind == Account.Kind.GOAL:
            # The member hears of it once, by the wallet's entry.
            continue
        if account.user_id:
            is_back = is_in and account == record.from_account
            cents = record.taken_cents if is_back else record.amount_cents
            topic = record.kind.topic_in if is_in else topic_out(record)
            yield Alert(topic, Movement(record, account, is_brief=True), cents, entry)
        elif topic_paid := topic_when_paid(record, account, is_in):
            assert record.from_account
            movement = Movement(record, record.from_account, is_brief=True)
            yield Alert(topic_paid, movement, record.amount_cents, entry)


def side(entry: Entry) -> tuple[int, int, bool]:
    return entry.transaction_id, entry.account_id, entry.amount_cents > 0


def topic_out(record: Transaction) -> Topic:
    """The payer of an instant payout hears only that it is paid."""
    kind = record.kind
    return kind.topic_paid if kind.topic_paid and is_instant(record) else kind.topic_out


def topic_when_paid(record: Transaction, account: Account, is_in: bool) -> Topic | None:
    """The topic if this line says that money which waited in transit has reached the rail."""
    is_clearing = account.pk == house.IN_TRANSIT.id and not is_in
    is_paid = is_clearing and record.status == Status.SUCCESS and not is_instant(record)
    return record.kind.topic_paid if is_paid else None


def is_instant(record: Transaction) -> bool:
    return record.settled_at == record.created_at


def write(alert: Alert) -> None:
    movement, entry = alert.movement, alert.entry
    user_id = movement.account.user_id
    assert user_id
    other = movement.counterparty
    messages.alert(
        user_id,
        alert.topic,
        reference=movement.record.reference,
        amount=format_money(alert.amount_cents),
        name=movement.other_name,
        phone=mask(other.phone).replace(" ", "") if other and other.phone else "",
        fee=format_amount(movement.record.fee_cents),
        # The sentence goes on with a full stop, which a short name like `Jane W.` has already.
        what=movement.title.removesuffix("."),
        balance=format_money(entry.balance_after_cents or 0),
        at=messages.moment(entry.created_at),
    )
