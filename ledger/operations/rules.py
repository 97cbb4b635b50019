"""The rules that refuse an order. Pure functions: no reads and no writes."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from django.conf import settings

from ledger import errors, goal_errors
from ledger.kinds.shapes import KIND_OF_SIDE
from ledger.operations.orders import Order
from ledger.querysets import moment, to_time
from wallet.models import Account
from wallet.money import format_money


class Holding(NamedTuple):
    """The facts about a member account that the rules need."""

    id: int
    balance_cents: int
    is_frozen: bool
    is_active: bool
    phone: str | None = None
    phone_changed_at: datetime | str | None = None
    lower_limit_until: datetime | str | None = None
    no_payouts_until: datetime | str | None = None
    phone_proved_at: datetime | str | None = None
    email_proved_at: datetime | str | None = None
    prove_by: datetime | str | None = None
    kind: str = Account.Kind.WALLET
    owner_id: int = 0
    closed_at: datetime | str | None = None
    is_locked: bool = False

    def is_due(self, now: datetime) -> bool:
        """Is the time over by which its owner had to prove their contacts?"""
        return self.prove_by is not None and to_time(self.prove_by) <= now

    def is_stopped(self, now: datetime) -> bool:
        """Has its owner proved no contact in time? See `User.is_stopped`."""
        return self.is_due(now) and not (self.phone_proved_at or self.email_proved_at)


class DayLimit(NamedTuple):
    """What may leave a wallet in a Nairobi day. `until` is when a lower limit ends, if there is
    one."""

    cents: int
    until: datetime | None = None

    def left_cents(self, sent_today_cents: int) -> int:
        return max(self.cents - sent_today_cents, 0)


def limit_of_day(lower_limit_until: datetime | str | None, now: datetime) -> DayLimit:
    """The daily limit of a wallet: the lower one for a while after a change of its sign-in."""
    usual_cents = settings.LIMIT_CENTS_OUT_PER_DAY
    if until := pending(lower_limit_until, now):
        return DayLimit(min(settings.LOWER_LIMIT_CENTS_OUT_PER_DAY, usual_cents), until)
    return DayLimit(usual_cents)


def pending(until: datetime | str | None, now: datetime) -> datetime | None:
    """This time, if it's still to come."""
    at = to_time(until) if until else None
    return at if at and now < at else None


def refuse_nonsense(order: Order) -> None:
    """Refuse an order that is wrong whatever the accounts hold. Raises a Refusal."""
    # SQLite would store the half cent of a float, and PostgreSQL would round it.
    if type(order.amount_cents) is not int or order.amount_cents <= 0:
        raise errors.InvalidAmount
    if order.source_id == order.target_id:
        raise errors.SelfTransfer
    least_cents = settings.LEAST_TRANSFER_CENTS
    if order.amount_cents < least_cents and order.kind.names_payee:
        raise errors.TransferTooSmall(least=format_money(least_cents))
    limit = settings.LIMIT_CENTS_PER_TRANSACTION
    # Not for reversals: the limit may have been higher when the money moved.
    is_payment = order.kind.is_members and not order.kind.moves_own
    if is_payment and order.amount_cents > limit:
        raise errors.TransactionLimitReached(limit=format_money(limit))
    refuse_rail(order)


def refuse_rail(order: Order) -> None:
    """Refuse an amount that the order's rail doesn't take."""
    rail = order.rail
    if rail is None or rail.takes(order.amount_cents):
        return
    highest_cents = rail.highest_cents or settings.LIMIT_CENTS_PER_TRANSACTION
    raise (errors.RailAmount if rail.takes_cents else errors.RailWholeAmount)(
        rail=rail.label,
        lowest=format_money(rail.lowest_cents),
        highest=format_money(highest_cents),
    )


def check(
    order: Order,
    holdings: Mapping[int, Holding],
    sent_today_cents: int,
    fee_cents: int,
    now: datetime,
    *,
    is_preview: bool = False,
) -> None:
    """Refuse an order that these accounts don't allow now. Raises a Refusal.

    A preview doesn't check the recipient's balance limit: by repeating it with other amounts, a
    member could work out the recipient's balance to the cent.
    """
    for account_id in order.account_ids:
        if account_id not in holdings:
            raise errors.UnknownAccount
    check_sides(order, holdings)
    if not order.kind.is_members:
        return check_money(order, holdings)
    own_id = order.account_ids[0] if order.source_id is None else order.source_id
    if holdings[own_id].is_stopped(now):
        raise errors.NothingProved
    # First: who can't pay learns nothing about the recipient.
    if order.source_id is not None:
        check_out(order, holdings[order.source_id], sent_today_cents, fee_cents, now)
    if order.target_id is not None and not holdings[order.target_id].is_active:
        raise errors.AccountClosed
    if order.target_id is not None and holdings[order.target_id].is_stopped(now):
        raise errors.RecipientUnproved
    check_phone(order, holdings, now)
    is_hidden = is_preview and order.source_id is not None and not order.kind.moves_own
    if order.target_id is not None and not is_hidden:
        check_in(order, holdings[order.target_id])


def check_sides(order: Order, holdings: Mapping[int, Holding]) -> None:
    """Refuse an order that takes a goal for a wallet, or moves money to another member's goal."""
    shape = order.shape
    for account_id, side in ((order.source_id, shape.source), (order.target_id, shape.target)):
        if account_id is None or side not in KIND_OF_SIDE:
            continue
        if holdings[account_id].kind != KIND_OF_SIDE[side]:
            raise errors.UnknownAccount
        if holdings[account_id].closed_at:
            raise goal_errors.GoalClosed
    if order.kind.moves_own and len({holdings[id].owner_id for id in order.account_ids}) > 1:
        raise errors.UnknownAccount


def check_money(order: Order, holdings: Mapping[int, Holding]) -> None:
    """Staff's orders ignore limits and freezing. Only the money must still be there."""
    if order.source_id is None:
        return
    held_cents = holdings[order.source_id].balance_cents
    if held_cents < order.amount_cents:
        raise errors.MoneyGone(
            available=format_money(held_cents), wanted=format_money(order.amount_cents)
        )


def check_fee(order: Order, fee_cents: int) -> None:
    """Refuse an order whose member agreed to another fee than the tariff asks now."""
    if order.fee_cents is not None and order.fee_cents != fee_cents:
        raise errors.FeeChanged(fee=format_money(fee_cents))


def check_out(
    order: Order, source: Holding, sent_today_cents: int, fee_cents: int, now: datetime
) -> None:
    """Refuse what the source's own wallet doesn't allow, for any target."""
    if not source.is_active:
        raise errors.AccountClosed
    if source.is_frozen:
        raise errors.AccountFrozen
    if source.is_locked:
        raise goal_errors.GoalLocked
    # A transfer too: its payee could withdraw it in the same minute. Own money stays in reach of
    # the hold, since it leaves from the wallet only.
    if not order.kind.moves_own and (until := pending(source.no_payouts_until, now)):
        raise errors.PayoutsOnHold(until=moment(until))
    if source.balance_cents < order.amount_cents + fee_cents:
        is_goal = source.kind == Account.Kind.GOAL
        refusal = goal_errors.GoalShort if is_goal else errors.InsufficientFunds
        raise refusal(available=format_money(source.balance_cents))
    if not order.kind.counts_to_daily_limit:
        return
    limit = limit_of_day(source.lower_limit_until, now)
    left_cents = limit.left_cents(sent_today_cents)
    if order.amount_cents <= left_cents:
        return
    facts = {"limit": format_money(limit.cents), "left": format_money(left_cents)}
    if limit.until:
        raise errors.LowerLimitReached(until=moment(limit.until), **facts)
    raise errors.DailyLimitReached(**facts)


def check_phone(order: Order, holdings: Mapping[int, Holding], now: datetime) -> None:
    """Refuse what goes over a rail to or from the member's phone, if they have none."""
    rail = order.rail
    if not (rail and rail.needs_phone):
        return
    owner = holdings[order.account_ids[0]]
    if not owner.phone or (owner.is_due(now) and not owner.phone_proved_at):
        raise errors.PhoneMissing


def check_in(order: Order, target: Holding) -> None:
    limit = settings.LIMIT_CENTS_BALANCE
    if target.balance_cents + order.amount_cents <= limit:
        return
    if order.source_id is not None and not order.kind.moves_own:
        raise errors.RecipientLimitReached
    room = max(limit - target.balance_cents, 0)
    is_goal = target.kind == Account.Kind.GOAL
    refusal = goal_errors.GoalFull if is_goal else errors.BalanceLimitReached
    raise refusal(limit=format_money(limit), room=format_money(room))
