"""Each key opens one member: a retry returns the member that the first call opened."""

import pytest
from django.db import IntegrityError, connection, transaction

from tests.api.support.calls import by_token, order, problem_of
from tests.factories import UserFactory
from tests.ledger.support.commits import lose_commit_answer
from tests.ledger.support.crowd import in_thread
from wallet.api import tokens
from wallet.models import Account, ApiToken, Opening, User

pytestmark = pytest.mark.django_db

REPLAYED = "Idempotency-Replayed"
JANE = {"name": "Jane Wambui", "email": "jane@example.com", "phone": "0712 900 001"}


def people() -> int:
    return User.objects.count()


@pytest.mark.parametrize("body", [JANE, {"name": "Jane Wambui"}])
def test_a_retry_gets_the_same_answer_and_opens_no_member(service, body):
    first = service.post("/api/users", body, "one")
    assert first.status_code == 201
    assert REPLAYED not in first.headers
    before = people(), Account.objects.count()
    for _again in range(3):
        again = service.post("/api/users", body, "one")
        assert (again.status_code, again.headers[REPLAYED]) == (201, "true")
        assert again.content == first.content
    assert (people(), Account.objects.count()) == before


def test_a_retry_may_write_the_same_person_differently(service):
    first = service.post("/api/users", JANE, "one")
    other_way = {"phone": "+254712900001", "name": " Jane Wambui ", "email": "JANE@example.com"}
    again = service.post("/api/users", other_way, "one")
    assert (again.headers[REPLAYED], again.content) == ("true", first.content)
    john = service.post("/api/users", {"name": "John"}, "two")
    same = service.post("/api/users", {"name": "John", "email": None, "phone": None}, "two")
    assert (same.headers[REPLAYED], same.content) == ("true", john.content)


@pytest.mark.parametrize(
    "change", [{"name": "Jane W"}, {"email": "j@example.com"}, {"phone": None}, {"email": None}]
)
def test_refuses_the_key_for_another_person(service, change):
    first = service.post("/api/users", JANE, "one").json()
    before = people()
    body = problem_of(
        service.post("/api/users", JANE | change, "one"), 422, "idempotency_key_reused"
    )
    assert str(first["id"]) in body["detail"]
    assert people() == before
    assert service.post("/api/users", JANE, "one").headers[REPLAYED] == "true"


def test_each_call_without_a_key_opens_a_member(service):
    ids = {service.post("/api/users", {"name": "Jane"}).json()["id"] for _ in range(3)}
    assert len(ids) == 3
    assert not Opening.objects.exists()


def test_keys_belong_to_the_tokens_owner(service):
    owner = UserFactory(name="Another Program")
    first = service.post("/api/users", {"name": "Jane"}, "one").json()
    other = by_token(owner, "service").post("/api/users", {"name": "Jane"}, "one").json()
    assert first["id"] != other["id"]
    tokens.revoke(ApiToken.objects.latest("pk").pk)
    again = by_token(owner, "service").post("/api/users", {"name": "Jane"}, "one")
    assert (again.headers[REPLAYED], again.json()["id"]) == ("true", other["id"])


def test_a_key_does_not_keep_a_refusal(service):
    taken = UserFactory(email="jane@example.com")
    response = service.post("/api/users", JANE, "one")
    problem = problem_of(response, 400, "invalid_request")
    assert problem["errors"] == [
        {"field": "email", "message": "This email already has an account."}
    ]
    taken.email = "other@example.com"
    taken.save()
    again = service.post("/api/users", JANE, "one")
    assert again.status_code == 201
    assert REPLAYED not in again.headers


def test_a_retry_shows_the_member_as_they_are_now(service):
    """A replayed transaction that has settled meanwhile is also shown in its new state."""
    opened = service.post("/api/users", JANE, "one").json()
    User.objects.filter(pk=opened["id"]).update(name="Jane Otieno", phone="+254712900009")
    service.post("/api/deposit", order("deposit", opened["id"], 0, 5_00))
    again = service.post("/api/users", JANE, "one")
    assert again.headers[REPLAYED] == "true"
    assert again.json()["id"] == opened["id"]
    assert again.json()["name"] == "Jane Otieno"
    assert again.json()["account"]["balance_cents"] == 5_00


def test_only_a_service_token_gets_the_replay(service, alices, finance_api):
    service.post("/api/users", JANE, "one")
    for caller in (alices, finance_api):
        problem_of(caller.post("/api/users", JANE, "one"), 403, "forbidden")


def test_the_database_allows_one_member_per_key(service, alice, bob, carol):
    Opening.objects.create(actor=alice, key="one", digest="x", user=bob)
    for again in (
        {"actor": alice, "key": "one", "user": carol},
        {"actor": bob, "key": "a", "user": bob},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Opening.objects.create(digest="x", **again)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one call read at a time")
def test_finds_a_member_that_another_call_opens_between_two_reads(service):
    answers = []

    def meanwhile(execute, sql, *more):
        found = execute(sql, *more)
        is_look_up = "wallet_opening" in sql or '"wallet_user"."email" = ' in sql
        if is_look_up and not answers:
            answers.append(None)
            answers[:] = [in_thread(lambda: service.post("/api/users", JANE, "one"))]
        return found

    service.get("/api/users")
    with connection.execute_wrapper(meanwhile):
        second = service.post("/api/users", JANE, "one")
    (first,) = answers
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers[REPLAYED] == "true"
    assert second.content == first.content


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", [None, "one"])
def test_an_unknown_outcome_says_retry_only_with_a_key(service, key):
    service.get("/api/users")
    with lose_commit_answer():
        response = service.post("/api/users", JANE, key)
    body = problem_of(response, 503, "outcome_unknown")
    assert ("Retry-After" in response.headers) == ("same key" in body["detail"]) == bool(key)
    if key:
        again = service.post("/api/users", JANE, key)
        assert (again.status_code, again.headers[REPLAYED]) == (201, "true")
    assert User.objects.filter(email="jane@example.com").count() == 1
