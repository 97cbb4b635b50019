"""A fee leaves the wallet with the amount, is earned when the payout settles, and comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from ledger import operations, tariffs
from ledger.errors import DailyLimitReached, FeeChanged, InsufficientFunds
from ledger.kinds import WITHDRAWAL
from ledger.models import Attempt, Band, Entry, Tariff, Transaction
from ledger.operations import Order
from ledger.querysets import nairobi_day
from ledger.rails.simulated import IS_SLOW
from tests.books import assert_books_right, nothing_moves
from tests.factories import account_id, balance, deposit, new_key, send, withdraw
from tests.ledger.support.moves import FLOAT, TRANSIT, lines
from tests.ledger.support.payouts import assert_right
from tests.ledger.support.prices import BANDS, price
from wallet import house
from wallet.context import SYSTEM, Context
from wallet.errors import Refusal
from wallet.models import AuditEvent

pytestmark = pytest.mark.django_db

FEES = house.FEES.id


def slow(alice) -> Transaction:
    """A withdrawal of KES 4,002 with a fee of KES 25, which waits for its rail."""
    deposit(alice, 9_000_00)
    price(*BANDS)
    record = withdraw(alice, IS_SLOW)
    assert (record.status, record.fee_cents) == ("PENDING", 25_00)
    assert lines(record) == [
        (account_id(alice), -IS_SLOW, 10_000_00 - IS_SLOW),
        (TRANSIT, IS_SLOW, None),
        (account_id(alice), -25_00, 9_975_00 - IS_SLOW),
        (TRANSIT, 25_00, None),
    ]
    assert Transaction.objects.pending_out_cents(alice.primary_account()) == IS_SLOW + 25_00
    assert_right()
    return record


def mark_sent(record: Transaction) -> None:
    Attempt.objects.filter(transaction=record).update(
        state="SENDING", fence=1, sent_at=record.created_at, lease_until=record.created_at
    )


def test_without_a_tariff_there_is_no_fee_and_no_query_for_a_transfer(alice, bob):
    assert withdraw(alice, 100_00).fee_cents == 0
    price(*BANDS)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert send(alice, bob, 100_00).fee_cents == 0
    assert not any("tariff" in query["sql"] for query in queries)
    assert deposit(alice, 100_00).fee_cents == 0


def test_an_instant_withdrawal_pays_its_fee_in_the_same_commit(alice):
    price(*BANDS)
    record = withdraw(alice, 300_00)
    assert lines(record) == [
        (account_id(alice), -300_00, 700_00),
        (TRANSIT, 300_00, None),
        (account_id(alice), -10_00, 690_00),
        (TRANSIT, 10_00, None),
        (TRANSIT, -300_00, None),
        (FLOAT, 300_00, None),
        (TRANSIT, -10_00, None),
        (FEES, 10_00, None),
    ]
    assert (balance(alice), record.fee_cents) == (690_00, 10_00)
    assert_right()


def test_the_fee_is_earned_when_the_payout_settles(alice):
    record = slow(alice)
    mark_sent(record)
    operations.settle(transaction_id=record.pk, receipt="R1")
    assert lines(record)[4:] == [
        (TRANSIT, -IS_SLOW, None),
        (FLOAT, IS_SLOW, None),
        (TRANSIT, -25_00, None),
        (FEES, 25_00, None),
    ]
    assert balance(alice) == 9_975_00 - IS_SLOW
    assert_right()


@pytest.mark.parametrize("end", ["fail", "cancel"])
def test_the_whole_fee_comes_back_with_the_money(alice, end):
    record = slow(alice)
    if end == "fail":
        mark_sent(record)
        operations.fail(transaction_id=record.pk, code="x")
    else:
        operations.cancel(transaction_id=record.pk, code="x", words="x")
    assert lines(record)[4:] == [
        (TRANSIT, -IS_SLOW, None),
        (account_id(alice), IS_SLOW, 9_975_00),
        (TRANSIT, -25_00, None),
        (account_id(alice), 25_00, 10_000_00),
    ]
    assert balance(alice) == 10_000_00
    assert_right()


def test_the_balance_must_cover_the_fee(alice):
    price((1_00, 10_00), (900_00, 100_00))
    with nothing_moves(), pytest.raises(InsufficientFunds) as refusal:
        withdraw(alice, 900_01)
    assert refusal.value.code == "insufficient_balance"
    assert str(refusal.value) == (
        "You have KES\u00a01,000.00 available, and this takes KES\u00a01,000.01 with its fee of "
        "KES\u00a0100.00. You can withdraw up to KES\u00a0900.00 now."
    )
    with nothing_moves(), pytest.raises(InsufficientFunds) as refusal:
        withdraw(alice, 1_000_01)
    assert str(refusal.value) == (
        "You have KES\u00a01,000.00 available. You can withdraw up to KES\u00a0900.00 now."
    )
    withdraw(alice, 900_00)
    assert balance(alice) == 0
    assert_right()


def test_the_daily_limit_counts_the_amount(alice, settings):
    settings.LIMIT_CENTS_OUT_PER_DAY = 300_00
    price(*BANDS)
    withdraw(alice, 100_00)
    withdraw(alice, 200_00)
    with nothing_moves(), pytest.raises(DailyLimitReached):
        withdraw(alice, 1_00)


def test_a_fee_as_high_as_the_amount_fits_the_books(alice):
    price((1_00, 50_00))
    withdraw(alice, 50_00)
    assert_right()


def test_a_replay_returns_the_first_transaction_whatever_the_tariff_says_now(alice):
    price(*BANDS)
    key = new_key()
    first = withdraw(alice, 300_00, key)
    price((1_00, 900_00))
    with nothing_moves():
        again = withdraw(alice, 300_00, key)
        asked = Order(WITHDRAWAL, 300_00, account_id(alice), fee_cents=7)
        seen = operations.perform(Context(alice.pk, key=key), asked)
    assert (again.pk, again.fee_cents, again.is_replay) == (first.pk, 10_00, True)
    assert (seen.pk, seen.is_replay) == (first.pk, True)


def test_charges_no_other_fee_than_the_member_agreed_to(alice):
    price(*BANDS)
    order = Order(WITHDRAWAL, 300_00, account_id(alice), fee_cents=0)
    with nothing_moves(), pytest.raises(FeeChanged) as refusal:
        operations.perform(Context(alice.pk, key=new_key()), order)
    assert "The fee is now KES\u00a010.00." in str(refusal.value)
    order = Order(WITHDRAWAL, 300_00, account_id(alice), fee_cents=10_00)
    assert operations.preview(order) == (10_00, 690_00)
    assert operations.perform(Context(alice.pk, key=new_key()), order).fee_cents == 10_00


def test_a_tariff_counts_from_its_day_and_for_its_rail_and_purpose(alice, time_machine):
    time_machine.move_to("2026-03-01T09:00Z")
    tomorrow = nairobi_day() + timedelta(days=1)
    price((1_00, 5_00))
    price((1_00, 1_00))  # of two from one day, the later written
    price((1_00, 7_00), from_date=tomorrow)
    price((1_00, 9_00), rail="mpesa")
    price((1_00, 9_00), purpose=Tariff.Purpose.CHARGE)
    assert withdraw(alice, 100_00).fee_cents == 1_00
    time_machine.move_to("2026-03-01T21:00Z")  # midnight in Nairobi
    assert withdraw(alice, 100_00).fee_cents == 7_00
    assert withdraw(alice, 99).fee_cents == 0


def test_a_tariff_is_published_once_with_its_reason_and_never_changed(alice):
    first = price(*BANDS)
    assert price(*reversed(BANDS)).is_replay
    event = AuditEvent.objects.acts().get(action="change_tariff")
    assert (event.reason, event.facts["tariff"]) == ("As agreed", first.pk)
    with pytest.raises(Refusal, match="passed"):
        price(*BANDS, from_date=nairobi_day() - timedelta(days=1))
    with pytest.raises(Refusal, match="same amount"):
        price((1_00, 1), (1_00, 2))
    with pytest.raises(Refusal, match="why"):
        tariffs.publish(
            SYSTEM, purpose=Tariff.Purpose.FEE, rail_code="mpesa", type="WITHDRAW",
            from_date=nairobi_day(), bands=[],
        )  # fmt: skip
    assert Tariff.objects.get().band_count == len(BANDS)
    band = Band.objects.filter(tariff=first).earliest("pk")
    row = {"purpose": "fee", "rail": "mpesa", "type": "WITHDRAW", "reason": "x"}
    today = {"from_date": nairobi_day(), "written_on": nairobi_day()}
    free = Tariff.objects.create(**row, **today, band_count=0)
    roomy = Tariff.objects.create(**row, **today, band_count=3)
    Band.objects.create(tariff=roomy, from_cents=1_00, fee_cents=1)
    for change in (
        lambda: Band.objects.filter(pk=band.pk).update(fee_cents=0),
        lambda: Band.objects.filter(pk=band.pk)._raw_delete("default"),
        lambda: Tariff.objects.filter(pk=first.pk).update(rail="mpesa"),
        lambda: Band.objects.create(tariff=first, from_cents=123_00, fee_cents=1),
        lambda: Band.objects.create(tariff=free, from_cents=1_00, fee_cents=1),
        lambda: Tariff.objects.filter(pk=free.pk).update(band_count=1),
        lambda: Band.objects.create(tariff=roomy, from_cents=1_00, fee_cents=1),
        lambda: Band.objects.create(tariff=roomy, from_cents=0, fee_cents=1),
        lambda: Band.objects.create(tariff=roomy, from_cents=7, fee_cents=-1),
        lambda: Tariff.objects.create(
            **row, from_date="2026-01-01", written_on="2026-01-02", band_count=0
        ),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


@pytest.mark.parametrize(("fee_cents", "type"), [(-1, "WITHDRAW"), (1, "TRANSFER")])
def test_the_database_refuses_a_fee_below_zero_or_where_none_may_be(alice, bob, fee_cents, type):
    with pytest.raises(IntegrityError), transaction.atomic():
        Transaction.objects.create(
            type=type,
            rail="" if type == "TRANSFER" else "simulated",
            status="SUCCESS",
            amount_cents=1_00,
            fee_cents=fee_cents,
            from_account=alice.primary_account(),
            to_account=bob.primary_account() if type == "TRANSFER" else None,
            created_by=alice,
            created_at=alice.created_at,
            settled_at=alice.created_at,
        )


def test_the_database_refuses_to_change_a_fee_when_its_payment_ends(alice):
    record = slow(alice)
    with pytest.raises(IntegrityError), transaction.atomic():
        Transaction.objects.filter(pk=record.pk).update(
            status="FAILED", settled_at=record.created_at, fee_cents=0
        )


def test_fees_income_is_what_was_paid(alice):
    price(*BANDS)
    withdraw(alice, 100_00)
    withdraw(alice, 500_00)
    assert sum(Entry.objects.filter(account=FEES).values_list("amount_cents", flat=True)) == 35_00
    assert_books_right()
