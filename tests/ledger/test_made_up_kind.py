"""A new kind takes one file and its URLs, and then works on every page, in the API and panel."""

from __future__ import annotations

import csv
import io

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client

from adminpanel.overview import totals
from ledger import operations
from ledger.errors import AccountFrozen, DailyLimitReached, InsufficientFunds, NotReversible
from ledger.models import Transaction
from ledger.operations import Order
from tests.api.support.calls import Api, by_token
from tests.books import assert_books_right, nothing_moves
from tests.conftest import signed_in
from tests.factories import UserFactory, account_id, balance, new_key, send
from tests.ledger.support.declared import add_kind
from tests.ledger.support.donation import DONATION
from tests.ledger.support.moves import lines
from tests.pages import elements, text, words
from tests.tampering import violations, violations_after
from wallet import house
from wallet import operations as wallet_operations
from wallet.context import SYSTEM, Context
from wallet.models import User

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.urls("tests.ledger.support.donation_urls"),
]


@pytest.fixture(scope="module", autouse=True)
def _known(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), add_kind(DONATION):
        yield


@pytest.fixture
def panel(finance) -> Client:
    return signed_in(finance)


def donate(user: User, cents: int = 50_00, **more: str) -> Transaction:
    order = Order(DONATION, cents, account_id(user), None, **more)
    return operations.perform(Context(user.pk, key=new_key()), order)


def test_a_new_kind_needs_no_migration():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_a_donation_moves_money_and_the_books_balance(alice):
    record = donate(alice)
    assert (record.type, record.status, record.rail) == ("DONATE", "SUCCESS", "")
    assert lines(record) == [
        (account_id(alice), -50_00, 950_00),
        (house.ADJUSTMENTS.id, 50_00, None),
    ]
    assert_books_right()
    assert violations() == []


def test_a_donation_obeys_the_rules_of_wallets(alice, bob, settings):
    with nothing_moves(), pytest.raises(InsufficientFunds):
        donate(alice, 1_000_01)
    settings.LIMIT_CENTS_OUT_PER_DAY = 60_00
    record = donate(alice)
    with nothing_moves(), pytest.raises(DailyLimitReached):
        send(alice, bob, 10_01)
    with nothing_moves(), pytest.raises(NotReversible):
        operations.reverse(Context(alice.pk, key=new_key()), transaction_id=record.pk)
    wallet_operations.freeze(SYSTEM, account_id(alice))
    with nothing_moves(), pytest.raises(AccountFrozen):
        donate(alice, 1)


def test_a_kind_counts_to_the_daily_limit_only_if_it_says_so(alice, settings, monkeypatch):
    monkeypatch.setattr(type(DONATION), "counts_to_daily_limit", False)
    settings.LIMIT_CENTS_OUT_PER_DAY = 60_00
    donate(alice, 500_00)
    send(alice, UserFactory(), 60_00)
    assert balance(alice) == 440_00


@pytest.mark.parametrize(
    "wrong",
    [
        {"rail": "simulated"},
        {"status": "PENDING", "settled_at": None},
        {"from_account": None},
        {"type": "OTHER"},
    ],
)
def test_the_database_refuses_a_donation_of_another_shape(alice, wrong):
    record = donate(alice)
    columns = ("type", "status", "amount_cents", "from_account", "created_by", "created_at")
    row = {name: getattr(record, name) for name in columns} | {"settled_at": record.settled_at}
    Transaction.objects.create(**row)
    with pytest.raises(IntegrityError), transaction.atomic():
        Transaction.objects.create(**row | wrong)


@pytest.mark.parametrize(
    "tamper",
    [
        "DELETE FROM ledger_entry WHERE transaction_id = {id}",
        "UPDATE ledger_entry SET account_id = -3 WHERE transaction_id = {id} AND account_id < 0",
        "UPDATE ledger_transaction SET amount_cents = 1 WHERE id = {id}",
    ],
)
def test_verify_detects_wrong_books_of_a_donation(alice, tamper):
    record = donate(alice)
    assert ("shapes", f"transaction {record.pk}") in violations_after(tamper.format(id=record.pk))
    assert violations() == []


def test_a_member_donates_on_a_page(alice):
    client = signed_in(alice)
    assert "Donate" in [words(link) for link in elements(client.get("/"), "a")]
    form = {"amount": "50", "description": "Harambee", "idempotency_key": new_key()}
    assert "Give to Nissmart." in text(client.get("/donate/"))
    with nothing_moves():
        review = text(client.post("/donate/", form))
    for shown in ("You will have left KES 950.00", "You can't take a donation back."):
        assert shown in review
    assert "Donate KES 50.00" in review
    assert "no real money" not in review
    answer = client.post("/donate/", form | {"confirm": "1"})
    record = Transaction.objects.get(type="DONATE")
    assert answer.headers["Location"] == f"/activity/{record.reference}/"
    receipt = text(client.get(answer.headers["Location"]))
    for shown in ("Your donation", "−KES 50.00", "Harambee", "Balance after KES 950.00"):
        assert shown in receipt
    assert "Donate again" in receipt
    assert "no real money" not in receipt


def test_a_frozen_wallet_does_not_offer_to_donate(alice):
    wallet_operations.freeze(SYSTEM, account_id(alice))
    client = signed_in(alice)
    assert "Donate" not in [words(link) for link in elements(client.get("/"), "a")]
    assert "money can't leave it" in text(client.get("/donate/"))


def test_a_donation_shows_in_the_members_activity(alice, bob):
    donate(alice, description="Harambee")
    send(alice, bob, 1_00)
    client = signed_in(alice)
    said = text(client.get("/activity/", {"type": "DONATE"}))
    assert "Donation" in said
    assert "Harambee" in said
    assert "Bob O." not in said


def test_programs_make_and_read_donations(alice, finance):
    api = by_token(alice)
    body = {"user_id": alice.pk, "amount_cents": 50_00, "description": "Harambee"}
    answer = api.post("/api/donate", body, key="one")
    assert answer.status_code == 201
    made = answer.json()
    assert (made["type"], made["status"], made["rail"]) == ("DONATE", "SUCCESS", "")
    with nothing_moves():
        again = api.post("/api/donate", body, key="one")
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (made, "true")
    assert api.get(f"/api/transaction/{made['reference']}").json() == made
    listed = api.get(f"/api/transactions/{alice.pk}", type="DONATE").json()
    assert listed["items"] == [made]
    finance_api: Api = by_token(finance, "finance")
    assert finance_api.get("/api/admin/activity", type="DONATE").json()["items"] == [made]
    refused = api.post("/api/donate", body | {"amount_cents": 10_000_00})
    assert (refused.status_code, refused.json()["code"]) == (400, "insufficient_balance")


def test_every_panel_page_shows_a_donation(alice, panel):
    record = donate(alice, description="Harambee")
    assert "Alice Wanjiku gave to Adjustments" in text(panel.get("/panel/activity/?type=DONATE"))
    tiles = [words(tile) for tile in elements(panel.get("/panel/"), "a", class_="tile")]
    assert any(tile.startswith("Donations 50.00 1 donation") for tile in tiles)
    ledger = text(panel.get("/panel/ledger/?type=DONATE"))
    assert "1 transaction KES 50.00" in ledger
    page = text(panel.get(f"/panel/transactions/{record.reference}/"))
    for shown in ("Donation", "Adjustments", "Alice Wanjiku to Adjustments"):
        assert shown in page
    assert "Propose a reversal" not in page
    account = panel.get(f"/panel/accounts/{house.ADJUSTMENTS.id}/?type=DONATE")
    assert record.reference in text(account)


def test_the_export_has_a_donation(alice, panel):
    record = donate(alice)
    response = panel.get("/panel/ledger/?type=DONATE&format=csv")
    content = b"".join(response.streaming_content).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(content))
    assert (row["reference"], row["type"]) == (record.reference, "DONATE")
    assert (row["from_name"], row["to_name"], row["rail"]) == ("Alice Wanjiku", "Adjustments", "")


def test_totals_count_donations(alice):
    donate(alice)
    donate(alice, 25_00)
    volume = totals.summary().volumes["DONATE"]
    assert (volume.count, volume.amount_cents) == (2, 75_00)
    assert sum(row.cents for row in totals.books()) == 0
