"""Over real HTTP every transfer happens once, even when answers get lost and clients retry."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterator

import pytest

from ledger.models import Transaction
from tests.api.support.calls import JSON, issue, order
from tests.api.support.granian import Answer, Connection, server
from tests.api.support.raw import chunked, request, send_raw
from tests.books import assert_books_right, nothing_moves, total_in_wallets
from tests.factories import UserFactory, funded
from wallet.api.strict_json import BODY_BYTES_AT_MOST

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

NIGHTLY = os.environ.get("NIGHTLY") == "1"
CLIENTS = 16
ORDERS_PER_CLIENT = 600 if NIGHTLY else 12
PEOPLE = 12


class Crowd:
    """Clients that send duplicates of each other's transfers, lose answers, and retry."""

    def __init__(self, port: int, token: str, people: list[int], seed: int) -> None:
        self.port, self.token = port, token
        numbers = random.Random(seed)
        self.orders = {}
        for number in range(CLIENTS * ORDERS_PER_CLIENT):
            source, target = numbers.sample(people, 2)
            cents = numbers.choice([1, 50, 3_00, 900_00])
            self.orders[f"order-{seed}-{number}"] = order("transfer", source, target, cents)
        self.answers: dict[str, list[Answer]] = defaultdict(list)
        self.lost: set[str] = set()
        self.failures: list[BaseException] = []
        self.lock = threading.Lock()

    def run(self) -> None:
        keys = list(self.orders)
        threads = []
        for client in range(CLIENTS):
            own = keys[client::CLIENTS]
            # Another client sends every third transfer too, like a duplicate from another machine.
            shared = keys[(client + 1) % CLIENTS :: CLIENTS * 3]
            threads.append(threading.Thread(target=self.work, args=(client, own + shared)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.failures:
            raise self.failures[0]

    def work(self, client: int, keys: list[str]) -> None:
        numbers = random.Random(client)
        numbers.shuffle(keys)
        connection = Connection(self.port, self.token)
        try:
            for key in keys:
                if numbers.random() < 0.1:
                    self.lose(connection, key)
                for _time in range(1 + (numbers.random() < 0.2)):
                    answer = self.call_until_certain(connection, key)
                    with self.lock:
                        self.answers[key].append(answer)
        except BaseException as error:
            self.failures.append(error)
        finally:
            connection.close()

    def lose(self, connection: Connection, key: str) -> None:
        """Send the transfer, and close the connection before the answer comes."""
        self.lost.add(key)
        connection.send("POST", "/api/transfer", self.orders[key], **{"Idempotency-Key": key})
        connection.close()

    def call_until_certain(self, connection: Connection, key: str) -> Answer:
        while True:
            answer = connection.call(
                "POST", "/api/transfer", self.orders[key], **{"Idempotency-Key": key}
            )
            assert answer.status in (201, 400, 503), answer
            if answer.status != 503:
                return answer
            time.sleep(int(answer.headers["retry-after"]) / 10)


@pytest.fixture
def token(db) -> str:
    return issue(UserFactory(name="Payroll Program"), "service")


@pytest.fixture(scope="module")
def port(django_db_setup) -> Iterator[int]:
    """One server for all tests of this file. It sees the rows that each test commits."""
    with server() as port:
        yield port


def test_every_transfer_happens_once(port, token):
    people = [funded(UserFactory(), 1_000_00).pk for _ in range(PEOPLE)]
    total, before = total_in_wallets(), Transaction.objects.count()
    crowd = Crowd(port, token, people, seed=random.randrange(10**6))
    crowd.run()
    records = list(Transaction.objects.with_parties())
    done = {each.idempotency_key: each for each in records if each.idempotency_key in crowd.orders}
    assert len(done) + before == len(records), "a transaction that no client sent"
    for key, wanted in crowd.orders.items():
        first, *others = [answer for answer in crowd.answers[key] if answer.status == 201] or [None]
        if key in done:
            assert_is_order(done[key], wanted)
        if first is None:
            # A lost copy may arrive after another one was refused: a key doesn't keep refusals.
            assert key not in done or key in crowd.lost, "refused, but carried out"
            continue
        assert first.json()["reference"] == done[key].reference
        assert all(answer.content == first.content for answer in others)
    assert len(done) > len(crowd.orders) // 2, "too few transfers to prove anything"
    assert total_in_wallets() == total
    assert_books_right()


def assert_is_order(record, wanted):
    assert record.from_account.user_id == wanted["from_user_id"]
    assert record.to_account.user_id == wanted["to_user_id"]
    assert record.amount_cents == wanted["amount_cents"]


def test_duplicates_from_many_clients_at_the_same_time_happen_once(port, token, alice, bob):
    wanted = order("transfer", alice.pk, bob.pk, 7_00)
    start = threading.Barrier(CLIENTS)
    answers = []

    def send():
        connection = Connection(port, token)
        start.wait(10)
        answers.append(
            connection.call("POST", "/api/transfer", wanted, **{"Idempotency-Key": "one"})
        )
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status for answer in answers] == [201] * CLIENTS
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == CLIENTS - 1
    assert Transaction.objects.filter(idempotency_key="one").count() == 1
    assert_books_right()


@pytest.mark.any_engine
def test_malformed_bodies_get_a_clear_refusal(port, token, alice):
    text = f'{{"user_id": {alice.pk}, "amount_cents": 100}}'.encode()
    large = b" " * (BODY_BYTES_AT_MOST + 1)
    odd = {
        "nothing": request(token, b"", "Content-Length: 0"),
        "no length": request(token, b""),
        "large": request(token, large, f"Content-Length: {len(large)}"),
        "huge": request(token, large * 50, f"Content-Length: {len(large) * 50}"),
        "large in chunks": request(token, chunked(large), "Transfer-Encoding: chunked"),
        "shorter than its length": request(token, text, f"Content-Length: {len(text) + 10}"),
        "longer than its length": request(token, text, f"Content-Length: {len(text) - 10}"),
        "negative": request(token, text, "Content-Length: -1"),
        "nonsense": request(token, text, "Content-Length: ten"),
        "two lengths": request(token, text, "Content-Length: 1", f"Content-Length: {len(text)}"),
    }
    with nothing_moves():
        for name, sent in odd.items():
            try:
                answer = send_raw(port, sent, then_close=name == "shorter than its length")
            except ConnectionError:  # The server doesn't read a body that is too large.
                continue
            is_refusal = answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
            assert answer == b"" or is_refusal, (name, answer)


@pytest.mark.any_engine
def test_the_contract_holds_over_http(port, token, alice):
    connection = Connection(port, token)
    answer = connection.call("GET", f"/api/balance/{alice.pk}", **{"X-Request-ID": "wire-1"})
    assert answer.status == 200
    assert answer.headers["content-type"].startswith(JSON)
    assert answer.headers["x-request-id"] == "wire-1"
    assert "no-store" in answer.headers["cache-control"]
    missing = connection.call("GET", "/api/nothing")
    assert (missing.status, missing.json()["code"]) == (404, "not_found")
    refused = Connection(port).call("GET", "/api/users")
    assert (refused.status, refused.headers["www-authenticate"]) == (401, "Bearer")
    wrong = connection.call("GET", "/api/deposit")
    assert (wrong.status, wrong.headers["allow"]) == (405, "POST")
    connection.close()
