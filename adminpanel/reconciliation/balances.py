"""Compare our float with the balance that the rail reports, once a day. The worker does this.

The rail is asked outside any transaction, and answers by a callback.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.utils import timezone

from adminpanel.models import BalanceCheck, ReconciledAccount
from adminpanel.reconciliation.our_balance import balance_until
from ledger import rails
from ledger.models import RailEvent
from ledger.querysets import NAIROBI, nairobi_day
from ledger.rails import Rail
from wallet.db.retries import committed

# At six in the morning, when few payments are on their way.
HOUR = 6
# A later answer says nothing about the moment of the question.
WAITED_FOR = timedelta(hours=1)
# How the kinds of a rail's messages about balances begin.
ANSWER = "balance"


def check_due() -> int:
    """Ask the rails that are due, and store answers. Returns how many checks changed."""
    asked = sum(ask(rail) for rail in rails.every() if is_due(rail))
    return asked + sum(hear(check) for check in open_checks())


def is_due(rail: Rail) -> bool:
    """Is it past HOUR, and the rail's account reconciled and not compared today?"""
    account_id = rail.float_account.id
    if timezone.localtime(timezone.now(), NAIROBI).hour < HOUR:
        return False
    if BalanceCheck.objects.filter(account=account_id, day=nairobi_day()).exists():
        return False
    return ReconciledAccount.objects.filter(pk=account_id).exists()


def ask(rail: Rail) -> bool:
    check, is_mine = claim(rail)
    if not is_mine:
        return False
    answer = rail.ask_balance()
    keep_id(check.pk, answer.lookup_id)
    return True


@committed
def claim(rail: Rail) -> tuple[BalanceCheck, bool]:
    """Write down our side and that the rail is being asked. The first worker of the day does."""
    now = timezone.now()
    last = RailEvent.objects.order_by("-pk").values_list("pk", flat=True).first()
    return BalanceCheck.objects.get_or_create(
        account_id=rail.float_account.id,
        day=nairobi_day(now),
        defaults={
            "rail": rail.code,
            "asked_at": now,
            "after_event": last or 0,
            "ours_cents": balance_until(rail.float_account.id, now),
        },
    )


@committed
def keep_id(check_id: int, lookup_id: str) -> None:
    BalanceCheck.objects.filter(pk=check_id).update(rail_id=lookup_id[:64])


def open_checks() -> list[BalanceCheck]:
    since = timezone.now() - WAITED_FOR
    waiting = BalanceCheck.objects.filter(theirs_cents__isnull=True, asked_at__gte=since)
    return list(waiting.exclude(rail_id=""))


def hear(check: BalanceCheck) -> bool:
    """Store the answer if it has arrived. It has the id that the rail gave our question."""
    rail = rails.of(check.rail)
    messages = RailEvent.objects.filter(
        pk__gt=check.after_event, rail=check.rail, kind__startswith=ANSWER, is_callback=True
    )
    for event in messages.order_by("pk"):
        try:
            callback = rail.parse_callback(event.kind, event.body.encode())
        except ValueError:
            continue
        if callback is None or callback.answer.lookup_id != check.rail_id:
            continue
        if (cents := balance_in(callback.balances, rail)) is not None:
            return write(check.pk, cents)
    return False


def balance_in(balances: Mapping[str, int], rail: Rail) -> int | None:
    """Our balance, by the rail's names of our accounts. If it names only one, that's ours."""
    if len(balances) == 1:
        return next(iter(balances.values()))
    return next((balances[name] for name in rail.float_names if name in balances), None)


@committed
def write(check_id: int, theirs_cents: int) -> bool:
    waiting = BalanceCheck.objects.filter(pk=check_id, theirs_cents__isnull=True)
    return bool(waiting.update(theirs_cents=theirs_cents, answered_at=timezone.now()))
