"""A token that has ended moves nothing, even if a cache still knows it."""

import time
from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection
from django.http import HttpResponse
from django.utils import timezone

from tests.api.support.calls import (
    MOVES,
    bearer,
    by_token,
    issue,
    order,
    path_of,
    problem_of,
)
from tests.books import nothing_moves
from tests.factories import account_id
from tests.ledger.support.crowd import hold_accounts
from wallet.api import tokens
from wallet.models import ApiToken, User

pytestmark = pytest.mark.django_db

LIFE_S = 1


def revoke(token: ApiToken) -> None:
    tokens.revoke(token.pk)


def deactivate_owner(token: ApiToken) -> None:
    User.objects.filter(pk=token.user_id).update(is_active=False)


def expire(token: ApiToken) -> None:
    ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now())


def expire_by_itself(token: ApiToken) -> None:
    ends_at = timezone.now() + timedelta(seconds=LIFE_S)
    ApiToken.objects.filter(pk=token.pk).update(expires_at=ends_at)
    time.sleep(LIFE_S)


@pytest.mark.parametrize("scope", ["member", "service"])
@pytest.mark.parametrize("move", MOVES)
def test_a_token_moves_money_until_it_expires(alice, bob, scope, move):
    caller, mine = by_token(alice, scope), order(move, alice.pk, bob.pk)
    ApiToken.objects.update(expires_at=timezone.now() + timedelta(hours=1))
    for key in ("first", "second", None):
        assert caller.post(path_of(move), mine, key=key).status_code == 201


@pytest.mark.parametrize("scope", ["member", "service"])
@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("end", [revoke, deactivate_owner, expire])
def test_a_token_that_has_just_ended_moves_nothing(alice, bob, scope, move, end):
    caller, mine = by_token(alice, scope), order(move, alice.pk, bob.pk)
    assert caller.post(path_of(move), mine, key="before").status_code == 201
    assert caller.post(path_of(move), mine, key="again").status_code == 201
    end(ApiToken.objects.get())
    with nothing_moves():
        for key in ("after", "before", None):
            response = caller.post(path_of(move), mine, key=key)
            problem_of(response, 401, "not_authenticated")
            assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_works_again_when_its_owner_is_active_again(alice, bob):
    caller, mine = by_token(alice), order("transfer", alice.pk, bob.pk)
    assert caller.post("/api/transfer", mine).status_code == 201
    User.objects.filter(pk=alice.pk).update(is_active=False)
    problem_of(caller.post("/api/transfer", mine), 401, "not_authenticated")
    User.objects.filter(pk=alice.pk).update(is_active=True)
    assert caller.post("/api/transfer", mine).status_code == 201


def test_a_token_with_a_reduced_scope_loses_the_old_one_immediately(alice, bob, operator):
    caller, theirs = by_token(operator, "service"), order("transfer", alice.pk, bob.pk)
    assert caller.post("/api/transfer", theirs).status_code == 201
    ApiToken.objects.update(scope="member")
    with nothing_moves():
        problem_of(caller.post("/api/transfer", theirs), 401, "not_authenticated")
        problem_of(caller.post("/api/transfer", theirs), 404, "not_found")


def test_a_cached_token_acts_only_for_its_owner(alice, bob):
    caller = by_token(alice)
    assert caller.post("/api/transfer", order("transfer", alice.pk, bob.pk)).status_code == 201
    with nothing_moves():
        for move in MOVES:
            response = caller.post(path_of(move), order(move, bob.pk, alice.pk))
            problem_of(response, 404, "not_found")


def wait_for_a_lock_wait() -> None:
    """Wait until another connection waits for a row lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(waiting + " AND datname = current_database()")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("no transfer waits")


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no row locks")
@pytest.mark.parametrize("is_cached", [True, False], ids=["cached", "new"])
@pytest.mark.parametrize("end", [revoke, deactivate_owner, expire, expire_by_itself])
def test_a_token_that_ends_while_its_transfer_waits_moves_nothing(
    alice, bob, operator, is_cached, end
):
    caller = bearer(issue(operator, "service"))
    answers: list[HttpResponse] = []

    def send() -> None:
        try:
            answers.append(caller.post("/api/transfer", order("transfer", alice.pk, bob.pk)))
        finally:
            connection.close()

    if is_cached:
        assert caller.post("/api/deposit", order("deposit", alice.pk, 0)).status_code == 201
    with nothing_moves():
        with hold_accounts(account_id(alice)):
            thread = Thread(target=send)
            thread.start()
            wait_for_a_lock_wait()
            end(ApiToken.objects.get())
        thread.join()
    problem_of(answers[0], 401, "not_authenticated")
