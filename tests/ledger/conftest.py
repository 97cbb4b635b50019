"""Fixtures for the ledger's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger.models import Attempt
from tests.conftest import staff
from tests.factories import UserFactory, funded
from tests.ledger.support import paya
from tests.ledger.support.payouts import ordered
from wallet.models import User


@pytest.fixture
def members(db) -> list[User]:
    """Ten members with KES 100 each."""
    return [funded(UserFactory(), 100_00) for _each in range(10)]


@pytest.fixture
def rich(db) -> User:
    """A member with as much as a wallet may hold."""
    return funded(funded(UserFactory(), 250_000_00), 250_000_00)


@pytest.fixture
def people(db) -> tuple[int, int]:
    """Two people of finance."""
    return staff("finance").pk, staff("finance").pk


@pytest.fixture
def rail(alice) -> Iterator[paya.Paya]:
    """Payments go over the made-up rail, after Alice got her money."""
    with paya.known() as rail:
        yield rail


@pytest.fixture
def approval_for_every_payout(settings) -> None:
    settings.APPROVE_ONE_ABOVE_CENTS = 0


@pytest.fixture
def held(alice, rail, approval_for_every_payout) -> Attempt:
    """A payout of Alice that waits for approval. So do all others then."""
    return ordered(alice)
