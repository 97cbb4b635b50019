"""The M-PESA rail, talking to the project's own simulator over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger import rails
from ledger.rails import Instruction, recording
from ledger.rails.mpesa import client, configuration, gateway
from tests.ledger.rails.support.wire import CALLBACK_SECRET, Wire
from tests.sandbox.conftest import certificate, daraja, keys, receiver, start
from tests.sandbox.support.daraja import Daraja

__all__ = ["certificate", "daraja", "keys", "receiver", "start"]

PHONE = "+254712000001"


@pytest.fixture(autouse=True)
def _fresh_process() -> Iterator[None]:
    """No connection, no token and no checked settings of another test."""
    yield
    gateway.token_store.cache_clear()
    client.pool.cache_clear()
    configuration.checked.cache_clear()


@pytest.fixture(scope="session")
def certificate_path(certificate: bytes, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("mpesa") / "certificate.pem"
    path.write_bytes(certificate)
    return str(path)


@pytest.fixture
def mpesa_settings(settings, daraja: Daraja, certificate_path: str):
    """The settings that the simulator prints, and where its callbacks go."""
    for name, value in daraja.settings.items():
        setattr(settings, name, value)
    settings.RAIL = "mpesa"
    settings.MPESA_CERTIFICATE = certificate_path
    settings.MPESA_CALLBACK_BASE_URL = daraja.receiver.url("").rstrip("/")
    settings.MPESA_CALLBACK_SECRET = CALLBACK_SECRET
    settings.MPESA_TIMEOUT_S = "5"
    return settings


@pytest.fixture
def wire(db, mpesa_settings, daraja: Daraja) -> Iterator[Wire]:
    wire = Wire(rails.of("mpesa"), daraja)
    with recording.to(wire.events.append):
        yield wire


@pytest.fixture
def asked() -> Instruction:
    return Instruction("NSP-7K2Q9PXM", 1_200_00, PHONE)
