"""The end of a month: statements with planted faults, every day closed, then the month.

`make proof ARGS=month` plays thirty days with 300 faults.
"""

from __future__ import annotations

import os
from datetime import date, timedelta

import pytest

from ledger import verify
from ledger.closing import periods
from ledger.models import Close
from tests.adminpanel.support.month import Month
from tests.books import assert_books_right

pytestmark = pytest.mark.django_db

DAYS = int(os.environ.get("MONTH_DAYS", "2"))
END = date(2026, 10, 31)
FAULTS = 10


def test_every_fault_of_a_month_is_found_and_none_is_invented(
    alice, wambui, joseph, settings, time_machine
):
    settings.RAIL = "mpesa"
    month = Month(alice, wambui, joseph, time_machine, seed=DAYS)
    month.run(END - timedelta(days=DAYS - 1), DAYS, payments=12, faults=FAULTS)
    assert month.faults == DAYS * FAULTS
    assert min(month.kinds.values()) >= DAYS * FAULTS // 7
    month.close(periods.month(END))
    assert Close.objects.live().days().count() == DAYS
    assert Close.objects.newest().period == "2026-10"
    assert_books_right()
    assert [one for check in verify.CHECKS for one in check.violations()] == []
