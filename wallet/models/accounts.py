"""Accounts: members' wallets and savings goals, and the house accounts."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from wallet import account_numbers, house
from wallet.db import pipeline
from wallet.db.pipeline import Statement
from wallet.money import CEILING_CENTS

WALLETS = """
    SELECT user_id, id FROM wallet_account
    WHERE user_id BETWEEN %s AND %s AND kind = 'wallet' AND currency = 'KES'"""
# Read in groups, because a round trip costs more than the rows.
WALLETS_PER_READ = 2**8
WALLETS_REMEMBERED = 2**18
# By user id. A member's wallet never changes.
wallet_ids: dict[int, int] = {}


class AccountManager(models.Manager["Account"]):
    """The only place that knows which of a member's accounts is their wallet."""

    def wallet(self, user_id: int) -> Account:
        """The wallet that money goes to unless the order names another account.

        Raises Account.DoesNotExist.
        """
        return self.get(user_id=user_id, kind=Account.Kind.WALLET, currency=Account.Currency.KES)

    def wallet_id(self, user_id: int) -> int:
        """The id of that wallet, cached by this process. Raises Account.DoesNotExist."""
        if (known := wallet_ids.get(user_id)) is not None:
            return known
        first = user_id - user_id % WALLETS_PER_READ
        [found] = pipeline.ask(Statement(WALLETS, (first, first + WALLETS_PER_READ - 1)))
        if len(wallet_ids) > WALLETS_REMEMBERED:
            wallet_ids.clear()
        wallet_ids.update(found)
        for owner_id, account_id in found:
            if owner_id == user_id:
                return int(account_id)
        raise Account.DoesNotExist

    def saved_cents(self, user_id: int) -> int:
        """What a member has in their savings goals."""
        goals = self.filter(user_id=user_id, kind=Account.Kind.GOAL)
        return int(goals.aggregate(cents=models.Sum("balance_cents", default=0))["cents"])


def kinds() -> list[tuple[str, Any]]:
    """(value, label) of each kind of account: members' kinds, then house kinds."""
    return [*Account.Kind.choices, *((one.kind, one.label) for one in house.all_accounts())]


class Account(models.Model):
    """An account with a balance: a member's wallet, a savings goal of theirs, or a house account.

    A member has one wallet and any number of goals. What a goal is for is in `ledger.Goal`. A
    house account has no user and stores no balance. Its balance is the sum of its entries, so
    that payments never wait for the same house row.
    """

    class Kind(models.TextChoices):
        """The kinds of member account. House kinds are in `wallet/house.py`."""

        WALLET = "wallet", _("Wallet")
        GOAL = "goal", _("Savings goal")

    class Currency(models.TextChoices):
        KES = "KES", "KES"

    class FrozenBy(models.TextChoices):
        """Who froze it. Staff's freeze outweighs the member's: the member can't lift it."""

        NOT_FROZEN = "", _("Not frozen")
        MEMBER = "member", _("Its member")
        STAFF = "staff", _("Staff")

    objects: ClassVar[AccountManager] = AccountManager()

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="accounts",
        verbose_name=_("member"),
    )
    kind = models.CharField(_("kind"), max_length=20, choices=kinds)
    currency = models.CharField(_("currency"), max_length=3, choices=Currency, default=Currency.KES)
    balance_cents = models.BigIntegerField(_("balance"), default=0)
    is_frozen = models.BooleanField(_("frozen"), default=False)
    frozen_by = models.CharField(
        _("frozen by"), max_length=6, choices=FrozenBy, blank=True, default="", db_default=""
    )
    # When it was frozen, or when staff's freeze replaced the member's. Null if that was before this
    # column.
    frozen_at = models.DateTimeField(_("frozen since"), null=True, editable=False)
    # Until then less may leave it in a day, or nothing leaves: see `wallet/safety.py`.
    lower_limit_until = models.DateTimeField(_("lower limit until"), null=True, editable=False)
    no_payouts_until = models.DateTimeField(_("no payouts until"), null=True, editable=False)
    created_at = models.DateTimeField(_("opened"), auto_now_add=True)
    # Only of a goal: its member has closed it, so no money moves in or out any longer.
    closed_at = models.DateTimeField(_("closed"), null=True, editable=False)
    # Only of a goal: money comes in but doesn't leave. `ledger.GoalLock` says until when.
    is_locked = models.BooleanField(_("locked"), default=False, db_default=False, editable=False)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.CheckConstraint(
                condition=Q(balance_cents__gte=0, balance_cents__lte=CEILING_CENTS),
                name="account_balance_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=False, kind__in=["wallet", "goal"], id__gt=0)
                | Q(user__isnull=True, balance_cents=0, id__lt=0) & ~Q(kind__in=["wallet", "goal"]),
                name="account_house_has_no_user_and_no_balance",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True)
                | Q(kind="goal", balance_cents=0, is_locked=False),
                name="account_closed_goal_is_empty",
            ),
            models.CheckConstraint(
                condition=Q(is_locked=False) | Q(kind="goal"), name="account_locks_only_goals"
            ),
            models.CheckConstraint(condition=Q(currency="KES"), name="account_currency_known"),
            models.CheckConstraint(
                condition=Q(is_frozen=False, frozen_by="")
                | Q(is_frozen=True, frozen_by__in=["member", "staff"]),
                name="account_frozen_by_someone",
            ),
            models.UniqueConstraint(
                fields=["user", "currency"],
                condition=Q(kind="wallet"),
                name="account_one_wallet_per_user_and_currency",
            ),
            models.UniqueConstraint(
                F("kind"),
                F("currency"),
                condition=Q(user__isnull=True),
                name="account_one_house_account_per_kind",
            ),
        ]

    def __str__(self) -> str:
        if self.kind == Account.Kind.GOAL:
            return gettext("{member} (savings goal)").format(member=self.user)
        return str(self.user) if self.user else self.get_kind_display()

    @property
    def number(self) -> str:
        """What to type when paying into this wallet from outside, such as `NS481972`."""
        return account_numbers.of(self.pk)
