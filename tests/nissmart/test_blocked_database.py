"""While another session holds a lock, reads and pages answer, and writes hear "busy"."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from threading import Thread

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from tests.api.support.calls import Api, by_token
from tests.conftest import signed_in
from tests.factories import PASSWORD, UserFactory, account_id, send
from tests.ledger.support.crowd import closing, hold_accounts, run_together
from wallet.models import User

pytestmark = pytest.mark.django_db(transaction=True)

only_sqlite = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="only SQLite has one write lock for everything"
)
READ_S = 1.0
BUSY_S = 5.0


def took_s(ask: Callable[[], HttpResponse], *statuses: int) -> float:
    began = time.monotonic()
    response = ask()
    assert response.status_code in statuses, response.content
    return time.monotonic() - began


def test_healthz_makes_no_query(alice, django_assert_num_queries):
    client = signed_in(alice)
    with django_assert_num_queries(0):
        assert client.get("/healthz").text == "alive\n"


@pytest.fixture
def member(alice) -> Client:
    return signed_in(alice)


@pytest.mark.parametrize("scope", ["member", "service"])
def test_api_reads_answer(alice, scope):
    """Although a call records the token's last use and counts towards the rate limit."""
    caller = by_token(alice, scope)
    with hold_accounts(account_id(alice)):
        for _each in range(3):
            for path in (f"/api/balance/{alice.pk}", f"/api/transactions/{alice.pk}", "/api/users"):
                assert took_s(lambda path=path: caller.get(path), 200) < READ_S


def test_pages_answer(alice, bob, member):
    """Although the first look at a receipt gives it a code."""
    receipt = f"/activity/{send(alice, bob, 1_00).reference}/"
    paths = ["/", "/activity/", receipt, "/statement/", "/deposit/", "/transfer/", "/profile/"]
    with hold_accounts(account_id(alice)):
        for path in [*paths, "/healthz"]:
            assert took_s(lambda path=path: member.get(path), 200) < READ_S
        assert took_s(lambda: Client().get("/accounts/login/"), 200) < READ_S


def test_orders_hear_busy(alice, bob, member):
    caller = by_token(alice)
    # A member token names someone by id only once its owner has paid them.
    send(alice, bob, 1_00)
    order = {"from_user_id": alice.pk, "to_user_id": bob.pk, "amount_cents": 1_00}
    form = {"amount": "1", "confirm": "1", "idempotency_key": "one-key"}
    with hold_accounts(account_id(alice)):
        took = run_together(
            lambda: took_s(lambda: caller.post("/api/transfer", order), 503),
            lambda: took_s(lambda: member.post("/deposit/", form), 503),
        )
    assert max(took) < BUSY_S
    assert caller.post("/api/transfer", order, key="again").status_code == 201


@only_sqlite
def test_other_writes_hear_busy_on_sqlite(alice):
    login = {"login": alice.email, "password": PASSWORD}
    with hold_accounts(account_id(alice)):
        began = time.monotonic()
        answers: list[HttpResponse] = []
        threads = [
            Thread(target=closing(lambda: answers.append(sign_in(login)))) for _each in range(6)
        ]
        for thread in threads:
            thread.start()
        while threads:
            threads.pop().join()
        assert time.monotonic() - began < BUSY_S
    # A guess that can't be counted isn't checked.
    assert {answer.status_code for answer in answers} == {503}
    assert sign_in(login).status_code == 302


@only_sqlite
def test_a_page_that_must_be_audited_hears_busy(alice, finance, operator):
    """What the audit can't record isn't shown."""
    asks = []
    for staff, page in (
        (finance, f"/panel/members/{alice.pk}/"),
        (operator, f"/admin/wallet/user/{alice.pk}/change/"),
    ):
        client = signed_in(staff)
        client.raise_request_exception = False
        asks.append(partial(client.get, page))
    with hold_accounts(account_id(alice)):
        took = run_together(*(partial(took_s, ask, 503) for ask in asks))
    assert max(took) < BUSY_S
    for ask in asks:
        assert ask().status_code == 200


def sign_in(login: dict[str, object]) -> HttpResponse:
    return Client(raise_request_exception=False).post("/accounts/login/", login)


@only_sqlite
def test_brief_writes_are_skipped_on_sqlite(alice):
    """A call answers even when its count can't be written. Later calls are counted again."""
    caller: Api = by_token(alice)
    for _each in range(2):
        with hold_accounts(account_id(alice)):
            assert caller.get("/api/users").status_code == 200
        assert caller.get("/api/users").status_code == 200
    assert User.objects.count() == 1
    assert UserFactory().pk
