"""Why a payout needs approval, and what to look at before approving it."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from adminpanel.payouts import words
from adminpanel.timeline import short_time
from ledger.models import Attempt
from ledger.models.attempts import Because
from ledger.operations.approvals import PHONE_IS_NEW
from ledger.status import Badge
from wallet.models import User
from wallet.money import format_amount


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


def flags(attempt: Attempt) -> list[Badge]:
    """What to look at before approving: the member's phone number, devices and wallet.

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
    return found


def phone_changed_at(attempt: Attempt) -> datetime | None:
    """When the member's phone number changed, if that was in the day before they ordered."""
    account = attempt.transaction.from_account
    owner: User | None = account.user if account else None
    changed_at = owner.phone_changed_at if owner else None
    if changed_at is None or not changed_at <= attempt.created_at < changed_at + PHONE_IS_NEW:
        return None
    return changed_at
