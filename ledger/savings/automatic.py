"""Save by itself: a part of each deposit, and what rounds a payment up.

Deposits and payments don't wait for it, and know nothing of it: their entries are the queue. The
worker reads them in order. Each saves at most once, because the row that says so is written in the
commit that moves the money, and is unique. The mark only says how far the worker has come.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from django.db.models import Min, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.errors import AccountFrozen, InsufficientFunds, InvalidAmount
from ledger.goal_errors import GoalClosed, GoalFull
from ledger.kinds import DEPOSIT, SAVE, TRANSFER
from ledger.models import AutoSaved, AutoSaving, AutoSavingMark, Entry, Transaction
from ledger.operations.execution import carry_out
from ledger.operations.orders import Order, PlacedOrder
from ledger.rollups import last_safe_id
from wallet import messages
from wallet.db.retries import committed
from wallet.errors import Busy, Refusal
from wallet.failures import Failures
from wallet.messages import Topic
from wallet.models import Account
from wallet.money import format_money
from wallet.stopping import IsStopping, never

# How many entries a query looks through.
BATCH = 5_000

CAUSES = {AutoSaving.Kind.PART: DEPOSIT.code, AutoSaving.Kind.ROUND: TRANSFER.code}
MISSED = {
    InsufficientFunds: AutoSaved.Missed.SHORT,
    AccountFrozen: AutoSaved.Missed.FROZEN,
    GoalFull: AutoSaved.Missed.FULL,
}


class Due(NamedTuple):
    rule_id: int
    cause_id: int


@committed
def turn_on(
    *, goal_id: int, percent: int | None = None, step_cents: int | None = None
) -> AutoSaving:
    """Save this part of each deposit from now on, or what rounds each payment up to `step_cents`.

    Changes it if it's on. Raises InvalidAmount, GoalClosed and Busy.
    """
    is_share = step_cents is None and percent is not None and 1 <= percent <= 100
    if not is_share and (step_cents is None or step_cents <= 0):
        raise InvalidAmount
    account = Account.objects.select_for_update().get(pk=goal_id, kind=Account.Kind.GOAL)
    if account.closed_at:
        raise GoalClosed
    kind = AutoSaving.Kind.PART if step_cents is None else AutoSaving.Kind.ROUND
    rule = AutoSaving.objects.select_for_update().filter(goal=goal_id, kind=kind).first()
    if rule is None or not rule.is_on:
        rule = rule or AutoSaving(goal_id=goal_id, kind=kind)
        rule.after_id = Entry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    rule.percent, rule.step_cents, rule.paused_at = percent, step_cents, None
    rule.save()
    return rule


@committed
def pause(*, goal_id: int, kind: str) -> None:
    """Save nothing any more, nor from what still waits. Raises Busy."""
    rules = AutoSaving.objects.filter(goal=goal_id, kind=kind, paused_at__isnull=True)
    rules.update(paused_at=timezone.now())


def save_due(is_stopping: IsStopping = never) -> int:
    """Save for all that has moved since the last time. Returns how often it saved.

    A rule that fails doesn't stop the others, and the mark stays before it, so it's tried again.
    Raises an ExceptionGroup of all failures.
    """
    mark = AutoSavingMark.objects.values_list("through_id", flat=True).first() or 0
    if not Entry.objects.filter(pk__gt=mark).exists():
        return 0
    after_id = AutoSaving.objects.on().aggregate(least=Min("after_id"))["least"]
    safe_id = None if after_id is None else last_safe_id()
    if after_id is None or safe_id is None:
        return 0
    start, saved, failures = max(after_id, mark), 0, Failures("savings could not be made")
    while start < safe_id:
        end = min(start + BATCH, safe_id)
        for due in due_between(start, end):
            if is_stopping():
                return saved
            with failures.of(f"rule {due.rule_id}, transaction {due.cause_id}"):
                try:
                    saved += save(due)
                except Busy:
                    return saved
        if not failures.found:
            look_on_from(end)
        start = end
    failures.raise_all()
    look_on_from(safe_id)
    return saved


def due_between(start: int, end: int) -> Iterator[Due]:
    """What the entries after `start` and up to `end` are to save, oldest first."""
    owners = AutoSaving.objects.on().values("goal__account__user")
    fits = Q(amount_cents__gt=0, transaction__type=DEPOSIT.code) | Q(
        amount_cents__lt=0, transaction__type=TRANSFER.code
    )
    found = Entry.objects.filter(
        fits, pk__gt=start, pk__lte=end, account__kind=Account.Kind.WALLET, account__user__in=owners
    )
    kept = found.filter(transaction__reversed_by__isnull=True, transaction__parts__isnull=True)
    rows = kept.order_by("pk")
    entries = list(rows.values_list("pk", "account__user", "transaction", "transaction__type"))
    theirs = AutoSaving.objects.on().filter(goal__account__user__in={row[1] for row in entries})
    rules = defaultdict(list)
    for rule in theirs.select_related("goal__account").order_by("pk"):
        rules[rule.goal.account.user_id].append(rule)
    for entry_id, owner_id, cause_id, type in entries:
        for rule in rules[owner_id]:
            if CAUSES[AutoSaving.Kind(rule.kind)] == type and entry_id > rule.after_id:
                yield Due(rule.pk, cause_id)


def save(due: Due) -> bool:
    """Save once, or write down once why not. Returns whether it saved. Raises Busy."""
    try:
        return save_once(due)
    except Busy:
        raise
    except Refusal as refusal:
        reasons = (MISSED[each] for each in MISSED if isinstance(refusal, each))
        miss(due, next(reasons, AutoSaved.Missed.OTHER))
        return False


@committed
def save_once(due: Due) -> bool:
    goal_id, owner_id = AutoSaving.objects.values_list("goal", "goal__account__user").get(
        pk=due.rule_id
    )
    wallet_id = Account.objects.wallet_id(owner_id)
    # Lock first, as the order does: a second worker waits here, and then finds the row.
    list(Account.objects.select_for_update().filter(pk__in=[wallet_id, goal_id]).order_by("pk"))
    wanted = wanted_by(due)
    if wanted is None:
        return False
    rule, cents = wanted
    words = _("Part of a deposit") if rule.percent else _("Round-up of a payment")
    order = Order(SAVE, cents, wallet_id, goal_id, words)
    record = carry_out(PlacedOrder(order, owner_id, None))
    AutoSaved.objects.create(
        rule=rule, cause_id=due.cause_id, made=record, wanted_cents=cents, at=record.created_at
    )
    return True


@committed
def miss(due: Due, why: AutoSaved.Missed) -> None:
    """Say once that this saved nothing. It costs nothing."""
    wanted = wanted_by(due)
    if wanted is None:
        return
    rule, cents = wanted
    AutoSaved.objects.create(
        rule=rule, cause_id=due.cause_id, wanted_cents=cents, missed=why, at=timezone.now()
    )
    owner_id = rule.goal.account.user_id
    assert owner_id
    messages.alert(
        owner_id,
        Topic.SAVING_SKIPPED,
        amount=format_money(cents),
        name=rule.goal.name,
        why=str(why.label),
    )


def wanted_by(due: Due) -> tuple[AutoSaving, int] | None:
    """The rule, locked, and the cents up to the goal's target. None if it's done or off."""
    rules = AutoSaving.objects.on().select_for_update(of=["self"])
    rule = rules.select_related("goal__account").filter(pk=due.rule_id).first()
    if rule is None or AutoSaved.objects.filter(rule=rule, cause=due.cause_id).exists():
        return None
    moved = Transaction.objects.values_list("amount_cents", flat=True).get(pk=due.cause_id)
    cents = rule.cents_of(moved)
    if rule.goal.target_cents is not None:
        cents = min(cents, rule.goal.left_cents)
    return (rule, cents) if cents else None


@committed
def look_on_from(entry_id: int) -> None:
    """All up to this entry is done."""
    AutoSavingMark.objects.get_or_create(pk=1)
    AutoSavingMark.objects.filter(through_id__lt=entry_id).update(through_id=entry_id)
