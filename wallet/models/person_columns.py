"""Columns of a person that follow from the others: search columns, and times of phone and email."""

from __future__ import annotations

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from wallet import lookalikes, names

CONTACTS = {"phone", "email"}


def name_columns(name: str) -> dict[str, str]:
    """The columns stored with a name."""
    return names.search_columns(name) | {"name_skeleton": lookalikes.words_of(name)}


def when_phone_changed(phone: str | None) -> Case:
    """The column `phone_changed_at` of a row that is saved with this phone number.

    The database compares, so no stale copy of the row can hide a change.
    """
    has_changed = Q(phone__isnull=False) if phone is None else ~Q(phone=phone)
    return Case(
        When(has_changed, then=Value(timezone.now())),
        default=F("phone_changed_at"),
        output_field=models.DateTimeField(null=True),
    )


def when_proved(field: str, value: str | None) -> Case | None:
    """The column `<field>_proved_at` of a row that is saved with this phone number or email.

    Only a contact that was proved is ever saved as another one. One from before codes keeps null
    until its owner proves it.
    """
    if value is None:
        return None
    return Case(
        When(~Q(**{field: value}), then=Value(timezone.now())),
        default=F(f"{field}_proved_at"),
        output_field=models.DateTimeField(null=True),
    )
