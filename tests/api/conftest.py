"""Callers: a program with a service token, one with a finance token, Alice's own, and nobody."""

from __future__ import annotations

import pytest

from tests.api.support.calls import Api, by_token
from tests.factories import UserFactory


@pytest.fixture
def anonymous(db) -> Api:
    return Api()


@pytest.fixture
def service(db) -> Api:
    return by_token(UserFactory(name="Payroll Program"), "service")


@pytest.fixture
def desk(finance) -> Api:
    """A program of finance's."""
    return by_token(finance, "finance")


@pytest.fixture
def alices(alice) -> Api:
    return by_token(alice)


@pytest.fixture
def bobs(bob) -> Api:
    return by_token(bob)
