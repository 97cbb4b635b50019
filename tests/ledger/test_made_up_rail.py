"""A new rail takes one file and its settings; then deposits and withdrawals use it and wait."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from adminpanel.overview import totals
from ledger import operations, rails
from ledger.errors import RailAmount, RailWholeAmount
from ledger.models import Transaction
from ledger.rails import Instruction, Lookup, Outcome
from tests.api.support.calls import by_token
from tests.books import assert_books_right, nothing_moves
from tests.conftest import signed_in
from tests.factories import account_id, balance, deposit, new_key, send, withdraw
from tests.ledger.support.banki import BANKI
from tests.ledger.support.later import sent
from tests.ledger.support.moves import TRANSIT, lines
from tests.pages import text
from tests.tampering import violations, violations_after
from wallet import house
from wallet.context import Context
from wallet.models import Account
from wallet.operations import open_house_accounts

pytestmark = pytest.mark.django_db

ITS_FLOAT = BANKI.float_account.id


@pytest.fixture(autouse=True)
def _known(alice, settings):
    """Use the new rail. Alice's first deposit came through the simulated one."""
    with rails.registered(BANKI):
        settings.RAIL = BANKI.code
        open_house_accounts()
        yield
    BANKI.book.clear()


@pytest.fixture
def panel(finance) -> Client:
    return signed_in(finance)


def assert_right() -> None:
    assert_books_right()
    assert violations() == []


def answer(record: Transaction, outcome: Outcome, **more: str) -> Transaction:
    """Settle or fail the transaction, as the rail's callback says."""
    body = {"reference": record.reference, "amount_cents": record.amount_cents}
    callback = BANKI.parse_callback("paid", json.dumps(body | {"outcome": outcome} | more).encode())
    assert callback.amount_cents == record.amount_cents
    verb = operations.settle if callback.answer.outcome == Outcome.SUCCEEDED else operations.fail
    return verb(transaction_id=sent(record).pk)


def test_a_payout_is_pending_until_it_is_paid(alice):
    record = withdraw(alice, 300_00)
    assert (record.status, record.rail, balance(alice)) == ("PENDING", "banki", 700_00)
    payment = Instruction(record.reference, record.amount_cents, alice.phone)
    assert BANKI.disburse(payment).outcome == Outcome.ACCEPTED
    assert BANKI.query(Lookup(record.reference, is_payout=True)).outcome == Outcome.PENDING
    assert_right()
    ended = answer(record, Outcome.SUCCEEDED)
    assert ended.status == "SUCCESS"
    assert lines(record)[2:] == [(TRANSIT, -300_00, None), (ITS_FLOAT, 300_00, None)]
    assert_right()


def test_a_payout_that_fails_comes_back(alice):
    answer(withdraw(alice, 300_00), Outcome.FAILED)
    assert balance(alice) == 1_000_00
    assert_right()


def test_a_deposit_is_credited_when_it_arrives(alice):
    record = deposit(alice, 300_00)
    assert (record.status, balance(alice)) == ("PENDING", 1_000_00)
    answer(record, Outcome.SUCCEEDED)
    assert lines(record) == [(ITS_FLOAT, -300_00, None), (account_id(alice), 300_00, 1_300_00)]
    assert_right()


def test_the_rail_takes_only_whole_shillings_within_its_limits(alice):
    for cents in (9_00, 1_000_01, 20_50):
        for move in (deposit, withdraw):
            with nothing_moves(), pytest.raises(RailAmount) as refusal:
                move(alice, cents)
            said = str(refusal.value).replace("\u00a0", " ")
            assert said == (
                "Banki takes whole shillings, KES 10.00 to KES 1,000.00 at a time. "
                "Enter another amount."
            )
            assert isinstance(refusal.value, RailWholeAmount)
            assert refusal.value.code == "limit_exceeded"


def test_a_transfer_takes_no_rail(alice, bob):
    record = send(alice, bob, 20_50)
    assert (record.status, record.rail) == ("SUCCESS", "")


def test_a_reversed_deposit_goes_into_suspense_on_any_rail(alice, finance):
    """Nothing moves at the rail, so its float stays."""
    own = answer(deposit(alice, 300_00), Outcome.SUCCEEDED)
    for record, cents in ((Transaction.objects.get(rail="simulated"), 1_000_00), (own, 300_00)):
        reversal = operations.reverse(Context(finance.pk, key=new_key()), transaction_id=record.pk)
        assert (reversal.rail, reversal.status) == ("", "SUCCESS")
        assert lines(reversal)[1] == (house.SUSPENSE.id, cents, None)
    assert_right()


def test_a_retry_is_replayed_although_the_current_rail_has_changed(alice, settings):
    record = withdraw(alice, 300_00, key="one")
    settings.RAIL = "simulated"
    with nothing_moves():
        assert withdraw(alice, 300_00, key="one") == record


@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE ledger_entry SET account_id = -1 WHERE transaction_id = {id} AND account_id = -9",
        "UPDATE ledger_transaction SET rail = 'simulated' WHERE id = {id}",
    ],
)
def test_verify_detects_money_on_another_rails_float(alice, tamper):
    record = answer(withdraw(alice, 300_00), Outcome.SUCCEEDED)
    assert ("shapes", f"transaction {record.pk}") in violations_after(tamper.format(id=record.pk))


@pytest.mark.parametrize("rail", ["", "pigeon"])
def test_verify_detects_an_unknown_rail(alice, rail):
    record = answer(withdraw(alice, 300_00), Outcome.SUCCEEDED)
    tamper = f"UPDATE ledger_transaction SET rail = '{rail}' WHERE id = {record.pk}"
    assert ("orders", f"transaction {record.pk}") in violations_after(tamper)


def test_pages_do_not_mention_the_simulation(alice):
    client = signed_in(alice)
    form = {"amount": "300", "description": "", "idempotency_key": new_key()}
    for page in (client.get("/"), client.get("/withdraw/"), client.post("/withdraw/", form)):
        assert "simulated" not in text(page).lower()
    receipt = text(client.get(client.post("/withdraw/", form | {"confirm": "1"}).url))
    assert "Processing" in receipt
    assert "We've set this money aside." in receipt
    assert "simulated" not in receipt.lower()
    assert "On its way out KES 300.00" in text(client.get("/"))
    earlier = Transaction.objects.get(rail="simulated")
    assert "No real money moves." in text(client.get(f"/activity/{earlier.reference}/"))


def test_a_page_refuses_an_amount_that_the_rail_does_not_take(alice):
    form = {"amount": "20.50", "description": "", "idempotency_key": new_key()}
    with nothing_moves():
        answer = signed_in(alice).post("/withdraw/", form | {"confirm": "1"})
    assert answer.status_code == 422
    assert "Banki takes whole shillings" in text(answer)


def test_programs_see_that_a_withdrawal_is_pending(alice):
    api = by_token(alice)
    made = api.post("/api/withdraw", {"user_id": alice.pk, "amount_cents": 300_00}).json()
    assert (made["status"], made["rail"], made["settled_at"]) == ("PENDING", "banki", None)
    held = api.get(f"/api/balance/{alice.pk}").json()
    assert (held["balance_cents"], held["pending_out_cents"]) == (700_00, 300_00)
    answer(Transaction.objects.get(pk=made["id"]), Outcome.SUCCEEDED)
    ended = api.get(f"/api/transaction/{made['reference']}").json()
    assert (ended["status"], ended["rail"]) == ("SUCCESS", "banki")


def test_the_panel_shows_the_rail_and_its_float(alice, panel):
    record = withdraw(alice, 300_00)
    page = text(panel.get(f"/panel/transactions/{record.reference}/"))
    for shown in ("Rail Banki", "Alice Wanjiku to Banki", "Sent to Banki (not yet)"):
        assert shown in page
    assert "Alice Wanjiku asked to withdraw" in text(panel.get("/panel/activity/"))
    answer(record, Outcome.SUCCEEDED)
    assert "withdrawal was paid" in text(panel.get("/panel/activity/"))
    assert "Float at Banki" in text(panel.get("/panel/accounts/"))
    account = text(panel.get(f"/panel/accounts/{ITS_FLOAT}/"))
    assert "What we hold at Banki." in account
    assert record.reference in account


def test_totals_count_both_rails(alice):
    answer(withdraw(alice, 300_00), Outcome.SUCCEEDED)
    answer(withdraw(alice, 100_00), Outcome.FAILED)
    answer(deposit(alice, 200_00), Outcome.SUCCEEDED)
    found = totals.summary().volumes
    assert (found["WITHDRAW"].count, found["WITHDRAW"].amount_cents) == (1, 300_00)
    assert (found["DEPOSIT"].count, found["DEPOSIT"].amount_cents) == (2, 1_200_00)
    books = {row.name: row.cents for row in totals.books()}
    assert (books["Float at Banki"], sum(books.values())) == (-100_00, 0)


def test_the_rails_float_is_opened_once(alice):
    open_house_accounts()
    assert Account.objects.get(pk=ITS_FLOAT).kind == "banki_float"
    assert str(Account.objects.get(pk=ITS_FLOAT)) == "Float at Banki"


def test_a_setting_with_an_unknown_rail_is_refused(settings):
    settings.RAIL = "pigeon"
    with pytest.raises(ImproperlyConfigured, match=r"RAIL=pigeon .* simulated, .*banki"):
        rails.current()
