"""On a large book PostgreSQL plans an order once, and by the account that pays.

Its statements are prepared, so a plan can serve every order. It does only where the planner
expects no better one for a given order; otherwise each is planned anew, and, early in the day,
by the index of the day: then an order reads whatever everybody has sent since midnight.
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
    """How often what an order asks was planned for all orders, and how often for one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements"
            " WHERE statement LIKE '%sent_cents%' AND statement LIKE '%nextval%'"
        )
        return cursor.fetchone()


def test_an_order_is_planned_once():
    call_command("generate_history", members=4, transactions=2000, seed=1, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    payer, payee = User.objects.order_by("-accounts__balance_cents")[:2]
    for _number in range(10):
        send(payer, payee, 1)
    generic, custom = plans()
    assert custom <= 5, "PostgreSQL tries five before it settles on one"
    assert generic >= 5
