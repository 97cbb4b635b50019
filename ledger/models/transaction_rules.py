"""What the database refuses of a transaction's row, and the indexes by which it's found."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from ledger import kinds
from ledger.kinds import shapes
from wallet import house
from wallet.money import CEILING_CENTS

NAMES_SUSPENSE = Q(from_account__isnull=False, from_account=house.SUSPENSE.id) | Q(
    to_account__isnull=False, to_account=house.SUSPENSE.id
)

INDEXES: list[models.Index] = [
    models.Index(fields=["from_account", "-id"], name="transaction_out"),
    models.Index(fields=["to_account", "-id"], name="transaction_in"),
    models.Index(fields=["from_account", "created_at"], name="transaction_out_by_day"),
    models.Index(fields=["created_at"], name="transaction_by_time"),
    models.Index(
        fields=["status", "-id"],
        condition=~Q(status="SUCCESS"),
        name="transaction_unsettled",
    ),
    # These two indexes hold few rows, so they don't slow down an ordinary payment.
    *(
        models.Index(
            fields=["-id"],
            condition=Q(type=kind.code),
            name=f"transaction_{kind.code.lower()}s",
        )
        for kind in kinds.every()
        if kind.is_rare
    ),
    models.Index(
        fields=["settled_at"],
        condition=Q(settled_at__gt=F("created_at")),
        name="transaction_settled_later",
    ),
    models.Index(
        fields=["resolves"],
        condition=Q(resolves__isnull=False),
        name="transaction_resolutions",
    ),
    models.Index(
        fields=["part_of"],
        condition=Q(part_of__isnull=False),
        name="transaction_parts",
    ),
]

CONSTRAINTS: list[models.BaseConstraint] = [
    models.CheckConstraint(
        condition=Q(amount_cents__gt=0, amount_cents__lte=CEILING_CENTS),
        name="transaction_amount_above_zero",
    ),
    models.CheckConstraint(
        condition=Q(fee_cents__gte=0, fee_cents__lte=CEILING_CENTS),
        name="transaction_fee_not_negative",
    ),
    models.CheckConstraint(
        condition=Q(from_account__isnull=True)
        | Q(to_account__isnull=True)
        | ~Q(from_account=F("to_account")),
        name="transaction_from_and_to_differ",
    ),
    models.CheckConstraint(condition=shapes.check(kinds.every()), name="transaction_shape_by_type"),
    models.CheckConstraint(
        condition=Q(created_by__isnull=False) | Q(type=kinds.STRAY_IN.code),
        name="transaction_ordered_by_a_person",
    ),
    models.CheckConstraint(
        condition=Q(status="PENDING", settled_at__isnull=True)
        | Q(status__in=["SUCCESS", "FAILED"], settled_at__isnull=False),
        name="transaction_settled_when_not_pending",
    ),
    models.UniqueConstraint(
        fields=["created_by", "idempotency_key"], name="transaction_once_per_key"
    ),
    # A return that failed put its money back, so the item is open again.
    models.UniqueConstraint(
        fields=["resolves"],
        condition=Q(resolves__isnull=False) & ~Q(status="FAILED"),
        name="transaction_resolves_once",
    ),
    # Money in transit is that of open payouts, and money in suspense that of open items.
    models.CheckConstraint(
        condition=~Q(from_account=house.IN_TRANSIT.id)
        & ~Q(to_account=house.IN_TRANSIT.id)
        & (Q(resolves__isnull=False) | ~NAMES_SUSPENSE)
        & (
            Q(resolves__isnull=True)
            | Q(from_account__isnull=True)
            | Q(to_account__isnull=True)
            | NAMES_SUSPENSE
        ),
        name="transaction_house_sides",
    ),
]
