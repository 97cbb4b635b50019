"""What the M-PESA simulator writes as its statement is imported and matched, with faults in it."""

from __future__ import annotations

import json

import pytest

from adminpanel.models import BalanceCheck, Match, Movement
from adminpanel.reconciliation import balances, by_hand, operations, reading, standing, taking_in
from ledger import rails
from ledger.models import Arrival
from ledger.payouts import callbacks
from nissmart.sandbox.merchant import UTILITY
from nissmart.sandbox.payments import B2C, C2B, REVERSAL
from tests.adminpanel.support.bank import Bank
from tests.adminpanel.support.matching import came_in, new_receipt, places, went_out
from tests.adminpanel.support.statements import upload
from wallet.context import Context

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def on_mpesa(settings):
    settings.RAIL = "mpesa"


def test_a_statement_with_every_fault_ends_as_what_was_planted(alice, wambui):
    bank = Bank()
    # Our entries count from the first line's second, so M-PESA has this money first, as always.
    deposit = new_receipt()
    bank.pay(C2B, deposit, 9_000)
    came_in(alice, 9_000_00, deposit)
    payout, record = went_out(alice, 2_000_00, 9_00)
    bank.pay(B2C, payout, 2_000)
    charge_missing, _record = went_out(alice, 3_000_00)
    bank.pay(B2C, charge_missing, 3_000)
    lacking, _record = came_in(alice, 70_00)
    extra = new_receipt()
    bank.pay(C2B, extra, 450)
    differs, _record = came_in(alice, 200_00)
    bank.pay(C2B, differs, 2_000)
    again = new_receipt()
    reference = came_in(alice, 80_00)[1].attempt.reference
    twice = [Arrival.objects.latest("pk").receipt, again]
    for receipt in twice:
        bank.pay(C2B, receipt, 80, reference=reference)
    taken_back = new_receipt()
    bank.pay(REVERSAL, taken_back, 80, original=again)
    late = new_receipt()
    bank.pay(C2B, late, 60)

    statement = upload(bank.file())
    operations.confirm(Context(wambui.pk), statement.pk)
    reading.do_next()
    taking_in.take_in_due()
    planted = {
        "charge": [charge_missing],
        "ours": [f"{lacking}!"],
        "theirs": sorted([extra, taken_back, late]),
        "differs": sorted([differs, f"{differs}!"]),
        "duplicate": [again],
    }
    assert {place: found for place, found in places().items() if place != "matched"} == planted
    statement.refresh_from_db()
    found = standing.equation(statement.cutoff)
    assert found.unexplained_cents == 0
    assert found.statement_cents == bank.book.balance(bank.merchant.shortcode, UTILITY) * 100
    assert record.attempt.receipt == payout

    # The late one is booked now, and the same file again adds nothing.
    came_in(alice, 60_00, late)
    taking_in.take_in_due()
    assert late not in places()["theirs"]
    matches = Match.objects.count()
    assert upload(bank.file() + b"\r\n").lines_count == 0
    taking_in.take_in_due()
    assert Match.objects.count() == matches

    # The rail is asked about what only it knows. Then the money is in suspense, and matched.
    only_theirs = Movement.objects.get(receipt=extra)
    by_hand.ask_receipt(Context(wambui.pk), movement_id=only_theirs.pk)
    arrival = Arrival.objects.get(receipt=extra)
    assert (arrival.account_number, arrival.transaction) == ("", None)
    assert not by_hand.may_be_asked(only_theirs)


def test_the_float_is_compared_with_the_rails_own_balance_once_a_day(
    alice, monkeypatch, time_machine
):
    time_machine.move_to("2026-11-29T06:00:00Z", tick=False)
    receipt, _record = came_in(alice, 9_000_00)
    bank = Bank()
    bank.pay(C2B, receipt, 9_000)
    statement = upload(bank.file())
    operations.confirm(Context(None), statement.pk)
    reading.do_next()
    taking_in.take_in_due()
    mpesa, asked = rails.of("mpesa"), []

    def ask_balance():
        asked.append(1)
        return rails.Answer(rails.Outcome.PENDING, lookup_id="AG_1")

    monkeypatch.setattr(mpesa, "ask_balance", ask_balance, raising=False)
    balances.check_due()
    balances.check_due()
    assert asked == [1]
    for lookup, shillings in (("AG_OTHER", 1), ("AG_1", 9_123)):
        callbacks.store(mpesa, "balance-result", answer(lookup, shillings))
    assert balances.check_due() == 1
    check = BalanceCheck.objects.get()
    assert (check.ours_cents, check.theirs_cents, check.drift_cents) == (9_000_00, 9_123_00, 123_00)
    time_machine.move_to("2026-11-30T06:00:00Z", tick=False)
    balances.check_due()
    assert BalanceCheck.objects.count() == 2


def answer(lookup, shillings):
    held = f"Working Account|KES|5.00|5.00|0.00|0.00&Utility Account|KES|{shillings}.00|0|0|0"
    said = {
        "ResultCode": 0,
        "ResultDesc": "ok",
        "ConversationID": lookup,
        "ResultParameters": {"ResultParameter": [{"Key": "AccountBalance", "Value": held}]},
    }
    return json.dumps({"Result": said}).encode()
