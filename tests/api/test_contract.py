"""Every endpoint answers with exactly the fields of the contract. test_errors.py has the errors."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from adminpanel.api import SummaryOut
from ledger import kinds
from ledger.models import Transaction
from ledger.references import REFERENCE
from tests.api.support.calls import MOVES, by_session, by_token, order, path_of, problem_of
from tests.books import assert_books_right
from tests.factories import UserFactory, account_id, balance, deposit, send, withdraw
from wallet.models import User

pytestmark = pytest.mark.django_db

every_move = pytest.mark.parametrize("move", MOVES)


def assert_is_time(text: str, expected: datetime | None = None) -> None:
    """The text is a time with a zone, within the last minute, rounded down to the millisecond."""
    at = datetime.fromisoformat(text)
    assert at.tzinfo is not None, text
    assert "T" in text
    assert abs(timezone.now() - at) < timedelta(minutes=1)
    assert expected is None or timedelta(0) <= expected - at < timedelta(milliseconds=1)


def assert_is_user(body, user, balance_cents=0):
    assert body.keys() == {"id", "name", "email", "phone", "created_at", "account"}
    assert body["id"] == user.pk
    assert body["name"] == user.name
    assert body["email"] == user.email
    assert body["phone"] == user.phone
    assert_is_time(body["created_at"], user.created_at)
    assert body["account"].keys() == {"id", "currency", "balance_cents"}
    assert body["account"]["id"] == account_id(user)
    assert body["account"]["currency"] == "KES"
    assert body["account"]["balance_cents"] == balance_cents
    assert type(body["account"]["balance_cents"]) is int


def assert_is_transaction(body, record, source=None, target=None):
    assert list(body) == [
        "id",
        "reference",
        "type",
        "rail",
        "status",
        "amount_cents",
        "fee_cents",
        "currency",
        "from_account_id",
        "to_account_id",
        "from_user_id",
        "to_user_id",
        "description",
        "created_at",
        "settled_at",
        "receipt",
        "failure",
        "steps",
    ]
    assert body["id"] == record.pk
    assert body["reference"] == record.reference
    assert REFERENCE.fullmatch(body["reference"])
    assert body["type"] == record.type
    assert body["rail"] == ("" if source and target else "simulated")
    assert body["status"] == "SUCCESS"
    assert body["amount_cents"] == record.amount_cents
    assert type(body["amount_cents"]) is int
    assert (body["fee_cents"], type(body["fee_cents"])) == (0, int)
    assert body["currency"] == "KES"
    assert body["from_account_id"] == (account_id(source) if source else None)
    assert body["to_account_id"] == (account_id(target) if target else None)
    assert body["from_user_id"] == (source.pk if source else None)
    assert body["to_user_id"] == (target.pk if target else None)
    assert body["description"] == record.description
    assert_is_time(body["created_at"], record.created_at)
    assert_is_time(body["settled_at"], record.settled_at)
    # These were instant: test_payments.py has the others.
    assert (body["receipt"], body["failure"], body["steps"]) == (None, None, [])


def test_a_new_member_has_an_empty_wallet(service):
    response = service.post(
        "/api/users",
        {"name": "Jane Wambui", "email": "Jane@Example.com", "phone": "0712 345 678"},
    )
    assert response.status_code == 201
    user = User.objects.get(email="jane@example.com")
    assert user.phone == "+254712345678"
    assert not user.has_usable_password()
    assert not user.is_staff
    assert not user.is_superuser
    assert_is_user(response.json(), user)


def test_a_member_needs_only_a_name(service):
    body = service.post("/api/users", {"name": "John Kamau"}).json()
    assert (body["name"], body["email"], body["phone"]) == ("John Kamau", None, None)
    again = service.post("/api/users", {"name": "John Kamau", "email": None, "phone": None})
    assert again.status_code == 201


def test_returns_a_member(alices, alice):
    response = alices.get(f"/api/users/{alice.pk}")
    assert response.status_code == 200
    assert_is_user(response.json(), alice, 1_000_00)


def test_lists_members_newest_first(service, alice, bob):
    response = service.get("/api/users", limit=2)
    assert response.status_code == 200
    body = response.json()
    assert body.keys() == {"items", "next_cursor"}
    first, second = body["items"]
    assert_is_user(first, bob)
    assert_is_user(second, alice, 1_000_00)
    assert type(body["next_cursor"]) is str
    assert len(service.get("/api/users").json()["items"]) == 3
    assert service.get("/api/users").json()["next_cursor"] is None


def test_a_member_lists_only_themselves(alices, alice, bob):
    (only,) = alices.get("/api/users").json()["items"]
    assert_is_user(only, alice, 1_000_00)


def test_returns_a_balance(alices, alice, bob):
    send(alice, bob, 250_01)
    response = alices.get(f"/api/balance/{alice.pk}")
    assert response.status_code == 200
    body = response.json()
    assert body.keys() == {
        "user_id",
        "account_id",
        "currency",
        "balance_cents",
        "pending_out_cents",
        "claimed_cents",
        "as_of",
    }
    assert body["user_id"] == alice.pk
    assert body["account_id"] == account_id(alice)
    assert body["currency"] == "KES"
    assert body["balance_cents"] == 749_99
    assert body["pending_out_cents"] == 0
    assert type(body["pending_out_cents"]) is int
    assert_is_time(body["as_of"])


@every_move
@pytest.mark.parametrize("description", ["", "Lunch on Friday"])
def test_a_call_that_moves_money_returns_the_transaction(service, alice, bob, move, description):
    more = {"description": description} if description else {}
    response = service.post(path_of(move), order(move, alice.pk, bob.pk, **more))
    assert response.status_code == 201
    assert "Idempotency-Replayed" not in response.headers
    record = Transaction.objects.latest("pk")
    source = None if move == "deposit" else alice
    target = {"deposit": alice, "transfer": bob, "withdraw": None}[move]
    assert_is_transaction(response.json(), record, source, target)
    assert (record.type, record.amount_cents) == (move.upper(), 10_00)
    assert record.description == description
    after = {"deposit": 1_010_00, "transfer": 990_00, "withdraw": 990_00}[move]
    assert balance(alice) == after
    assert balance(bob) == (10_00 if move == "transfer" else 0)
    assert_books_right()


@every_move
@pytest.mark.parametrize("sign_in", [by_token, by_session])
def test_a_member_moves_their_own_money(alice, bob, move, sign_in):
    response = sign_in(alice).post(path_of(move), order(move, alice.pk, bob.pk))
    if sign_in is by_session and move != "deposit":
        # Pages ask for the PIN, and a session can't get round that.
        problem_of(response, 403, "pin_needed")
        assert Transaction.objects.latest("pk").type == "DEPOSIT"
    else:
        assert response.status_code == 201
        assert Transaction.objects.latest("pk").created_by == alice
    assert_books_right()


def test_both_parties_and_staff_programs_read_a_transaction(alice, bob, service, finance_api):
    record = send(alice, bob, 5_00, description="Rent share")
    for caller in (by_token(alice), by_token(bob), service, finance_api):
        response = caller.get(f"/api/transaction/{record.reference}")
        assert response.status_code == 200
        assert_is_transaction(response.json(), record, alice, bob)


def test_lists_a_members_transactions_newest_first(alices, alice, bob, carol):
    records = [send(alice, bob, 5_00), deposit(alice, 6_00), withdraw(alice, 7_00)]
    deposit(carol, 8_00)
    response = alices.get(f"/api/transactions/{alice.pk}", limit=3)
    assert response.status_code == 200
    body = response.json()
    assert body.keys() == {"items", "next_cursor"}
    parties = [(alice, bob), (None, alice), (alice, None)]
    for item, record, (source, target) in zip(
        body["items"], records[::-1], parties[::-1], strict=True
    ):
        assert_is_transaction(item, record, source, target)
    assert type(body["next_cursor"]) is str


def test_returns_a_summary_of_the_system(finance_api, alice, bob):
    send(alice, bob, 5_00)
    withdraw(alice, 7_00)
    withdraw(bob, 1_00)
    response = finance_api.get("/api/admin/summary")
    assert response.status_code == 200
    body = response.json()
    assert body.keys() == {
        "total_users",
        "total_value_cents",
        "deposits",
        "transfers",
        "withdrawals",
        "pending",
        "currency",
        "as_of",
    }
    assert body["total_users"] == 3
    assert body["total_value_cents"] == 992_00
    assert body["deposits"] == {"count": 1, "amount_cents": 1_000_00}
    assert body["transfers"] == {"count": 1, "amount_cents": 5_00}
    assert body["withdrawals"] == {"count": 2, "amount_cents": 8_00}
    assert body["pending"] == {"count": 0, "amount_cents": 0}
    assert body["currency"] == "KES"
    assert_is_time(body["as_of"])


def test_lists_everyones_transactions_newest_first(finance_api, alice, bob):
    records = [Transaction.objects.get(), send(alice, bob, 5_00)]
    response = finance_api.get("/api/admin/activity")
    assert response.status_code == 200
    body = response.json()
    assert body.keys() == {"items", "next_cursor"}
    newest, oldest = body["items"]
    assert_is_transaction(newest, records[1], alice, bob)
    assert_is_transaction(oldest, records[0], None, alice)
    assert body["next_cursor"] is None


def test_a_transfer_through_the_api_shows_on_the_activity_page(alices, alice, bob, as_alice):
    alices.post("/api/transfer", order("transfer", alice.pk, bob.pk, description="By program"))
    assert "By program" in as_alice.get("/activity/").text


def test_a_name_in_other_alphabets_comes_back_unchanged(service):
    name = "Wanjirũ Ng'ang'a 😀"
    body = service.post("/api/users", {"name": name}).json()
    assert service.get(f"/api/users/{body['id']}").json()["name"] == name


def test_a_long_list_of_members_takes_no_extra_queries(service, django_assert_max_num_queries):
    UserFactory.create_batch(5)
    with django_assert_max_num_queries(4):
        service.get("/api/users", limit=5)


def test_the_summary_has_the_volume_of_every_kind_of_payment():
    """The contract names the fields, so a new kind needs a decision here and in the API.

    Moves of a member's own money and interest are no payments.
    """
    fields = {"DEPOSIT": "deposits", "TRANSFER": "transfers", "WITHDRAW": "withdrawals"}
    rest = {
        kind.code
        for kind in kinds.every()
        if kind.is_stray
        or kind.is_correction
        or kind.moves_own
        or kind.is_ours
        or kind.takes_back
        or kind.takes_part
    }
    assert set(kinds.codes()) - rest == set(fields)
    assert set(fields.values()) < set(SummaryOut.model_fields)
