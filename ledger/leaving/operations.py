"""A member closes their account. The books keep their entries; who they were is kept apart."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from ledger.models import Arrival, Ask, Favourite, Goal, Picture, Transaction
from ledger.models import Claim as DepositClaim
from ledger.operations.entries import now_for
from ledger.operations.goals import end_lock
from ledger.operations.interest import DAY, pay_through
from ledger.querysets import nairobi_day
from ledger.schedules.operations import end_all
from wallet import account_numbers
from wallet.api import tokens
from wallet.context import Context
from wallet.db.retries import committed
from wallet.db.sweeping import Sweep
from wallet.errors import Refusal
from wallet.models import (
    Account,
    Claim,
    Delivery,
    Device,
    FormerMember,
    Message,
    MessageChoice,
    NameRequest,
    Pin,
    Session,
    User,
)
from wallet.money import format_money
from wallet.staff import audit, subjects
from wallet.staff.roles import was_ever_staff

YEAR_DAYS = 366


class StillInUse(Refusal):
    """The account holds or owes money, waits for some, is frozen, or belongs to staff."""

    code = "account_in_use"


# Rows about the person that the books don't need. Each has a `user`. Messages go too, but not all:
# see `forget_messages`.
PERSONAL: tuple[Any, ...] = (
    *(Ask, Authenticator, Claim, Device, EmailAddress, Favourite, NameRequest, Pin, Session),
    *(Delivery, MessageChoice),
)

HAS_MONEY = gettext_lazy("Your wallet still has {balance}. Send or withdraw it first.")
HAS_SAVINGS = gettext_lazy("Your goals still have {balance}. Take it out first.")
HAS_INTEREST = gettext_lazy(
    "Your goals have earned {balance} in interest. Close them, and it's in your wallet."
)
HAS_CLAIM = gettext_lazy(
    "Your next deposits pay {left} of a payment that is being reversed. Pay it, or ask us for help."
)
HAS_PENDING = gettext_lazy("A payment is still on its way. Wait until it has ended.")
IS_FROZEN = gettext_lazy("Your wallet is frozen. Unfreeze it first, or ask us for help.")
IS_STAFF = gettext_lazy("Staff can't close their own account. Ask an operator.")


@committed
def close(context: Context, user_id: int) -> None:
    """Close the member's empty account for ever, and take their name off it.

    The name, phone number and email move to `FormerMember`. Sign-in, sessions, second factor and
    API tokens end, and our messages go, but for those that opened a claim. The phone number and
    email become free for a new account. Raises StillInUse.
    """
    # Payments wait for this lock, and then find the account closed. The wallet by itself: on
    # PostgreSQL a statement that waits doesn't see a goal that was opened meanwhile.
    Account.objects.select_for_update().get(pk=Account.objects.wallet_id(user_id))
    accounts = list(Account.objects.select_for_update().filter(user=user_id).order_by("pk"))
    [account] = [each for each in accounts if each.kind == Account.Kind.WALLET]
    goals = [each for each in accounts if each.kind == Account.Kind.GOAL]
    # Before the person: the worker holds a schedule when it writes that person's messages.
    end_all(account.pk)
    user = User.objects.select_for_update().get(pk=user_id)
    refuse_to_close(account, user)
    if saved_cents := sum(each.balance_cents for each in goals):
        raise StillInUse(HAS_SAVINGS, balance=format_money(saved_cents))
    for goal in goals:
        if not goal.closed_at:
            pay_through(goal, nairobi_day(now_for(goal)) - DAY)
    if earned_cents := sum(each.balance_cents for each in goals):
        # Nothing of this is committed: closing a goal pays it again.
        raise StillInUse(HAS_INTEREST, balance=format_money(earned_cents))
    forget_goals(goals)
    FormerMember.objects.create(
        user=user, name=user.name, phone=user.phone or "", email=user.email or ""
    )
    user.name = gettext("Former member {number}").format(number=user.pk)
    user.phone = user.email = None
    user.is_active = False
    user.password = make_password(None)
    user.save()
    for model in PERSONAL:
        model.objects.filter(user=user).delete()
    forget_messages(user)
    tokens.revoke_all(user.pk)
    audit.record(context, audit.Action.CLOSE_ACCOUNT, subjects.member(user.pk))


def forget_goals(accounts: list[Account]) -> None:
    """Close these empty goals and drop what they were for."""
    for account in accounts:
        if account.is_locked:
            end_lock(account, is_closing=True)
        open_one = Account.objects.filter(pk=account.pk, closed_at__isnull=True)
        open_one.update(closed_at=now_for(account))
    ids = [each.pk for each in accounts]
    Goal.objects.filter(pk__in=ids).update(name=gettext("Closed goal"), picture=Picture.JAR)


def forget_messages(user: User) -> None:
    """Delete our messages. Those that opened a claim stay: they prove it, and name no one."""
    notices = DepositClaim.objects.filter(account__user=user).values("notice")
    Message.objects.filter(user=user).exclude(pk__in=notices).delete()


def refuse_to_close(account: Account, user: User) -> None:
    if was_ever_staff(user):
        raise StillInUse(IS_STAFF)
    if account.is_frozen:
        raise StillInUse(IS_FROZEN)
    if account.balance_cents:
        raise StillInUse(HAS_MONEY, balance=format_money(account.balance_cents))
    if claim := DepositClaim.objects.open().filter(account=account).first():
        raise StillInUse(HAS_CLAIM, left=format_money(claim.left_cents))
    arriving = Arrival.objects.waiting().values_list("account_number", flat=True)
    is_coming = account.pk in map(account_numbers.parse, arriving)
    if is_coming or Transaction.objects.pending_of(account).exists():
        raise StillInUse(HAS_PENDING)


def expired() -> QuerySet[FormerMember]:
    """The identity of those who left more than RETENTION_YEARS ago."""
    kept_since = timezone.now() - timedelta(days=YEAR_DAYS * settings.RETENTION_YEARS)
    return FormerMember.objects.filter(closed_at__lt=kept_since)


SWEEP = Sweep(
    "former-members",
    expired,
    by="closed_at",
    kept=gettext_lazy("RETENTION_YEARS (7) after the account is closed"),
    reason=gettext_lazy("Who a former member was: the law asks for seven years."),
    written_by=gettext_lazy("Members who close their account"),
)
