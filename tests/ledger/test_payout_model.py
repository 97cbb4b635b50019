"""Whatever happens to payouts in whatever order, a plain model says where each of them stands."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import override_settings
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import (
    run_state_machine_as_test,
)

from ledger.models.tariffs import Purpose
from tests.ledger.support import paya
from tests.ledger.support.crowd import IS_NIGHTLY
from tests.ledger.support.payout_model import AMOUNTS, CHARGE, FAILING, FEES, House
from tests.ledger.support.prices import price
from tests.tampering import violations

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

# What runs here is the same code on both engines. PostgreSQL adds its constraints.
EXAMPLES, STEPS = (500, 60) if IS_NIGHTLY else (25 if connection.vendor == "sqlite" else 10, 40)


def test_payouts_follow_the_model(db):
    limits = {
        "APPROVE_ONE_ABOVE_CENTS": AMOUNTS[0],
        "APPROVE_TWO_ABOVE_CENTS": AMOUNTS[1],
        "APPROVE_ONE_ABOVE_CENTS_A_DAY": 10**9,
    }
    with override_settings(**limits), paya.known() as rail:
        rail.fails = FAILING.__contains__
        price(*FEES.items(), rail=rail.code)
        price((1, CHARGE), rail=rail.code, purpose=Purpose.CHARGE)
        run_state_machine_as_test(
            House,
            settings=hypothesis_settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                print_blob=True,
                phases=[one for one in Phase if IS_NIGHTLY or one != Phase.shrink],
                suppress_health_check=list(HealthCheck),
            ),
        )
        assert violations() == []
    print(House.outcomes)
