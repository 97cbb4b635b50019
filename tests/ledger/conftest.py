"""Fixtures for the ledger's tests."""

import pytest

from tests.factories import UserFactory, funded
from wallet.models import User


@pytest.fixture
def members(db) -> list[User]:
    """Ten members with KES 100 each."""
    return [funded(UserFactory(), 100_00) for _each in range(10)]


@pytest.fixture
def rich(db) -> User:
    """A member with as much as a wallet may hold."""
    return funded(funded(UserFactory(), 250_000_00), 250_000_00)
