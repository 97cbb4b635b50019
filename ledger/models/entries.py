"""Entries: the signed lines of the books.

The entries of a transaction sum to zero: positive for money into an account, negative for money
out. Only `ledger.operations` writes rows, and the database refuses to change or delete them
(`ledger/guards.py`).
"""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.utils.translation import gettext_lazy as _

from ledger.models.transactions import Transaction
from wallet.models import Account
from wallet.money import CEILING_CENTS, format_signed_money


class EntryQuerySet(models.QuerySet["Entry"]):
    def with_fees(self) -> Self:
        """Mark each entry of a member's account as `is_fee` or not.

        An order with a fee writes the amount and then the fee. They differ in the amount, or where
        they are equal, in that the fee comes second.
        """
        fee = F("transaction__fee_cents")
        earlier = Entry.objects.filter(
            account=OuterRef("account"),
            transaction=OuterRef("transaction"),
            amount_cents=OuterRef("amount_cents"),
            pk__lt=OuterRef("pk"),
        )
        is_fee = Case(
            When(transaction__fee_cents=0, then=Value(False)),
            When(transaction__amount_cents=fee, then=Exists(earlier)),
            When(amount_cents=fee, then=Value(True)),
            When(amount_cents=-fee, then=Value(True)),
            default=Value(False),
        )
        return self.annotate(is_fee=is_fee)


class Entry(models.Model):
    """One signed line in the books. Never changed, never deleted.

    `balance_after_cents` is the member's balance after this entry; null on house accounts.
    """

    transaction = models.ForeignKey(
        Transaction, models.PROTECT, related_name="entries", verbose_name=_("transaction")
    )
    account = models.ForeignKey(
        Account,
        models.PROTECT,
        related_name="entries",
        verbose_name=_("account"),
        db_index=False,
    )
    amount_cents = models.BigIntegerField(_("amount"))
    balance_after_cents = models.BigIntegerField(_("balance after"), null=True)
    created_at = models.DateTimeField(_("written"), editable=False)

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["account", "-id"], name="entry_by_account"),
            # For the days of a house account; entries on members' accounts are not in it.
            models.Index(
                fields=["account", "-created_at", "-id"],
                condition=Q(balance_after_cents__isnull=True),
                name="entry_of_house_by_time",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(amount_cents=0)
                & Q(amount_cents__gte=-CEILING_CENTS, amount_cents__lte=CEILING_CENTS),
                name="entry_amount_not_zero",
            ),
            models.CheckConstraint(
                condition=Q(balance_after_cents__isnull=True, account__lt=0)
                | Q(
                    # Explicit, because a CHECK that evaluates to NULL passes.
                    balance_after_cents__isnull=False,
                    balance_after_cents__gte=0,
                    account__gt=0,
                ),
                name="entry_balance_for_members_only",
            ),
        ]

    def __str__(self) -> str:
        return format_signed_money(self.amount_cents)

    # As in a bank's books, a member's wallet is a liability, so money into it is a credit.

    @property
    def account_name(self) -> str:
        return str(self.account)

    @property
    def debit_cents(self) -> int | None:
        return -self.amount_cents if self.amount_cents < 0 else None

    @property
    def credit_cents(self) -> int | None:
        return self.amount_cents if self.amount_cents > 0 else None
