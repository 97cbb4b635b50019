"""The API's callers: no token, a service token, a finance token, and Alice's and Bob's tokens."""

from __future__ import annotations

from itertools import permutations

import pytest

from ledger import lookups
from tests.api.support.calls import Api, by_token
from tests.factories import UserFactory, account_id


@pytest.fixture(autouse=True)
def acquainted(request) -> None:
    """Alice, Bob and Carol have paid each other, so their programs may name them by id.

    Not those of tests/api/test_payees.py, which look at that.
    """
    if "test_payees" in request.node.nodeid:
        return
    # In the test's own order, since some look at who came last.
    cast = ("alice", "bob", "carol")
    made = {
        name: request.getfixturevalue(name)
        for name in request.fixturenames
        if name in (*cast, "service")
    }
    wallets = [account_id(made[name]) for name in made if name in cast]
    lookups.paid.update(permutations(wallets, 2))


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
