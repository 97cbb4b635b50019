"""On large books PostgreSQL makes one plan for all orders, by the index of the paying account.

The statement is prepared, so PostgreSQL can reuse a generic plan. It doesn't if it expects a
custom plan to be cheaper: then it plans every order again, and early in the day it picks the
index by day, so each order reads all that members have sent since midnight.
"""

import pytest
from django.core.management import call_command
from django.db import connection

from tests.factories import send
from wallet.models import User

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's planner"),
]


def plans() -> tuple[int, int]:
    """How often the orders' statement used the generic plan, and how often a custom one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements"
            " WHERE statement LIKE '%sent_cents%' AND statement LIKE '%nextval%'"
        )
        return cursor.fetchone()


def test_all_orders_share_one_generic_plan():
    call_command("generate_history", members=4, transactions=2000, seed=1, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    payer, payee = User.objects.order_by("-accounts__balance_cents")[:2]
    for _number in range(10):
        send(payer, payee, 1)
    generic, custom = plans()
    assert custom <= 5, "PostgreSQL tries five custom plans before the generic one"
    assert generic >= 5
