"""After a change of sign-in less leaves the wallet for a day, and after help nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Thread

import pytest
from django.db import IntegrityError, transaction

from ledger.errors import DailyLimitReached, LowerLimitReached, PayoutsOnHold
from ledger.kinds import WITHDRAWAL
from ledger.operations import Order, preview
from ledger.payouts import leases
from tests.books import assert_books_right, nothing_moves
from tests.factories import UserFactory, account_id, balance, deposit, funded, send, withdraw
from tests.ledger.support.crowd import closing, in_thread, run_together, watch_statements
from tests.ledger.support.later import unclaimed
from tests.ledger.support.rows import insert, stored
from tests.ledger.support.typed import confirm, order, press
from tests.pages import elements, problems_beside, text, words
from wallet import safety
from wallet.context import Context
from wallet.models import Account, User
from wallet.safety import Change

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
TOMORROW = NOW + timedelta(hours=24)


@pytest.fixture(autouse=True)
def limits(settings):
    settings.LIMIT_CENTS_OUT_PER_DAY = 500_00
    settings.LOWER_LIMIT_CENTS_OUT_PER_DAY = 100_00


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)
    return time_machine


def change(user: User, what: Change = Change.PHONE) -> None:
    safety.changed(Context(user.pk), user.pk, what)


def test_a_change_lowers_what_may_leave_and_says_until_when(clock, alice, bob):
    change(alice)
    send(alice, bob, 60_00)
    with nothing_moves(), pytest.raises(LowerLimitReached) as refusal:
        withdraw(alice, 40_01)
    assert refusal.value.code == "limit_exceeded"
    assert str(refusal.value) == (
        "Your sign-in or PIN changed, so until 12:00 on 29 November you can send and withdraw up "
        "to KES\u00a0100.00 a day. You have KES\u00a040.00 left today."
    )
    with pytest.raises(LowerLimitReached):
        preview(Order(WITHDRAWAL, 40_01, source_id=account_id(alice)))
    withdraw(alice, 40_00)
    deposit(alice, 100_00)
    clock.move_to(TOMORROW - timedelta(microseconds=1), tick=False)
    with nothing_moves(), pytest.raises(LowerLimitReached):
        send(alice, bob, 100_01)
    clock.move_to(TOMORROW, tick=False)
    send(alice, bob, 500_00)
    with nothing_moves(), pytest.raises(DailyLimitReached, match=r"up to KES.500"):
        send(alice, bob, 1)


def test_what_left_before_the_change_counts(clock, alice, bob):
    send(alice, bob, 300_00)
    change(alice)
    with nothing_moves(), pytest.raises(LowerLimitReached, match=r"KES.0.00 left"):
        send(alice, bob, 1)


def test_the_lower_limit_is_never_the_higher_one(clock, alice, settings):
    settings.LOWER_LIMIT_CENTS_OUT_PER_DAY = 900_00
    change(alice)
    with nothing_moves(), pytest.raises(LowerLimitReached, match=r"up to KES.500"):
        withdraw(alice, 500_01)


@pytest.mark.parametrize("move", ["transfer", "withdraw"])
def test_the_page_shows_what_is_left_before_it_refuses(clock, as_alice, alice, bob, move):
    assert "left to send and withdraw today" not in text(as_alice.get("/deposit/"))
    send(alice, bob, 70_00)
    change(alice)
    page = as_alice.get(f"/{move}/")
    assert "You have KES 30.00 left to send and withdraw today." in text(page)
    (hint,) = elements(page, id="limit-hint")
    assert words(hint).endswith(
        "up to KES 100.00 a day can leave your wallet until 12:00 on 29 November."
    )
    assert not elements(page, "button", **{"data-amount": "100"})
    for post in (press, confirm):
        refused = post(as_alice, move, order(move, bob, amount="31"))
        assert refused.status_code == 422
        (sentence,) = problems_beside(refused, "amount")
        assert "You have KES 30.00 left today." in sentence


def test_the_usual_limit_is_shown_once_it_comes_first(as_alice, alice, bob):
    deposit(alice, 1_000_00)
    send(alice, bob, 200_00)
    page = text(as_alice.get("/transfer/"))
    assert "You have KES 300.00 left to send and withdraw today." in page


# --- After an operator's help


def test_after_help_nothing_leaves_for_a_day(clock, as_alice, alice, bob):
    change(alice, Change.HELP)
    with nothing_moves(), pytest.raises(PayoutsOnHold) as refusal:
        withdraw(alice, 1_00)
    # Anyone who got it could withdraw it: an operator alone would reach a member's money.
    with nothing_moves(), pytest.raises(PayoutsOnHold):
        send(alice, bob, 1_00)
    words = "We changed how you sign in, so you can't send or withdraw until 12:01 on 29 November."
    assert (refusal.value.code, str(refusal.value)) == ("payouts_on_hold", words)
    deposit(alice, 1_00)
    for move, url in (("withdraw", "/withdraw/"), ("transfer", "/transfer/")):
        page = as_alice.get(url)
        assert words.rstrip(".") in text(page)
        assert not elements(page, "input", name="amount")
        assert confirm(as_alice, move, order(move, bob)).status_code == 422
    assert elements(as_alice.get("/deposit/"), "input", name="amount")
    clock.move_to(TOMORROW + timedelta(minutes=1), tick=False)
    withdraw(alice, 1_00)
    send(alice, bob, 1_00)


def test_a_payout_that_was_not_sent_yet_waits_too(clock, as_alice, alice):
    attempt = unclaimed(alice)
    change(alice, Change.HELP)
    assert leases.claim() is None
    receipt = as_alice.get(f"/activity/{attempt.transaction.reference}/")
    assert "so we don't send it until 12:01 on 29 November" in text(receipt)
    clock.move_to(TOMORROW + timedelta(minutes=1), tick=False)
    assert leases.claim().attempt == attempt


def test_a_payout_that_is_about_to_go_out_is_held_back(clock, alice):
    unclaimed(alice)
    claimed = leases.claim()
    assert leases.look([claimed])[0].is_given
    change(alice, Change.HELP)
    assert not leases.look([claimed])[0].is_given


@pytest.mark.parametrize(
    "hold",
    [
        {"is_frozen": True, "frozen_by": "member"},
        {"no_payouts_until": TOMORROW},
        {"user__is_active": False},
    ],
)
def test_the_database_refuses_a_payout_of_a_wallet_on_hold(clock, alice, bob, hold):
    paid, sent = withdraw(alice, 1_00), send(alice, bob, 1_00)
    fresh = {"id": 10**6, "reference": "NS-STANDIN0", "idempotency_key": "another"}
    with transaction.atomic():
        insert("ledger_transaction", stored(paid) | fresh)
        transaction.set_rollback(True)
    if "user__is_active" in hold:
        User.objects.filter(pk=alice.pk).update(is_active=False)
    else:
        Account.objects.filter(user=alice).update(**hold)
    with pytest.raises(IntegrityError, match="frozen, closed or on hold"), transaction.atomic():
        insert("ledger_transaction", stored(paid) | fresh)
    # Only the operation refuses a transfer: a trigger would slow it down.
    insert("ledger_transaction", stored(sent) | fresh)


# --- Together


@pytest.mark.django_db(transaction=True)
def test_payments_that_arrive_together_stay_within_the_lower_limit(settings):
    settings.LOWER_LIMIT_CENTS_OUT_PER_DAY = 10_00
    payer = funded(UserFactory(), 100_00)
    payees = [UserFactory() for _each in range(16)]
    change(payer)
    moves = [partial(send, payer, payee, 1_00) for payee in payees[:12]]
    moves += [partial(withdraw, payer, 1_00) for _each in range(4)]
    outcomes = run_together(*moves)
    refused = [each for each in outcomes if isinstance(each, LowerLimitReached)]
    assert (len(outcomes), len(refused)) == (16, 6)
    assert balance(payer) == 90_00
    assert_books_right()


@pytest.mark.django_db(transaction=True)
def test_a_change_waits_for_a_payment_under_way_and_counts_for_the_next():
    payer, payee = funded(UserFactory(), 500_00), UserFactory()
    changes = Thread(target=closing(partial(change, payer)))

    def change_in_the_middle(sql):
        if sql == "COMMIT" and not changes.ident:
            changes.start()
            changes.join(timeout=0.1)
            assert in_thread(lambda: payer.primary_account().lower_limit_until) is None

    with watch_statements(change_in_the_middle):
        send(payer, payee, 90_00)
    changes.join()
    with nothing_moves(), pytest.raises(LowerLimitReached, match=r"KES.10.00 left"):
        send(payer, payee, 10_01)
