"""The HTTP client: every answer is bounded in size and time, and only a whole one counts."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from ledger.rails.mpesa import client
from ledger.rails.mpesa.client import LONGEST_ANSWER, Reply

pytestmark = pytest.mark.any_engine

TIMEOUT_S = 0.4
Talk = Callable[[socket.socket], None]


class Peer:
    """A server that takes one connection after another and says what the test wants."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.taken = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def serve(self) -> None:
        while True:
            try:
                connection, _address = self.listener.accept()
            except OSError:
                return
            self.taken += 1
            with connection:
                # All of it: to close with a part unread would reset the connection.
                while (part := connection.recv(65_536)) and not part.endswith(b"{}"):
                    pass
                with contextlib.suppress(OSError):
                    self.talk(connection)


@pytest.fixture
def peer() -> Iterator[Callable[[Talk], Peer]]:
    peers: list[Peer] = []

    def start(talk: Talk) -> Peer:
        peers.append(Peer(talk))
        return peers[-1]

    yield start
    for one in peers:
        one.listener.close()


def ask(url: str) -> Reply:
    pool = client.pool(url, TIMEOUT_S)
    return client.call(pool, pool.build_request("POST", "/", content=b"{}"), TIMEOUT_S)


def says(*parts: bytes, pause_s: float = 0) -> Talk:
    def talk(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause_s)

    return talk


OK = b"HTTP/1.1 200 OK\r\n"


def test_a_whole_answer_counts(peer):
    reply = ask(peer(says(OK + b"Content-Length: 2\r\n\r\n{}")).url)
    assert reply == Reply(200, b"{}", was_sent=True)


@pytest.mark.parametrize(
    ("talk", "words"),
    [
        (says(), "RemoteProtocolError"),
        (says(OK + b"Content-Length: 9\r\n\r\n{}"), "RemoteProtocolError"),
        (says(b"hello\r\n\r\n"), "RemoteProtocolError"),
        (says(b"", pause_s=2), "ReadTimeout"),
        (says(OK + b"Content-Length: 9\r\n\r\n{", pause_s=2), "ReadTimeout"),
        (says(OK + b"Content-Length: 90\r\n\r\n", *[b"x"] * 20, pause_s=0.1), "took too long"),
        (says(OK + b"Content-Length: 999999\r\n\r\n" + b"x" * 999_999), "too large"),
    ],
    ids=["hangs up", "half", "no HTTP", "silence", "half, then silence", "drips", "large"],
)
def test_without_a_whole_answer_the_request_may_have_been_carried_out(peer, talk, words):
    begun = time.monotonic()
    reply = ask(peer(talk).url)
    assert (reply.status_code, reply.was_sent) == (None, True)
    assert words in reply.body.decode()
    assert time.monotonic() - begun < 3 * TIMEOUT_S + 0.5


def test_a_refused_connection_has_sent_nothing():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert ask(f"http://127.0.0.1:{port}").was_sent is False
    assert ask("http://nowhere.invalid").was_sent is False


def test_a_redirect_is_not_followed(peer):
    target = peer(says(OK + b"Content-Length: 2\r\n\r\n{}"))
    location = f"Location: {target.url}\r\nContent-Length: 0\r\n\r\n".encode()
    assert ask(peer(says(b"HTTP/1.1 307 Moved\r\n" + location)).url).status_code == 307
    assert target.taken == 0


def test_a_compressed_answer_is_not_unpacked(peer):
    """A few kilobytes can unpack to gigabytes."""
    head = b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n"
    assert ask(peer(says(OK + head + b"\x1f\x8b\x08\x00")).url).body == b"\x1f\x8b\x08\x00"


def test_the_environment_names_no_proxy(peer, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    client.pool.cache_clear()
    assert ask(peer(says(OK + b"Content-Length: 2\r\n\r\n{}")).url).status_code == 200


def test_a_connection_is_used_again(daraja):
    pool = client.pool(daraja.settings["MPESA_BASE_URL"], 5)
    for _number in range(3):
        client.call(pool, pool.build_request("GET", "/_sim/book"), 5)
    assert len(pool._transport._pool.connections) == 1


def test_a_real_answer_is_far_from_the_bound(daraja):
    assert len(daraja.b2c().raw) * 100 < LONGEST_ANSWER
