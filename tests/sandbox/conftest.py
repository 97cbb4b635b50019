"""A simulator with a frozen clock and a receiver for its callbacks, both over real HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nissmart.sandbox.keys import Keys
from nissmart.sandbox.merchant import Merchant
from nissmart.sandbox.server import Server, resume
from nissmart.sandbox.simulator import build
from nissmart.sandbox.timeline import Timeline
from tests.sandbox.support.daraja import Daraja
from tests.sandbox.support.receiver import Receiver


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The simulator has no database."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.any_engine)


# Noon in Nairobi.
START = datetime(2026, 10, 1, 9, tzinfo=UTC)

Start = Callable[..., Daraja]


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys.generate()


@pytest.fixture(scope="session")
def certificate(keys: Keys) -> bytes:
    return keys.certificate_pem()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def start(keys: Keys, certificate: bytes, receiver: Receiver) -> Iterator[Start]:
    """Start a simulator; every one is stopped at the end."""
    servers: list[Server] = []

    def start(
        *, seed: int = 1, merchant: Merchant | None = None, state: Path | None = None
    ) -> Daraja:
        timeline = Timeline(start=START, frozen=True)
        simulator = build(seed=seed, merchant=merchant, keys=keys, state=state, timeline=timeline)
        server = Server(simulator, 0)
        resume(simulator)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        settings = simulator.merchant.settings(server.url, "")
        return Daraja(server.url, certificate, settings, receiver)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def daraja(start: Start) -> Daraja:
    return start()
