"""Why a payout needs approval, and what to look at before approving it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from adminpanel.payouts import words
from adminpanel.timeline import short_time
from ledger.kinds import WITHDRAWAL
from ledger.models import Attempt, Transaction
from ledger.models.attempts import Because, State
from ledger.operations.approvals import PHONE_IS_NEW
from ledger.querysets import day_start, nairobi_day
from ledger.status import Badge, Status
from wallet.models import Account, User
from wallet.money import format_amount

# More than these in a day are flagged.
USUAL_A_DAY = 3


def rule(attempt: Attempt) -> str:
    """Why it needs approval, in a few words, as stored with its order. Empty if it needs none."""
    above_cents = attempt.held_above_cents
    match attempt.held_because:
        case Because.AMOUNT if above_cents is not None:
            return over(above_cents)
        case Because.DAY if above_cents is not None:
            amount = format_amount(above_cents)
            return _("Over KES {amount} in a day").format(amount=amount)
        case Because.NEW_PHONE:
            return _("First payout to a new phone number")
    return _("Not stored when it was ordered") if attempt.approvals_needed else ""


def over(limit_cents: int) -> str:
    if limit_cents == 0:
        return _("Every payout needs approval")
    return _("Over KES {amount}").format(amount=format_amount(limit_cents))


class Habits(NamedTuple):
    """What the members did before, whose payouts wait for approval, by wallet: those who were
    paid out before, and when each ordered payouts."""

    paid: set[int]
    ordered: Mapping[int, list[datetime]]


NOTHING = Habits(set(), {})


def habits(attempts: Iterable[Attempt]) -> Habits:
    """Read for a whole list at a time. Nothing is read when none of them waits for approval."""
    held = [one.transaction for one in attempts if one.state == State.HELD]
    ids = {record.from_account_id for record in held if record.from_account_id}
    if not ids:
        return NOTHING
    withdrawals = Transaction.objects.order_by().filter(type=WITHDRAWAL.code)
    done = withdrawals.filter(from_account=OuterRef("pk"), status=Status.SUCCESS)
    paid = Account.objects.filter(Exists(done), pk__in=ids).values_list("pk", flat=True)
    since = day_start(nairobi_day(min(record.created_at for record in held)))
    fresh = withdrawals.filter(from_account__in=ids, created_at__gte=since)
    ordered: dict[int, list[datetime]] = {}
    for account_id, at in fresh.exclude(status=Status.FAILED).values_list(
        "from_account", "created_at"
    ):
        ordered.setdefault(account_id, []).append(at)
    return Habits(set(paid), ordered)


def flags(attempt: Attempt, known: Habits) -> list[Badge]:
    """What to look at before approving: the member's phone number, devices, wallet and habits.

    Needs an attempt from `queries.with_member`.
    """
    account = attempt.transaction.from_account
    owner = account.user if account else None
    found = []
    if account and account.is_frozen:
        found.append(Badge(_("Wallet frozen"), "info", "snowflake"))
    if account and account.no_payouts_until and timezone.now() < account.no_payouts_until:
        until = short_time(account.no_payouts_until)
        found.append(Badge(_("On hold until {until}").format(until=until), "wait", "clock"))
    if owner and owner.phone != (attempt.phone or None):
        found.append(Badge(_("Number changed since"), "bad", "alert"))
    if getattr(attempt, "used_new_device", False):
        found.append(Badge(_("New device"), "wait", "phone"))
    if changed_at := phone_changed_at(attempt):
        age = words.age(changed_at, attempt.created_at)
        text = _("Number changed {age} before").format(age=age)
        found.append(Badge(text, "bad", "alert"))
    return found + unusual(attempt, known)


def unusual(attempt: Attempt, known: Habits) -> list[Badge]:
    """Flags of a payout that waits for approval, by what its member did before."""
    account_id = attempt.transaction.from_account_id
    if attempt.state != State.HELD or account_id is None:
        return []
    found, at = [], attempt.created_at
    if account_id not in known.paid:
        found.append(Badge(_("First payout"), "info", "withdraw"))
    day = nairobi_day(at)
    count = sum(nairobi_day(one) == day and one <= at for one in known.ordered.get(account_id, []))
    if count > USUAL_A_DAY:
        text = _("Payout number {n} that day").format(n=count)
        found.append(Badge(text, "wait", "clock"))
    return found


def phone_changed_at(attempt: Attempt) -> datetime | None:
    """When the member's phone number changed, if that was in the day before they ordered."""
    account = attempt.transaction.from_account
    owner: User | None = account.user if account else None
    changed_at = owner.phone_changed_at if owner else None
    if changed_at is None or not changed_at <= attempt.created_at < changed_at + PHONE_IS_NEW:
        return None
    return changed_at
