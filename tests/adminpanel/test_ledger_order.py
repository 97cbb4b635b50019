"""The ledger's presets, its order, its headings of days, and rows that open with a click."""

from __future__ import annotations

import pytest

from tests.factories import deposit
from tests.pages import elements, find, text, words

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

URL = "/panel/ledger/"


@pytest.fixture
def three(bob, time_machine):
    """A deposit on each of three days, the last of them today."""
    records = []
    for day in ("2026-11-10", "2026-11-24", "2026-11-25"):
        time_machine.move_to(f"{day}T09:00:00Z", tick=False)
        records.append(deposit(bob, 10_00))
    return [record.reference for record in records]


def shown(page) -> list[str]:
    return [words(link) for link in elements(page, "a", class_="reference")]


def test_presets_choose_days(three, as_finance):
    first, second, third = three
    found = {}
    (nav,) = elements(as_finance.get(URL), "nav", **{"aria-label": "Period and order"})
    for link in find(nav, "a"):
        found[words(link)] = shown(as_finance.get(dict(link.attributes)["href"]))
    assert found == {
        "Today": [third],
        "Yesterday": [second],
        "Last 7 days": [third, second],
        "Month to date": [third, second, first],
        "Newest first": three,
    }


def test_the_oldest_come_first_on_each_page(three, as_finance, settings):
    settings.PAGE_SIZE_PANEL = 50
    page = as_finance.get(URL, {"order": "oldest", "size": "50"})
    assert shown(page) == three
    after = as_finance.get(URL, {"order": "oldest", "cursor": three[0]})
    assert shown(after) == three[1:]
    assert as_finance.get(URL, {"order": "amount"}).status_code == 422


def test_headings_of_days_only_without_filters(three, as_finance):
    assert len(elements(as_finance.get(URL), "tr", class_="day-row")) == 3
    page = as_finance.get(URL, {"type": "DEPOSIT"})
    assert elements(page, "tr", class_="day-row") == []
    assert "10 Nov 2026, 12:00:00" in text(page)
