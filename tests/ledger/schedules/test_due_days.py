"""The days on which something is due, against a model that looks at every day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.due_days import Days, Every

pytestmark = pytest.mark.any_engine

DAY = timedelta(days=1)
SOME_DAY = st.dates(date(1999, 1, 1), date(2101, 1, 1))
RULES = st.one_of(
    st.builds(Days, st.just(Every.WEEK), st.integers(1, 7)),
    st.builds(Days, st.just(Every.MONTH), st.integers(1, 31)),
    st.builds(Days, st.just(Every.ONCE), st.none(), SOME_DAY),
)


def is_due(rule: Days, day: date) -> bool:
    match rule.every:
        case Every.ONCE:
            return day == rule.on
        case Every.WEEK:
            return day.isoweekday() == rule.day
    is_last = (day + DAY).month != day.month
    return day.day == rule.day or (is_last and rule.day > day.day)


@given(RULES, SOME_DAY, st.integers(0, 400))
@example(Days(Every.MONTH, 31), date(2028, 1, 31), 100)  # A leap year.
@example(Days(Every.MONTH, 29), date(2027, 1, 29), 800)  # Past the end of February, twice.
@example(Days(Every.MONTH, 30), date(2100, 1, 30), 60)  # No leap year, though 4 divides it.
@example(Days(Every.WEEK, 1), date(2026, 12, 28), 14)  # Over the new year.
def test_each_due_day_is_found_once_and_in_order(rule, start, length):
    last = start + DAY * length
    days = [start + DAY * number for number in range(1, length + 1)]
    assert list(rule.after(start, last)) == [day for day in days if is_due(rule, day)]


def test_the_31st_is_the_last_day_of_each_month():
    found = Days(Every.MONTH, 31).after(date(2027, 12, 31), date(2028, 4, 30))
    assert [(day.month, day.day) for day in found] == [(1, 31), (2, 29), (3, 31), (4, 30)]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Days(Every.ONCE, on=date(2026, 12, 5)), "Once, on 5 December 2026"),
        (Days(Every.WEEK, 5), "Every Friday"),
        (Days(Every.MONTH, 2), "The 2nd of every month"),
        (Days(Every.MONTH, 30), "The 30th of every month or its last day"),
        (Days(Every.MONTH, 31), "The last day of every month"),
    ],
)
def test_days_in_words(rule, words):
    assert str(rule) == words
