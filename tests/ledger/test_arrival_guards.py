"""The database keeps an arrival as it was booked, and an attempt that its payer began as paid."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from ledger import guards
from ledger.models import Arrival, Attempt, Transaction
from tests.factories import deposit
from tests.ledger.support.arrivals import CENTS, RECEIPT, come, number, prompted
from tests.ledger.support.rows import insert, stored

pytestmark = pytest.mark.django_db


def refuses(**columns: object) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Arrival.objects.filter(receipt=RECEIPT).update(**columns)


def test_the_database_keeps_an_arrival_as_it_was_booked(rail, alice):
    come(rail, number(alice))
    other = Transaction.objects.exclude(arrival__receipt=RECEIPT).first()
    for columns in (
        {"transaction": None},
        {"transaction": other},
        {"amount_cents": 1},
        {"receipt": "X"},
        {"account_number": "X"},
        {"rail": "mpesa"},
    ):
        refuses(**columns)
    with pytest.raises(IntegrityError), transaction.atomic():
        Arrival.objects.all()._raw_delete("default")
    for wrong in ({"receipt": RECEIPT}, {"receipt": ""}, {"amount_cents": 0}):
        known = {"rail": rail.code, "receipt": "R9", "amount_cents": CENTS}
        with pytest.raises(IntegrityError), transaction.atomic():
            Arrival.objects.create(**known | wrong)


def test_the_database_lets_only_a_confirmation_correct_the_amount(rail, alice, settings):
    settings.CONFIRM_ABOVE_CENTS = CENTS - 1
    come(rail, number(alice))
    refuses(amount_cents=1)
    refuses(paid_at=timezone.now())
    Arrival.objects.update(amount_cents=2, confirmed_at=timezone.now(), next_look_at=None)
    refuses(amount_cents=3, confirmed_at=timezone.now())
    refuses(confirmed_at=None)


@pytest.mark.parametrize(
    "columns",
    [
        {"receipt": None},
        {"fence": 1},
        {"approvals_needed": 1},
        {"sent_at": None},
        {"state": "SENT"},
    ],
)
def test_an_attempt_begins_as_paid_with_its_receipt_only(rail, alice, columns):
    come(rail, number(alice))
    paid = stored(Attempt.objects.get(receipt=RECEIPT))
    del paid["id"]
    prompted(alice)
    record = deposit(alice, CENTS)
    fresh = {"transaction_id": record.pk, "reference": "NSP-FRESH", "receipt": "R9"}
    guards.remove(connection)
    Attempt.objects.filter(transaction=record)._raw_delete("default")
    guards.install(connection)
    with pytest.raises(IntegrityError), transaction.atomic():
        insert("ledger_attempt", paid | fresh | columns)
    insert("ledger_attempt", paid | fresh)
