"""Lock a savings goal, ask for its money early, and close it.

Each is one transaction that holds the goal's account. What moves its money is an ordinary order.
"""

from __future__ import annotations

from datetime import date, timedelta

from django.utils import timezone

from ledger.goal_errors import GoalClosed, GoalLocked, NoLock
from ledger.kinds import TAKE
from ledger.models import Goal, GoalLock, Transaction
from ledger.models.goal_locks import WAIT
from ledger.operations.entries import now_for
from ledger.operations.execution import carry_out
from ledger.operations.interest import DAY, pay_through
from ledger.operations.orders import Order, PlacedOrder
from ledger.querysets import day_start, nairobi_day
from wallet import messages
from wallet.context import Context
from wallet.db import pipeline
from wallet.db.pipeline import Statement
from wallet.db.retries import committed
from wallet.messages import Topic
from wallet.models import Account, Message

CLOSE = "UPDATE wallet_account SET closed_at = %s WHERE id = %s"


@committed
def close_goal(context: Context, *, goal_id: int) -> Transaction | None:
    """Close a goal for ever. All its money returns to its member's wallet in the same commit, with
    the interest up to yesterday.

    Returns the transaction that returned it; None for an empty goal, and for one that was closed
    already. Raises Account.DoesNotExist for an account that is no goal, GoalLocked, the Refusals of
    an order (BalanceLimitReached if the wallet can't hold it all), and Busy.
    """
    assert context.actor_id
    owner_id = Account.objects.values_list("user", flat=True).get(
        pk=goal_id, kind=Account.Kind.GOAL
    )
    assert owner_id
    wallet_id = Account.objects.wallet_id(owner_id)
    locked = Account.objects.select_for_update().order_by("pk").in_bulk([wallet_id, goal_id])
    goal = locked[goal_id]
    if goal.closed_at:
        return None
    if goal.is_locked and not end_lock(goal, is_closing=True):
        raise GoalLocked
    # Today isn't over, and its balance at the end is zero. What is left is less than a cent.
    pay_through(goal, nairobi_day(now_for(goal)) - DAY)
    record = None
    if goal.balance_cents:
        order = Order(TAKE, goal.balance_cents, goal_id, wallet_id)
        record = carry_out(PlacedOrder(order, context.actor_id, None))
    # After the money: the database refuses to close an account that holds some.
    pipeline.send(Statement(CLOSE, (record.created_at if record else now_for(goal), goal_id)))
    return record


@committed
def lock_goal(*, goal_id: int, until: date | None = None) -> GoalLock:
    """Lock a goal until this day begins in Nairobi, or without a day until it reaches its target.

    A lock that is there already stays as it is. Raises GoalClosed, NoLock if the day isn't after
    today or the goal has no target that is still to reach, and Busy.
    """
    account = hold(goal_id)
    if account.closed_at:
        raise GoalClosed
    if account.is_locked and not end_lock(account):
        return open_lock(account)
    goal = Goal.objects.get(pk=goal_id)
    target_cents = None if until else goal.target_cents
    now = now_for(account)
    if until and until <= nairobi_day(now):
        raise NoLock
    if not until and (target_cents is None or account.balance_cents >= target_cents):
        raise NoLock
    Account.objects.filter(pk=goal_id).update(is_locked=True)
    return GoalLock.objects.create(
        goal=goal,
        locked_at=now,
        opens_at=day_start(until) if until else None,
        target_cents=target_cents,
    )


@committed
def ask_for_money_early(*, goal_id: int) -> GoalLock:
    """Let the money of a locked goal go in WAIT from now. If it was asked for before, that counts.

    Raises NoLock if the goal has no lock, and Busy.
    """
    lock = open_lock(hold(goal_id))
    if lock.asked_at is None:
        lock.asked_at = max(now_for(lock.goal.account), lock.locked_at)
        lock.free_at = lock.asked_at + WAIT
        lock.save(update_fields=["asked_at", "free_at"])
        alert_of_asking(lock)
    return lock


def alert_of_asking(lock: GoalLock) -> None:
    """Once a day for each goal, however often its member changes their mind."""
    assert lock.goal.account.user_id
    assert lock.free_at
    owner_id, name = lock.goal.account.user_id, lock.goal.name
    lately = Message.objects.filter(
        user=owner_id, topic=Topic.UNLOCK_ASKED, created_at__gt=timezone.now() - timedelta(days=1)
    )
    if not lately.filter(facts__name=name).exists():
        free_at = messages.date_in_words(lock.free_at)
        messages.alert(owner_id, Topic.UNLOCK_ASKED, name=name, free_at=free_at)


@committed
def keep_locked(*, goal_id: int) -> GoalLock:
    """Change one's mind: the lock holds as it was set. Raises NoLock, also if it's over, and Busy.

    After the wait there is nothing to take back: locking it again is a new lock.
    """
    account = hold(goal_id)
    lock = open_lock(account)
    if lock.why_over(account.balance_cents, now_for(account)):
        raise NoLock
    lock.asked_at = lock.free_at = None
    lock.save(update_fields=["asked_at", "free_at"])
    return lock


@committed
def end_lock_if_over(*, goal_id: int) -> bool:
    """End a lock whose time has come. Call it before money is taken: orders ask the account only.

    False if the goal has no lock, or if it still holds. Raises Busy.
    """
    account = hold(goal_id)
    return account.is_locked and end_lock(account)


def hold(goal_id: int) -> Account:
    """The goal's account, locked until commit."""
    return Account.objects.select_for_update().get(pk=goal_id, kind=Account.Kind.GOAL)


def open_lock(account: Account) -> GoalLock:
    locks = GoalLock.objects.filter(goal=account.pk, ended_at__isnull=True)
    lock = locks.select_related("goal__account").first()
    if lock is None:
        raise NoLock
    return lock


def end_lock(account: Account, *, is_closing: bool = False) -> bool:
    """End the lock of this account, which is held, if it's over. An empty goal may close."""
    lock, now = open_lock(account), now_for(account)
    why = lock.why_over(account.balance_cents, now)
    if why is None and is_closing and not account.balance_cents:
        why = GoalLock.EndedBy.EMPTY
    if why is None:
        return False
    lock.ended_at, lock.ended_by, lock.held_cents = now, why, account.balance_cents
    lock.save(update_fields=["ended_at", "ended_by", "held_cents"])
    Account.objects.filter(pk=account.pk).update(is_locked=False)
    account.is_locked = False
    return True
