"""A member is opened once per key: a retry finds the member that the first call opened."""

import pytest
from django.db import IntegrityError, connection, transaction

from tests.api.support.calls import by_token, order, problem_of
from tests.api.support.threads import run_together
from tests.factories import UserFactory
from tests.ledger.support.commits import lose_commit_answer
from wallet.api import tokens
from wallet.models import Account, ApiToken, Opening, User

pytestmark = pytest.mark.django_db

REPLAYED = "Idempotency-Replayed"
JANE = {"name": "Jane Wambui", "email": "jane@example.com", "phone": "0712 900 001"}


def people() -> int:
    return User.objects.count()


@pytest.mark.parametrize("body", [JANE, {"name": "Jane Wambui"}])
def test_the_same_call_again_gets_the_same_answer_and_opens_nobody(service, body):
    first = service.post("/api/users", body, "one")
    assert first.status_code == 201
    assert REPLAYED not in first.headers
    before = people(), Account.objects.count()
    for _again in range(3):
        again = service.post("/api/users", body, "one")
        assert (again.status_code, again.headers[REPLAYED]) == (201, "true")
        assert again.content == first.content
    assert (people(), Account.objects.count()) == before


def test_the_person_counts_not_how_they_are_written(service):
    first = service.post("/api/users", JANE, "one")
    other_way = {"phone": "+254712900001", "name": " Jane Wambui ", "email": "JANE@example.com"}
    again = service.post("/api/users", other_way, "one")
    assert (again.headers[REPLAYED], again.content) == ("true", first.content)
    nobody = service.post("/api/users", {"name": "John"}, "two")
    same = service.post("/api/users", {"name": "John", "email": None, "phone": None}, "two")
    assert (same.headers[REPLAYED], same.content) == ("true", nobody.content)


@pytest.mark.parametrize(
    "change", [{"name": "Jane W"}, {"email": "j@example.com"}, {"phone": None}, {"email": None}]
)
def test_another_person_is_refused(service, change):
    first = service.post("/api/users", JANE, "one").json()
    before = people()
    body = problem_of(
        service.post("/api/users", JANE | change, "one"), 422, "idempotency_key_reused"
    )
    assert str(first["id"]) in body["detail"]
    assert people() == before
    assert service.post("/api/users", JANE, "one").headers[REPLAYED] == "true"


def test_no_key_opens_another_member_each_time(service):
    ids = {service.post("/api/users", {"name": "Jane"}).json()["id"] for _ in range(3)}
    assert len(ids) == 3
    assert not Opening.objects.exists()


def test_a_key_belongs_to_the_tokens_owner(service):
    owner = UserFactory(name="Another Program")
    first = service.post("/api/users", {"name": "Jane"}, "one").json()
    other = by_token(owner, "service").post("/api/users", {"name": "Jane"}, "one").json()
    assert first["id"] != other["id"]
    tokens.revoke(ApiToken.objects.latest("pk").pk)
    again = by_token(owner, "service").post("/api/users", {"name": "Jane"}, "one")
    assert (again.headers[REPLAYED], again.json()["id"]) == ("true", other["id"])


def test_a_refusal_is_not_remembered(service):
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


def test_the_member_is_found_again_as_they_are_now(service):
    """As a transaction that has settled since: the same one, in its state of today."""
    opened = service.post("/api/users", JANE, "one").json()
    User.objects.filter(pk=opened["id"]).update(name="Jane Otieno", phone="+254712900009")
    service.post("/api/deposit", order("deposit", opened["id"], 0, 5_00))
    again = service.post("/api/users", JANE, "one")
    assert again.headers[REPLAYED] == "true"
    assert again.json()["id"] == opened["id"]
    assert again.json()["name"] == "Jane Otieno"
    assert again.json()["account"]["balance_cents"] == 5_00


def test_only_a_service_token_finds_it_again(service, alices, desk):
    service.post("/api/users", JANE, "one")
    for caller in (alices, desk):
        problem_of(caller.post("/api/users", JANE, "one"), 403, "forbidden")


def test_the_database_keeps_a_key_to_one_member(service, alice, bob, carol):
    Opening.objects.create(actor=alice, key="one", digest="x", user=bob)
    for again in (
        {"actor": alice, "key": "one", "user": carol},
        {"actor": bob, "key": "a", "user": bob},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Opening.objects.create(digest="x", **again)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one call read at a time")
def test_a_call_that_opens_the_member_between_two_reads_is_found(service):
    answers = []

    def meanwhile(execute, sql, *more):
        found = execute(sql, *more)
        is_look_up = "wallet_opening" in sql or '"wallet_user"."email" = ' in sql
        if is_look_up and not answers:
            answers.append(None)
            answers[:] = run_together(lambda: service.post("/api/users", JANE, "one"))
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
def test_a_member_who_may_have_been_opened(service, key):
    service.get("/api/users")
    with lose_commit_answer():
        response = service.post("/api/users", JANE, key)
    body = problem_of(response, 503, "outcome_unknown")
    assert ("Retry-After" in response.headers) == ("same key" in body["detail"]) == bool(key)
    if key:
        again = service.post("/api/users", JANE, key)
        assert (again.status_code, again.headers[REPLAYED]) == (201, "true")
    assert User.objects.filter(email="jane@example.com").count() == 1
