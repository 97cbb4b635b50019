"""The API's callers: no token, a service token, a finance token, and Alice's and Bob's tokens."""

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
def finance_api(finance) -> Api:
    return by_token(finance, "finance")


@pytest.fixture
def alices(alice) -> Api:
    return by_token(alice)


@pytest.fixture
def bobs(bob) -> Api:
    return by_token(bob)
