"""Settings with which payments would go wrong are refused at the start."""

from __future__ import annotations

import importlib
import re

import pytest
from django.core.exceptions import ImproperlyConfigured

from nissmart import payment_settings

pytestmark = pytest.mark.any_engine


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"PAYOUT_THREADS": "0"}, "PAYOUT_THREADS is 0: set 1 or more."),
        ({"LIMIT_CENTS_BALANCE": "-1"}, "LIMIT_CENTS_BALANCE is -1"),
        ({"APPROVE_ONE_ABOVE_CENTS": "99999999"}, "APPROVE_TWO_ABOVE_CENTS is less than"),
        ({"RAIL": "mpesa", "PAYOUT_LEASE_S": "20"}, "PAYOUT_LEASE_S isn't longer than"),
    ],
)
def test_a_dangerous_setting_is_refused(monkeypatch, given, complaint):
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=re.escape(complaint)):
        importlib.reload(payment_settings)
