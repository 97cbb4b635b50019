"""The largest amount that can leave a wallet over a rail: with its fee, as the rail takes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from django.conf import settings
from django.utils import timezone

from ledger import errors, rails
from ledger.kinds import Kind
from ledger.models import Tariff
from ledger.models.tariffs import Purpose
from ledger.operations.orders import Order
from ledger.operations.rules import Holding, limit_of_day
from ledger.operations.statements import Facts, sent_cents
from ledger.querysets import nairobi_day
from wallet.models import Account
from wallet.money import format_money


def most_out(kind: Kind, rail: rails.Rail, held_cents: int, left_cents: int, day: date) -> int:
    """The largest amount in cents that a wallet with `held_cents` can pay out on this Nairobi day,
    of which the daily limit leaves `left_cents`. 0 if nothing fits."""
    limits = [left_cents, settings.LIMIT_CENTS_PER_TRANSACTION, rail.highest_cents]
    highest: int = min(cents for cents in limits if cents is not None)
    tariff = Tariff.objects.in_force(Purpose.FEE, rail.code, kind.code, day)
    bands = list(tariff.bands.values_list("from_cents", "fee_cents")) if tariff else []
    # A dearer band may have no room where a cheaper one below it has.
    for start, fee_cents in reversed([(1, 0), *bands]):
        most: int = min(highest, held_cents - fee_cents)
        most -= 0 if rail.takes_cents else most % 100
        if most >= max(start, rail.lowest_cents):
            return most
        highest = min(highest, start - 1)
    return 0


def most_now(kind: Kind, account: Account) -> int:
    """The largest amount in cents that this kind can pay out of the wallet now. 0 if none can."""
    now = timezone.now()
    day = nairobi_day(now)
    left_cents = left_today(
        kind, account.balance_cents, account.lower_limit_until, sent_cents(account.pk, day), now
    )
    return most_out(kind, rails.current(), account.balance_cents, left_cents, day)


def left_today(
    kind: Kind, held_cents: int, lower_until: datetime | str | None, sent: int, now: datetime
) -> int:
    """What the daily limit leaves, in cents, of which `sent` has left the wallet."""
    if not kind.counts_to_daily_limit:
        return held_cents
    return limit_of_day(lower_until, now).left_cents(sent)


def name_most(
    refusal: errors.AmountRefused,
    order: Order,
    holdings: Mapping[int, Holding],
    facts: Facts,
    now: datetime,
) -> errors.AmountRefused:
    """The refusal, naming the largest amount that fits, if one that goes out over a rail was too
    large. Only then does it read the tariff."""
    is_poor = isinstance(refusal, errors.InsufficientFunds)
    if not is_poor and type(refusal) is not errors.DailyLimitReached:
        return refusal
    if order.source_id is None or order.rail is None:
        return refusal
    source = holdings[order.source_id]
    held_cents, lower_until = source.balance_cents, source.lower_limit_until
    left_cents = left_today(order.kind, held_cents, lower_until, facts.sent_cents, now)
    most_cents = most_out(order.kind, order.rail, held_cents, left_cents, nairobi_day(now))
    said = dict(refusal.facts) | {"most": format_money(most_cents)}
    if not is_poor:
        is_clear = most_cents in (0, left_cents)
        return refusal if is_clear else errors.LessFitsToday(**said)
    if not most_cents:
        return errors.NothingFits(**said)
    if facts.fee_cents and order.amount_cents <= held_cents:
        total, fee = (
            format_money(each) for each in (order.amount_cents + facts.fee_cents, facts.fee_cents)
        )
        return errors.FeeNotCovered(**said, total=total, fee=fee)
    return refusal if most_cents == held_cents else errors.LessFits(**said)
