"""What we said on a document that its owner took away, and the code that proves it genuine.

A code is random, so nothing but these rows makes it valid: no key has to be kept for as long as the
paper lasts. The rows are append-only, so a code always tells what the document said.
`ledger/documents/issuing.py` writes them.
"""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from ledger.models.transactions import Transaction
from wallet.models import Account
from wallet.public_ids import ALPHABET

# 80 bits: a guesser who may ask a million times a day finds none of a million in a million years.
CODE_LENGTH = 16
NAME_LENGTH = 80


def new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _character in range(CODE_LENGTH))


class Issued(models.Model):
    """A document with a code. The names are those that other people see."""

    code = models.CharField(
        _("code"), max_length=CODE_LENGTH, unique=True, default=new_code, editable=False
    )
    issued_at = models.DateTimeField(_("issued"), auto_now_add=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.code


class IssuedReceipt(Issued):
    """The receipt of a transaction that succeeded, for both of its parties."""

    transaction = models.OneToOneField(
        Transaction, models.PROTECT, related_name="issued_receipt", verbose_name=_("transaction")
    )
    from_name = models.CharField(_("from"), max_length=NAME_LENGTH)
    to_name = models.CharField(_("to"), max_length=NAME_LENGTH)

    class Meta:
        verbose_name = _("issued receipt")
        verbose_name_plural = _("issued receipts")
        constraints = [
            models.CheckConstraint(
                condition=~Q(from_name="") & ~Q(to_name=""), name="receipt_names_both_sides"
            ),
        ]


class IssuedStatement(Issued):
    """A statement of an account from one day to another, up to one of its entries.

    The same statement again has the same code, and another one once its owner has another name.
    `through_entry` is the id of its last entry, 0 if the account had none.
    """

    account = models.ForeignKey(
        Account, models.PROTECT, related_name="issued_statements", verbose_name=_("account")
    )
    owner_name = models.CharField(_("name"), max_length=NAME_LENGTH)
    first_day = models.DateField(_("from"))
    last_day = models.DateField(_("to"))
    through_entry = models.BigIntegerField(_("last entry"))
    opening_cents = models.BigIntegerField(_("opening balance"))
    in_cents = models.BigIntegerField(_("money in"))
    out_cents = models.BigIntegerField(_("money out"))
    fees_cents = models.BigIntegerField(_("fees"))
    closing_cents = models.BigIntegerField(_("closing balance"))
    line_count = models.IntegerField(_("lines"))

    class Meta:
        verbose_name = _("issued statement")
        verbose_name_plural = _("issued statements")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "first_day", "last_day", "through_entry", "owner_name"],
                name="statement_issued_once",
            ),
            models.CheckConstraint(
                condition=Q(last_day__gte=F("first_day")), name="statement_days_in_order"
            ),
            models.CheckConstraint(
                condition=Q(
                    opening_cents__gte=0,
                    in_cents__gte=0,
                    out_cents__gte=0,
                    fees_cents__gte=0,
                    closing_cents__gte=0,
                    line_count__gte=0,
                ),
                name="statement_sums_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(
                    closing_cents=F("opening_cents")
                    + F("in_cents")
                    - F("out_cents")
                    - F("fees_cents")
                ),
                name="statement_adds_up",
            ),
        ]
