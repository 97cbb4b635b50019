"""What a money form says about limits before it refuses anything."""

from __future__ import annotations

from typing import NamedTuple

from django.conf import settings
from django.utils import timezone

from ledger import operations
from ledger.forms.moves import OrderForm
from ledger.querysets import moment, nairobi_day


class Today(NamedTuple):
    """What may still leave the wallet today. `until`, in words, is when a lower limit ends."""

    left_cents: int
    limit_cents: int
    until: str


def today_of(form: OrderForm) -> Today | None:
    """None if the kind doesn't count towards the daily limit, or if other limits come first."""
    account, kind = form.account, form.kind
    if not (kind.takes_from_wallet and kind.counts_to_daily_limit):
        return None
    now = timezone.now()
    limit = operations.limit_of_day(account.lower_limit_until, now)
    left_cents = limit.left_cents(operations.sent_cents(account.pk, nairobi_day(now)))
    others_cents = min(account.balance_cents, settings.LIMIT_CENTS_PER_TRANSACTION)
    if not limit.until and left_cents >= others_cents:
        return None
    return Today(left_cents, limit.cents, moment(limit.until) if limit.until else "")


def on_hold_until(form: OrderForm) -> str:
    """Until when nothing leaves after an operator's help, in words. Empty otherwise."""
    until = form.account.no_payouts_until
    is_held = form.kind.takes_from_wallet and until and timezone.now() < until
    return moment(until) if is_held and until else ""


def is_frozen(form: OrderForm) -> bool:
    """True if the wallet is frozen and this kind takes money out."""
    return form.account.is_frozen and form.kind.takes_from_wallet


class May(NamedTuple):
    """What the member may order on this form now.

    `surprising_cents` is the most they can pay out where that isn't clear from the balance and the
    limits, such as with a fee; otherwise 0.
    """

    most_cents: int
    surprising_cents: int
    today: Today | None
    on_hold_until: str
    is_frozen: bool


def of(form: OrderForm) -> May:
    kind, account, today = form.kind, form.account, today_of(form)
    clear_cents = settings.LIMIT_CENTS_PER_TRANSACTION
    if kind.takes_from_wallet:
        clear_cents = min(account.balance_cents, clear_cents)
    if today:
        clear_cents = min(clear_cents, today.left_cents)
    most_cents = operations.most_now(kind, account) if kind.pays_out else clear_cents
    surprising_cents = most_cents if most_cents != clear_cents else 0
    return May(most_cents, surprising_cents, today, on_hold_until(form), is_frozen(form))
