"""What a rail charges Nissmart for a payout is booked once, when it settles."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.management import CommandError, call_command

from adminpanel.overview import totals
from ledger import operations
from ledger.models import Tariff, Transaction
from ledger.models.tariffs import Purpose
from ledger.payouts.outcomes import Heard, take_in
from ledger.querysets import nairobi_day
from ledger.rails import Answer, Outcome
from tests.books import nothing_moves
from tests.factories import balance, deposit
from tests.ledger.support.moves import lines
from tests.ledger.support.payouts import assert_right, say, sent
from tests.ledger.support.prices import price
from tests.pages import text
from wallet import house

pytestmark = pytest.mark.django_db

CHARGES = house.CHARGES.id


def charges() -> list[Transaction]:
    return list(Transaction.objects.filter(type="CHARGE"))


def test_a_payout_is_charged_by_the_tariff_once(alice, rail, as_finance):
    price((1_00, 9_00), rail="paya", purpose=Purpose.CHARGE)
    attempt = sent(alice, 300_00)
    assert say(rail, attempt) == "applied"
    [charge] = charges()
    assert (charge.amount_cents, charge.rail, charge.status) == (9_00, "paya", "SUCCESS")
    assert charge.settled_at == Transaction.objects.get(pk=attempt.transaction_id).settled_at
    assert lines(charge) == [(CHARGES, -9_00, None), (rail.float_account.id, 9_00, None)]
    assert balance(alice) == 700_00
    page = text(as_finance.get(f"/panel/transactions/{attempt.transaction.reference}/"))
    assert "Rail charge KES 9.00" in page
    with nothing_moves():
        assert say(rail, attempt) == "duplicate"
        operations.settle(transaction_id=attempt.transaction_id, charge_cents=1_00)
    volumes = totals.summary().volumes
    assert (volumes["WITHDRAW"].count, volumes["WITHDRAW"].amount_cents) == (1, 300_00)
    books = {row.account_id: row.cents for row in totals.books()}
    assert (books[CHARGES], sum(books.values())) == (9_00, 0)
    assert_right()


@pytest.mark.parametrize(
    ("said_cents", "booked"), [(7_00, [7_00]), (0, []), (None, [9_00]), (300_01, [9_00])]
)
def test_what_the_rail_says_counts_more_than_its_tariff(alice, rail, said_cents, booked):
    price((1_00, 9_00), rail="paya", purpose=Purpose.CHARGE)
    attempt = sent(alice, 300_00)
    answer = Answer(Outcome.SUCCEEDED, receipt="R1", charge_cents=said_cents)
    assert take_in(attempt, Heard(answer)) == "applied"
    assert [charge.amount_cents for charge in charges()] == booked
    assert_right()


def test_nothing_is_charged_for_what_was_not_paid_out(alice, rail):
    price((1_00, 9_00), rail="paya", purpose=Purpose.CHARGE)
    rail.fails = lambda reference: True
    failed = sent(alice, 300_00)
    assert say(rail, failed) == "applied"
    assert (charges(), balance(alice)) == ([], 1_000_00)


def test_a_deposit_is_not_charged(alice, rail):
    attempt = sent(alice, 50_00, move=deposit)
    operations.settle(transaction_id=attempt.transaction_id, receipt="R2", charge_cents=5_00)
    assert charges() == []


def test_with_fees_the_overview_counts_each_payment_once(alice, rail):
    price((1_00, 5_00), rail="paya")
    price((1_00, 9_00), rail="paya", purpose=Purpose.CHARGE)
    attempt = sent(alice, 300_00)
    say(rail, attempt)
    volume = totals.summary().volumes["WITHDRAW"]
    assert (volume.count, volume.amount_cents) == (1, 300_00)
    books = {row.account_id: row.cents for row in totals.books()}
    assert (books[house.FEES.id], books[house.IN_TRANSIT.id]) == (-5_00, 0)
    assert sum(books.values()) == 0


def test_the_published_prices_are_loaded_from_a_day(capsys):
    day = nairobi_day().isoformat()
    call_command("load_tariff", "charge", "mpesa", "--from", day)
    call_command("load_tariff", "charge", "mpesa", "--from", day)
    [tariff] = Tariff.objects.all()
    assert (tariff.purpose, tariff.rail, tariff.type) == ("charge", "mpesa", "WITHDRAW")
    bands = list(tariff.bands.values_list("from_cents", "fee_cents"))
    assert bands[0] == (1_00, 0)
    assert bands[-1] == (20_001_00, 13_00)
    with pytest.raises(CommandError, match="passed"):
        call_command("load_tariff", "fee", "mpesa", "--from", date(2020, 1, 1).isoformat())
