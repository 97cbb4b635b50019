"""The overview's periods: what is in them, what they're compared with, and where they lead."""

from __future__ import annotations

from datetime import date

import pytest

from adminpanel.overview import periods
from ledger.models import Transaction
from tests.conftest import signed_in
from tests.factories import UserFactory, deposit
from tests.pages import elements, find, text, words

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

URL = "/panel/"


@pytest.mark.parametrize(
    ("now", "first", "before"),
    [
        ("2026-11-25", "2026-11-01", ("2026-10-01", "2026-10-25")),
        ("2026-03-31", "2026-03-01", ("2026-02-01", "2026-02-28")),
        ("2026-01-01", "2026-01-01", ("2025-12-01", "2025-12-01")),
    ],
)
def test_a_month_to_date_is_compared_with_the_same_days_of_the_month_before(now, first, before):
    found = periods.month(date.fromisoformat(now))
    assert [str(day) for day in found] == [first, now, *before]


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (0, 0, None),
        (5, 0, (True, None)),
        (150, 100, (True, 50)),
        (1, 3, (False, 67)),
        (200, 201, (False, 0)),
        (100, 100, (True, 0)),
    ],
)
def test_a_change_is_in_whole_percent(now, before, expected):
    assert periods.change(now, before) == expected


def test_each_period_shows_its_days_and_the_change(finance, time_machine):
    bob = UserFactory()
    for day, cents in (
        ("2026-10-03", 100_00), ("2026-11-02", 50_00), ("2026-11-17", 10_00), ("2026-11-23", 30_00),
        ("2026-11-24", 20_00), ("2026-11-25", 5_00), ("2026-11-25", 5_00),
    ):  # fmt: skip
        time_machine.move_to(f"{day}T09:00:00Z", tick=False)
        deposit(bob, cents)
    client = signed_in(finance)
    for name, said, days in (
        ("today", "Deposits 10.00 2 deposits As of 12:00 ↓ 50%", ("2026-11-25", "2026-11-25")),
        ("yesterday", "Deposits 20.00 1 deposit As of 12:00 ↓ 33%", ("2026-11-24", "2026-11-24")),
        ("week", "Deposits 60.00 4 deposits As of 12:00 ↑ 500%", ("2026-11-19", "2026-11-25")),
        ("month", "Deposits 120.00 6 deposits As of 12:00 ↑ 20%", ("2026-11-01", "2026-11-25")),
        ("", "Deposits 220.00 7 deposits 2 today, as of 12:00 ↓ 50%", None),
    ):
        page = client.get(URL, {"period": name} if name else {})
        tile = next(one for one in elements(page, "a", class_="tile") if "Deposits" in words(one))
        assert words(tile).startswith(said), name
        url = dict(tile.attributes)["href"]
        assert not days or url.endswith(f"&by=settled&from={days[0]}&to={days[1]}")
        rows = elements(client.get(url), "a", class_="reference")
        assert str(len(rows)) == said.split()[2]


def test_a_bar_opens_its_day_in_the_ledger(finance, alice):
    deposit(alice, 5_00)
    client = signed_in(finance)
    page = client.get(URL)
    (chart, *_others) = elements(page, "svg", class_="bars")
    last = list(find(chart, "a", class_="open-day"))[-1]
    table = next(iter(elements(page, "table", class_="numbers")))
    links = [dict(link.attributes)["href"] for link in find(table, "a")]
    assert links[-1] == dict(last.attributes)["href"]
    rows = elements(client.get(links[-1]), "a", class_="reference")
    assert len(rows) == Transaction.objects.filter(type="DEPOSIT", status="SUCCESS").count()


def test_an_unknown_period_is_refused(as_finance):
    answer = as_finance.get(URL, {"period": "year"})
    assert answer.status_code == 422
    assert "There is no such period." in text(answer)
