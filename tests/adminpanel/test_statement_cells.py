"""Times and amounts as statements write them. What can't be read is refused, never guessed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adminpanel.reconciliation.formats import cells
from adminpanel.reconciliation.formats.rows import Rejected

pytestmark = pytest.mark.any_engine


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("20-04-2017 15:50", "2017-04-20T15:50:00+03:00"),
        ("03-02-2026 10:15:00", "2026-02-03T10:15:00+03:00"),
        ("2026-10-02 12:30:00", "2026-10-02T12:30:00+03:00"),
        ("15/01/2026 09:30:47", "2026-01-15T09:30:47+03:00"),
        ("5/1/2026 1:05 PM", "2026-01-05T13:05:00+03:00"),
        ("2026-10-02", "2026-10-02T00:00:00+03:00"),
    ],
)
def test_times_are_those_of_nairobi_with_the_day_first(text, iso):
    assert cells.to_time(text).isoformat() == iso


@pytest.mark.parametrize(
    "text",
    ["", "31-02-2026 10:00", "13/13/2026", "01-01-1026 10:00", "2026-10-02 25:00", "20-04/2017"],
)
def test_a_time_that_does_not_exist_is_refused(text):
    with pytest.raises(Rejected):
        cells.to_time(text)


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("1,053.00", 1_053_00), ("-60.00", -60_00), ("60", 60_00), ("0.5", 50), ("", None),
        ("KES 1,000", 1_000_00), ("(12.30)", -12_30), ("12.30-", -12_30), ("\u221212.3000", -12_30),
    ],
)  # fmt: skip
def test_amounts_are_whole_cents(text, cents):
    assert cells.to_cents(text) == cents


@pytest.mark.parametrize(
    "text",
    ["1.053,00", "12.345", "=1+1", "1e9", "9" * 30, "9" * 15, "--5", "(-5)", "1,2,3", "١٢٣", "nan"],
)
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(Rejected):
        cells.to_cents(text)


def test_no_amount_of_a_library_has_parts_of_a_cent():
    assert cells.of_decimal(Decimal("12.30")) == 12_30
    for wrong in ("12.345", "1e30", "NaN"):
        with pytest.raises(Rejected):
            cells.of_decimal(Decimal(wrong))
