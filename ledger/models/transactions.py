"""Transactions: each is an order and its outcome. Its entries are in `entries.py`.

Only `ledger.operations` writes rows, and the database refuses to delete them or to change more
than their outcome (`ledger/guards.py`). What it refuses of one row is in `transaction_rules.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ledger import kinds, rails
from ledger.kinds import shapes
from ledger.models.transaction_rules import CONSTRAINTS, INDEXES
from ledger.querysets import TransactionQuerySet
from ledger.rails.rail import name_of_outside
from ledger.references import new_reference
from ledger.status import PARTLY_REVERSED, REVERSED, Badge, Status
from wallet.models import Account

if TYPE_CHECKING:
    from ledger.models.attempts import Attempt


class Transaction(models.Model):
    """One order of some kind (`ledger/kinds/`) and its outcome.

    `from_account` is null if the money came from outside, `to_account` if it went outside. `rail`
    is the rail's code. A reversal takes back the transaction in `reverses`, once. A partial one
    takes back a part of `part_of`, and all parts together are at most the whole. Whatever takes an
    item out of suspense names it in `resolves`, once unless it fails. `created_by` is null only of
    money that came in and has no owner yet. A row's only change is from PENDING to SUCCESS or
    FAILED.
    """

    Status = Status

    reference = models.CharField(
        _("reference"), max_length=16, unique=True, default=new_reference, editable=False
    )
    type = models.CharField(_("type"), max_length=10, choices=kinds.choices)
    rail = models.CharField(_("rail"), max_length=16, blank=True, editable=False)
    status = models.CharField(_("status"), max_length=10, choices=Status)
    amount_cents = models.BigIntegerField(_("amount"))
    # On top of the amount, as the tariff was when it was ordered.
    fee_cents = models.BigIntegerField(_("fee"), default=0, db_default=0)
    from_account = models.ForeignKey(
        Account,
        models.PROTECT,
        null=True,
        related_name="transactions_out",
        verbose_name=_("from"),
        db_index=False,
    )
    to_account = models.ForeignKey(
        Account,
        models.PROTECT,
        null=True,
        related_name="transactions_in",
        verbose_name=_("to"),
        db_index=False,
    )
    description = models.CharField(_("note"), max_length=140, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="transactions",
        verbose_name=_("ordered by"),
        db_index=False,
    )
    # Null if the caller gave no key: the unique constraint ignores nulls.
    idempotency_key = models.CharField(max_length=255, null=True, editable=False)  # noqa: DJ001
    reverses = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        editable=False,
        related_name="reversed_by",
        verbose_name=_("reverses"),
    )
    # Of what this takes back a part.
    part_of = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        editable=False,
        related_name="parts",
        verbose_name=_("reverses a part of"),
        db_index=False,
    )
    # The item in suspense whose whole amount this takes out of suspense, or puts back.
    resolves = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        editable=False,
        related_name="resolutions",
        verbose_name=_("resolves"),
        db_index=False,
    )
    created_at = models.DateTimeField(_("ordered"), editable=False)
    settled_at = models.DateTimeField(_("settled"), null=True, editable=False)

    # True if this call only repeated an earlier order and moved nothing.
    is_replay: bool = False
    # What partial reversals took back; `with_reversal` loads it.
    parts_cents: int | None = None

    objects = TransactionQuerySet.as_manager()

    class Meta:
        verbose_name = _("transaction")
        verbose_name_plural = _("transactions")
        ordering = ["-id"]
        indexes = INDEXES
        constraints = CONSTRAINTS

    def __str__(self) -> str:
        return self.reference

    @property
    def kind(self) -> kinds.Kind:
        return kinds.of(self.type)

    @property
    def taken_cents(self) -> int:
        """What it took, or takes, from its source: the amount and the fee."""
        return self.amount_cents + self.fee_cents

    @property
    def shape(self) -> shapes.Shape | None:
        """The shape of its entries. None if it's tampered with."""
        return self.kind.shape_in_books(
            has_source=self.from_account_id is not None,
            has_target=self.to_account_id is not None,
            has_rail=bool(self.rail),
        )

    @property
    def suspense_sign(self) -> int:
        """1 for an item whose money is in suspense, -1 for one that suspense lacks, 0 for none.

        Doesn't check whether it has been resolved.
        """
        if self.resolves_id or self.shape is None:
            return 0
        return self.shape.rests(Status(self.status))[kinds.Place.SUSPENSE]

    @property
    def resolution(self) -> Transaction | None:
        """What resolved this item in suspense, if anything did and hasn't failed."""
        return self.resolutions.exclude(status=Status.FAILED).order_by().first()

    @property
    def took_rail(self) -> rails.Rail | None:
        """Its rail, if money came in or went out."""
        return rails.of(self.rail) if self.rail else None

    @property
    def loaded_attempt(self) -> Attempt | None:
        """Its try on its rail, if there is one and it was loaded (`with_attempt`).

        Both have to be of the same moment, and a list must not ask for each row.
        """
        if not Transaction.attempt.is_cached(self):
            return None
        return getattr(self, "attempt", None)

    @property
    def is_reversible(self) -> bool:
        """A reversal may take this back. Doesn't check whether one already has."""
        return self.kind.is_reversible and self.status == Status.SUCCESS

    @property
    def status_badge(self) -> Badge:
        return self.kind.badge(Status(self.status))

    @property
    def taken_back_cents(self) -> int:
        """How much of it was reversed. Call `with_reversal` on the query of a list."""
        if getattr(self, "reversed_by", None):
            return self.amount_cents
        if self.parts_cents is None:
            self.parts_cents = Transaction.objects.parts_cents(self.pk)
        return self.parts_cents

    @property
    def is_taken_back(self) -> bool:
        """All of it was reversed, by one reversal or by several partial ones."""
        return self.taken_back_cents == self.amount_cents

    @property
    def takes_back(self) -> Transaction | None:
        """The transaction that this reverses, wholly or a part of it."""
        return self.reverses or self.part_of

    @property
    def reversed_badge(self) -> Badge | None:
        """The badge for staff; members see "Returned". Call `with_reversal` on the query."""
        if not self.kind.is_reversible or not self.taken_back_cents:
            return None
        return REVERSED if self.is_taken_back else PARTLY_REVERSED

    @property
    def orderer_name(self) -> str:
        """Who ordered it. No one ordered what a rail moved by itself, so then it is the rail."""
        if self.kind.is_ours:
            return "Nissmart"
        is_ordered = self.created_by and not self.kind.is_stray
        return str(self.created_by) if is_ordered else name_of_outside(self.took_rail)

    @property
    def source_name(self) -> str:
        """Where the money came from, as staff see it."""
        return str(self.from_account or names_of_sides(self.shape, self.took_rail)[0])

    @property
    def target_name(self) -> str:
        return str(self.to_account or names_of_sides(self.shape, self.took_rail)[1])


def names_of_sides(shape: shapes.Shape | None, rail: rails.Rail | None) -> tuple[str, str]:
    """The names of a transaction's source and target where its columns name no account."""
    houses = (shape.source_house, shape.target_house) if shape else (None, None)
    source, target = (str(one.label) if one else name_of_outside(rail) for one in houses)
    return source, target
