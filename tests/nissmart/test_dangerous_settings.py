"""Settings with which payments would go wrong are refused at the start."""

from __future__ import annotations

import importlib
import re

import pytest
from django.core.exceptions import ImproperlyConfigured

from nissmart import alert_settings, payment_settings

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


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        ("https://hooks.example.com/nissmart", True),
        ("http://localhost:9000/alerts", True),
        ("http://localhost.example.com/alerts", False),
        ("http://localhost@example.com/alerts", False),
        ("http://hooks.example.com/alerts", False),
        ("https:///alerts", False),
    ],
)
def test_alerts_go_unencrypted_only_to_this_machine(monkeypatch, url, is_taken):
    monkeypatch.setenv("ALERT_WEBHOOK_URL", url)
    monkeypatch.setenv("ALERT_WEBHOOK_SECRET", "a secret of some length")
    if is_taken:
        importlib.reload(alert_settings)
    else:
        with pytest.raises(ImproperlyConfigured, match="must begin with https://"):
            importlib.reload(alert_settings)
