"""The real server when there is too much work, and with clients that are slow, idle or gone.

One process with one thread for orders and two for pages serves them all.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from contextlib import ExitStack, closing

import pytest
from django.db import connection

from ledger.models import Transaction
from tests.api.support.calls import issue, order
from tests.api.support.granian import Connection, process
from tests.api.support.raw import head, request
from tests.books import assert_books_right
from tests.factories import UserFactory, account_id, deposit
from tests.ledger.support.crowd import hold_accounts
from wallet.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

NIGHTLY = os.environ.get("NIGHTLY") == "1"
SLOW, IDLE = (200, 500) if NIGHTLY else (20, 50)
SETTINGS = {"QUEUE_TIMEOUT_S": "2", "ORDER_TIMEOUT_S": "20", "BODY_TIMEOUT_S": "4"}
# It takes milliseconds, and seconds on a busy machine. A thread that hangs does so for longer.
SOON_S = 4


@pytest.fixture
def token(db: None) -> str:
    return issue(UserFactory(name="Payroll"), "service")


def test_overload_and_slow_clients_harm_no_other_client(token, alice, bob):
    """One server for all, because it takes seconds to start."""
    deposit(alice, 1_00)
    with process(workers=1, threads=1, **SETTINGS) as (running, port):
        too_many_orders_hear_busy_and_nothing_is_done_for_a_client_that_is_gone(
            port, token, alice, bob
        )
        # No database changes how a server reads, and this part waits for seconds.
        if connection.vendor == "sqlite" or NIGHTLY:
            slow_and_idle_clients_take_no_thread_from_others(port, token, alice)
        a_stop_lets_orders_end(running, port, token, alice)
    assert_books_right()


class Caller:
    """A client that sends an order now and reads the answer later."""

    def __init__(self, port: int, token: str, user: User, key: str) -> None:
        self.connection = Connection(port, token)
        self.began = time.monotonic()
        body = order("deposit", user.pk, 0)
        self.connection.send("POST", "/api/deposit", body, **{"Idempotency-Key": key})

    def status(self) -> int:
        response = self.connection.connection.getresponse()
        self.headers, self.content = response.headers, response.read()
        self.took_s = time.monotonic() - self.began
        return int(response.status)

    def close(self) -> None:
        self.connection.close()


def booked(key: str) -> int:
    return Transaction.objects.filter(idempotency_key=key).count()


def assert_serves(port: int, token: str, user: User) -> None:
    """Health checks and pages are answered as if nothing were the matter."""
    for path in ("/healthz", "/accounts/login/", f"/api/balance/{user.pk}"):
        began = time.monotonic()
        assert Connection(port, token).call("GET", path).status == 200, path
        assert time.monotonic() - began < SOON_S, path


def too_many_orders_hear_busy_and_nothing_is_done_for_a_client_that_is_gone(
    port: int, token: str, alice: User, bob: User
) -> None:
    with hold_accounts(account_id(alice)):
        held = Caller(port, token, alice, "held")
        time.sleep(0.3)
        gone, waits = (Caller(port, token, bob, key) for key in ("gone", "waits"))
        # The client goes while its order waits for the thread.
        time.sleep(0.2)
        gone.close()
        assert_serves(port, token, bob)
    assert (held.status(), waits.status()) == (201, 201)

    with hold_accounts(account_id(alice)):
        held_again = Caller(port, token, alice, "held-again")
        time.sleep(2.3)
        crowd = [Caller(port, token, bob, f"crowd-{number}") for number in range(40)]
        for caller in crowd:
            assert caller.status() == 503
            assert caller.took_s < SOON_S
            assert b'"code": "busy"' in caller.content
            assert int(caller.headers["Retry-After"]) >= 1
            assert caller.headers["X-Request-ID"]
            assert caller.headers["Cache-Control"] == "no-store, private"
        page = Connection(port).call("POST", "/transfer/", {})
        assert (page.status, b"Nothing has moved." in page.content) == (503, True)
        assert_serves(port, token, bob)
    assert held_again.status() == 201

    # It works again right away.
    after = Caller(port, token, bob, "after")
    assert after.status() == 201
    assert [booked(key) for key in ("held", "waits", "held-again", "after")] == [1, 1, 1, 1]
    assert booked("gone") == 0
    assert not Transaction.objects.filter(idempotency_key__startswith="crowd").exists()


def slow_and_idle_clients_take_no_thread_from_others(port: int, token: str, alice: User) -> None:
    body = b'{"user_id": %d, "amount_cents": 100}' % alice.pk
    with ExitStack() as stack:

        def connect(text: bytes, buffer_bytes: int = 0) -> socket.socket:
            line = stack.enter_context(closing(socket.socket()))
            if buffer_bytes:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
            line.settimeout(20)
            line.connect(("127.0.0.1", port))
            line.sendall(text)
            return line

        slow = request(token, body[:1], f"Content-Length: {len(body)}")
        bodies = [connect(slow) for _each in range(SLOW)]
        for _each in range(SLOW):
            # Several answers, of which it reads nothing.
            connect(b"GET /api/openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 8, 4096)
        for _each in range(IDLE):
            connect(b"")
        connect(head("/api/deposit")[:-4])
        assert_serves(port, token, alice)
        for number in range(3):
            normal = Caller(port, token, alice, f"normal-{number}")
            assert normal.status() == 201, (normal.content, normal.took_s)
            assert normal.took_s < SOON_S
        # A byte now and then doesn't help: the whole body has its time.
        for number in range(1, 11):
            time.sleep(0.2)
            bodies[0].sendall(body[number : number + 1])
        for line in bodies:
            assert b" 408 " in line.recv(4096)
    assert Transaction.objects.filter(idempotency_key__startswith="normal-").count() == 3


def a_stop_lets_orders_end(
    running: subprocess.Popen[bytes], port: int, token: str, alice: User
) -> None:
    with hold_accounts(account_id(alice)):
        held = Caller(port, token, alice, "at-the-end")
        time.sleep(0.5)
        running.terminate()
        time.sleep(0.5)
        assert running.poll() is None
    assert held.status() == 201
    assert running.wait(20) == 0
    assert booked("at-the-end") == 1
