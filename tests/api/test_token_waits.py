"""A token that ends while its order waits for the account moves nothing."""

import time
from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection
from django.http import HttpResponse
from django.utils import timezone

from tests.api.calls import bearer, issue, lock_held, order, problem_of
from tests.books import nothing_moves
from wallet import tokens
from wallet.models import ApiToken, User

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="an order waits for a row"),
]

LIFE_S = 1


def revoke(token: ApiToken) -> None:
    tokens.revoke(token.pk)


def deactivate_owner(token: ApiToken) -> None:
    User.objects.filter(pk=token.user_id).update(is_active=False)


def expire(token: ApiToken) -> None:
    ends_at = timezone.now() + timedelta(seconds=LIFE_S)
    ApiToken.objects.filter(pk=token.pk).update(expires_at=ends_at)
    time.sleep(LIFE_S)


def wait_for_an_order() -> None:
    """Until a statement of another connection waits for a row."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(waiting + " AND datname = current_database()")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("no order waits")


@pytest.mark.parametrize("is_met", [True, False], ids=["met", "new"])
@pytest.mark.parametrize("end", [revoke, deactivate_owner, expire])
def test_it_moves_nothing(alice, bob, operator, is_met, end):
    secret = issue(operator, "service")
    caller, answers = bearer(secret), list[HttpResponse]()

    def send() -> None:
        try:
            answers.append(caller.post("/api/transfer", order("transfer", alice.pk, bob.pk)))
        finally:
            connection.close()

    if is_met:
        assert caller.post("/api/deposit", order("deposit", alice.pk, 0)).status_code == 201
    with nothing_moves():
        with lock_held(alice.accounts.get()):
            thread = Thread(target=send)
            thread.start()
            wait_for_an_order()
            end(ApiToken.objects.get())
        thread.join()
    problem_of(answers[0], 401, "not_authenticated")
