"""How a call names a payee, and that it finds out about no one by counting or guessing."""

import pytest

from tests.api.support.calls import UNKNOWN_ID, Api, by_token, problem_of
from tests.factories import UserFactory, balance, send
from tests.ledger.support.typed import order, press
from wallet import public_ids
from wallet.models import User

pytestmark = pytest.mark.django_db

UNKNOWN = "0722 999 888"


@pytest.fixture
def three_an_hour(settings, time_machine):
    settings.PAYEE_LOOKUPS_PER_HOUR = 3
    time_machine.move_to("2026-11-20T09:10:00Z", tick=False)


@pytest.fixture
def people(db) -> list[User]:
    return [UserFactory() for _each in range(6)]


def pay(caller: Api, payer: User, key: str | None = None, amount_cents: int = 5_00, **payee):
    body = {"from_user_id": payer.pk, "amount_cents": amount_cents} | payee
    return caller.post("/api/transfer", body, key)


def test_a_payee_is_named_by_phone_email_or_public_id(alices, alice, people):
    named = [people[0].phone, f"0{people[1].phone[4:]}", people[2].email.upper()]
    named += [people[3].public_id, f" {people[4].public_id.lower()} "]
    for person, name in zip(people, named, strict=False):
        answer = pay(alices, alice, to=name)
        assert answer.status_code == 201, answer.text
        assert answer.json()["to_user_id"] == person.pk
        assert balance(person) == 5_00


def test_a_service_names_anyone_by_either(service, alice, people):
    assert pay(service, alice, to=people[0].phone).status_code == 201
    assert pay(service, alice, to_user_id=people[1].pk).status_code == 201
    problem_of(pay(service, alice, to=UNKNOWN), 404, "not_found")


@pytest.mark.parametrize("payee", [{}, {"to": "x", "to_user_id": 1}])
def test_exactly_one_name_is_needed(alices, service, alice, payee):
    for caller in (alices, service):
        body = problem_of(pay(caller, alice, **payee), 400, "invalid_request")
        assert body["errors"] == [
            {"field": "to_user_id", "message": "Name the payee by either to_user_id or to."}
        ]


def test_a_member_finds_no_one_by_counting_ids(alices, alice, people):
    answers = [pay(alices, alice, to_user_id=each) for each in (people[0].pk, UNKNOWN_ID)]
    for answer in answers:
        problem_of(answer, 404, "not_found")
    assert len({answer.text for answer in answers}) == 1
    assert balance(people[0]) == 0
    send(alice, people[0], 5_00)
    assert pay(alices, alice, to_user_id=people[0].pk).status_code == 201
    # Having been paid by someone isn't having paid them.
    problem_of(pay(by_token(people[0]), people[0], to_user_id=alice.pk), 404, "not_found")


def test_a_repeated_call_finds_its_first(alices, alice, people, three_an_hour):
    first = pay(alices, alice, key="one", to=people[0].phone)
    for person in people[1:3]:
        pay(alices, alice, to=person.phone)
    again = pay(alices, alice, key="one", to=people[0].phone)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert again.headers["Idempotency-Replayed"] == "true"


def test_pages_and_calls_share_a_count_of_new_payees(
    alices, as_alice, alice, people, three_an_hour
):
    assert pay(alices, alice, to=people[0].phone).status_code == 201
    assert press(as_alice, "transfer", order("transfer", people[1])).status_code == 200
    problem_of(pay(alices, alice, to=UNKNOWN), 404, "not_found")
    assert press(as_alice, "transfer", order("transfer", people[2])).status_code == 429
    for name in (people[3].phone, people[4].public_id, "0722 111 222", "MB-000000000000", "x"):
        answer = pay(alices, alice, to=name)
        body = problem_of(answer, 429, "rate_limited")
        assert body["detail"].startswith("You've looked up too many new people.")
        assert answer.headers["Retry-After"] == "3000"
    assert balance(people[3]) == 0
    # Whom Alice has paid, she may still pay.
    assert pay(alices, alice, to_user_id=people[0].pk).status_code == 201


def test_an_empty_wallet_finds_out_nothing(people):
    bob = people[0]
    bobs = by_token(bob)
    answers = [pay(bobs, bob, to=name) for name in (people[1].phone, UNKNOWN, "x@example.com")]
    for answer in answers:
        problem_of(answer, 400, "insufficient_balance")
    assert len({answer.text for answer in answers}) == 1
    answers = [pay(bobs, bob, amount_cents=10**9, to=name) for name in (people[2].phone, "x")]
    assert {answer.json()["code"] for answer in answers} == {"limit_exceeded"}


def test_a_public_id_is_random_and_its_own(people):
    ids = [person.public_id for person in people]
    assert len(set(ids)) == len(ids)
    assert all(public_ids.PUBLIC_ID.fullmatch(each) for each in ids)
    (copy,) = User.objects.bulk_create([User(name="Jane")])
    assert copy.public_id not in ids


@pytest.mark.parametrize("to", ["\0", "a\u202eb", "x" * 255, "", " ", "😀" * 60, "'; DROP TABLE"])
def test_odd_names_of_payees_are_refused(alices, alice, to):
    assert pay(alices, alice, to=to).status_code in (400, 404)
