"""Money that comes in by itself is booked once: in its wallet, its deposit, or suspense."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from ledger import guards, operations
from ledger.models import Attempt, Entry, RailEvent, Transaction
from ledger.operations import Paid
from ledger.payouts import callbacks
from tests.books import nothing_moves, total_in_wallets
from tests.factories import UserFactory, account_id, balance
from tests.ledger.support.arrivals import (
    CENTS,
    RECEIPT,
    come,
    number,
    prompted,
    receipt_of,
    typed,
)
from tests.ledger.support.payouts import age, assert_right, say, sent, state, suspense_cents
from tests.ledger.support.suspense import the_stray
from tests.pages import text
from wallet import house
from wallet.models import Account, User

pytestmark = pytest.mark.django_db

SOME = 1_000_00


# --- By account number


@pytest.mark.parametrize(
    "spelling",
    ["{}", " {} ", "{0[0]}{0[1]} {0[2]}{0[3]}{0[4]} {0[5]}{0[6]}{0[7]}", "\u200f{}\u200b", "#{}."],
)
@pytest.mark.parametrize("change", [str.upper, str.lower])
def test_a_payment_finds_its_wallet_in_any_spelling(rail, alice, spelling, change):
    assert come(rail, change(spelling.format(number(alice)))) == "applied"
    assert balance(alice) == SOME + CENTS
    assert_right()


def test_it_is_a_deposit_like_any_other(rail, alice, as_alice, settings):
    # Only what is above this has to be confirmed.
    settings.CONFIRM_ABOVE_CENTS = CENTS
    come(rail, number(alice), payer="", paybill="600992")
    record = Transaction.objects.latest("pk")
    assert (record.type, record.status, record.rail) == ("DEPOSIT", "SUCCESS", rail.code)
    assert (record.created_by, record.to_account.user) == (alice, alice)
    assert (record.attempt.receipt, record.attempt.state) == (RECEIPT, "SUCCEEDED")
    assert record.arrival.account_number == number(alice)
    page = as_alice.get(f"/activity/{record.reference}/")
    said = text(page)
    assert RECEIPT in said
    assert "Paid to your account number" in said
    assert "prompt" not in said.lower()
    assert record.reference in as_alice.get("/activity/").text
    assert come(rail, number(alice)) == "duplicate"
    assert come(rail, number(UserFactory())) == "duplicate"
    assert balance(alice) == SOME + CENTS
    # Another rail may number its payments in the same way.
    same = Paid("simulated", RECEIPT, CENTS)
    with nothing_moves(), pytest.raises(Account.DoesNotExist):
        operations.credit(same, account_id=house.SUSPENSE.id)
    assert not operations.credit(same, account_id=account_id(alice)).is_replay
    assert balance(alice) == SOME + 2 * CENTS
    assert_right()


def test_it_lands_in_a_frozen_a_closed_and_a_full_wallet(rail, alice, settings):
    settings.LIMIT_CENTS_BALANCE = SOME
    settings.LIMIT_CENTS_PER_TRANSACTION = 1
    Account.objects.filter(user=alice).update(is_frozen=True, frozen_by="staff")
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert come(rail, number(alice)) == "applied"
    assert balance(alice) == SOME + CENTS
    assert_right()


def test_time_never_runs_backwards_along_its_wallet(rail, alice, time_machine):
    last_at = Entry.objects.filter(account=account_id(alice)).latest("pk").created_at
    time_machine.move_to(last_at - timedelta(hours=1), tick=False)
    assert come(rail, number(alice)) == "applied"
    assert Transaction.objects.latest("pk").created_at == last_at
    assert_right()


@pytest.mark.parametrize(
    "account",
    [
        *("NS999999", "482913", "NS", "ns-7k2q9pxm", "0712345678", "'; DROP TABLE", "N\0S", "💸"),
        *("-3", "NS-00000", "NS١٢٣٤٥٦", "x" * 200),
    ],
)
def test_one_without_an_owner_rests_in_suspense(rail, alice, account):
    before = total_in_wallets()
    assert come(rail, account) == "unmatched"
    assert come(rail, account) == "duplicate"
    assert (total_in_wallets(), suspense_cents()) == (before, CENTS)
    record = the_stray()
    assert record.created_by is None
    assert (record.arrival.receipt, record.arrival.amount_cents) == (RECEIPT, CENTS)
    assert_right()


def test_a_mistyped_digit_never_reaches_another_wallet(rail, alice, bob, carol):
    mine = number(alice)
    for place in range(2, len(mine)):
        wrong = f"{mine[:place]}{(int(mine[place]) + 1) % 10}{mine[place + 1 :]}"
        assert come(rail, wrong, f"R{place}") == "unmatched"
    assert balance(bob) == balance(carol) == 0


def test_a_payment_to_another_paybill_is_not_ours(rail, alice):
    with nothing_moves():
        assert come(rail, number(alice), paybill="600111") == "unmatched"
        assert come(rail, number(alice), paybill="600111", outcome="pending") == "unmatched"


def test_a_payer_is_stopped_before_paying_into_no_wallet(rail, alice, bob):
    User.objects.filter(pk=bob.pk).update(is_active=False)
    attempt = prompted(alice)
    with nothing_moves():
        for account, found in [(number(alice), "not_ours"), ("NS999999", "refused")]:
            assert come(rail, account, outcome="pending") == found
        assert come(rail, number(bob), outcome="pending") == "refused"
        assert come(rail, typed(attempt), outcome="pending") == "not_ours"


# --- A deposit that was asked for


@pytest.mark.parametrize("order", [("prompt", "paybill"), ("paybill", "prompt")])
def test_a_prompt_is_credited_once_in_either_order(rail, alice, order):
    attempt = prompted(alice)
    found = []
    for each in order * 2:
        if each == "prompt":
            found.append(say(rail, attempt, cents=CENTS))
        else:
            found.append(come(rail, typed(attempt), receipt_of(attempt)))
    assert found == ["applied", "duplicate", "duplicate", "duplicate"]
    assert (state(attempt), balance(alice)) == ("SUCCEEDED", SOME + CENTS)
    assert (attempt.receipt, suspense_cents()) == (receipt_of(attempt), 0)
    assert_right()


def test_without_our_reference_it_waits_for_the_message_with_its_receipt(rail, alice):
    attempt = prompted(alice)
    assert come(rail, "", receipt_of(attempt)) is None
    assert say(rail, attempt) == "applied"
    age(seconds=10)
    assert callbacks.apply_waiting() == 1
    assert RailEvent.objects.filter(finding="duplicate").count() == 1
    assert (balance(alice), suspense_cents()) == (SOME + CENTS, 0)
    assert come(rail, "", "OTHER12345") is None
    age(minutes=6)
    callbacks.apply_waiting()
    assert suspense_cents() == CENTS
    assert_right()


def test_a_prompt_whose_money_is_in_suspense_is_not_credited_as_well(rail, alice):
    attempt = prompted(alice)
    assert come(rail, "rent", receipt_of(attempt)) == "unmatched"
    assert say(rail, attempt) == "receipt_taken"
    assert (balance(alice), suspense_cents()) == (SOME, CENTS)
    assert_right()


@pytest.mark.parametrize("first", ["prompt", "paybill"])
def test_another_amount_than_asked_goes_to_suspense_and_ends_the_deposit(rail, alice, first):
    attempt = prompted(alice)
    wrong, receipt = CENTS + 1_00, receipt_of(attempt)
    if first == "paybill":
        assert come(rail, typed(attempt), receipt, wrong) == "wrong_amount"
        assert say(rail, attempt, cents=CENTS) == "late_success"
    else:
        assert say(rail, attempt, cents=wrong) == "wrong_amount"
        assert come(rail, typed(attempt), receipt, CENTS) == "wrong_amount"
    assert (state(attempt), balance(alice)) == ("FAILED", SOME)
    assert (suspense_cents(), the_stray().created_by) == (wrong, alice)
    assert_right()


def test_a_success_between_the_end_and_the_suspense_credits_nothing(rail, alice, monkeypatch):
    """Two messages about one payment, with two amounts, at the same moment."""
    attempt = prompted(alice)
    really_end = callbacks.outcomes.end_with_other_amount

    def end(ended: Attempt) -> None:
        really_end(ended)
        monkeypatch.setattr(callbacks.outcomes, "end_with_other_amount", really_end)
        assert say(rail, attempt, cents=CENTS) == "late_success"

    monkeypatch.setattr(callbacks.outcomes, "end_with_other_amount", end)
    assert say(rail, attempt, cents=CENTS + 1_00) == "wrong_amount"
    assert (balance(alice), suspense_cents()) == (SOME, CENTS)
    assert_right()


def test_the_beginning_of_two_references_or_of_a_payouts_settles_nothing(rail, alice):
    first, second, payout = prompted(alice), prompted(alice), sent(alice)
    guards.remove(connection)
    Attempt.objects.filter(pk=second.pk).update(reference=f"{typed(first)}ZZZZZZZZ")
    guards.install(connection)
    with nothing_moves():
        assert come(rail, typed(first)) is None
        assert come(rail, typed(payout), "OTHER12345") is None
    assert [state(one) for one in (first, second, payout)] == ["SENT"] * 3


def test_a_late_and_a_second_payment_go_to_suspense(rail, alice):
    rail.fails = lambda reference: True
    late = prompted(alice)
    assert say(rail, late) == "applied"
    assert come(rail, typed(late), "LATE123456") == "late_success"
    rail.fails = lambda reference: False
    paid = prompted(alice)
    assert say(rail, paid) == "applied"
    assert come(rail, typed(paid), "SECOND1234") == "other_receipt"
    assert (balance(alice), suspense_cents()) == (SOME + CENTS, 2 * CENTS)
    assert_right()


def test_the_receipt_of_a_payout_credits_nobody(rail, alice):
    payout = sent(alice)
    assert say(rail, payout) == "applied"
    with nothing_moves():
        assert come(rail, number(alice), receipt_of(payout)) == "receipt_taken"
    assert callbacks.apply_waiting() == 0
