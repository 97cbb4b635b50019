"""Search understands amounts, ranges and days together."""

from __future__ import annotations

from datetime import date

import pytest

from adminpanel.search.phrases import amounts_in, day_in, wanted_in
from tests.factories import send
from tests.pages import elements, text, words

URL = "/panel/search/"


@pytest.fixture(autouse=True)
def wednesday(time_machine):
    time_machine.move_to("2026-11-25T09:00:00Z", tick=False)


@pytest.mark.parametrize(
    ("typed", "low", "high", "day"),
    [
        ("450 fri", 450_00, 450_00, "2026-11-20"),
        ("1,800 27 nov", 1_800_00, 1_800_00, "2025-11-27"),
        ("KES 1,800.50 on 24 Nov", 1_800_50, 1_800_50, "2026-11-24"),
        ("yesterday 450", 450_00, 450_00, "2026-11-24"),
        ("about 1800 today", 1_620_00, 1_980_00, "2026-11-25"),
        ("1000 to 2000, wednesday", 1_000_00, 2_000_00, "2026-11-25"),
        ("1000-2000 2026-11-20", 1_000_00, 2_000_00, "2026-11-20"),
        ("50 27 nov 2024", 50_00, 50_00, "2024-11-27"),
    ],
)
def test_an_amount_and_a_day_are_read_together(typed, low, high, day):
    assert wanted_in(typed) == ((low, high), date.fromisoformat(day))


@pytest.mark.parametrize(
    "typed", ["lunch fri", "450", "fri", "450 31 feb", "2000 to 1000 fri", "0 fri"]
)
def test_other_text_is_no_amount_with_a_day(typed):
    assert wanted_in(typed) is None


def test_days_and_amounts_alone():
    assert str(day_in("monday")) == "2026-11-23"
    assert str(day_in("29 feb")) == "None"
    assert day_in("s") is None
    assert amounts_in("about lunch") is None
    assert amounts_in("~100") == (90_00, 110_00)


@pytest.mark.django_db
def test_search_opens_the_ledger_of_the_amount_and_day(as_finance, alice, bob):
    wanted = send(alice, bob, 450_00)
    send(alice, bob, 45_00)
    answer = as_finance.get(URL, {"q": "about 440 today"})
    assert answer.headers["Location"] == (
        "/panel/ledger/?min=396.00&max=484.00&from=2026-11-25&to=2026-11-25"
    )
    page = as_finance.get(answer.headers["Location"])
    rows = [words(link) for link in elements(page, "a", class_="reference")]
    assert rows == [wanted.reference]
    answer = as_finance.get(URL, {"q": "yesterday"})
    assert answer.headers["Location"] == "/panel/ledger/?from=2026-11-24&to=2026-11-24"


@pytest.mark.django_db
@pytest.mark.any_engine
def test_a_range_lists_recent_transactions(as_finance, alice, bob):
    send(alice, bob, 450_00)
    page = as_finance.get(URL, {"q": "400 to 500"})
    assert "Transactions from KES 400.00 to KES 500.00" in text(page).replace("\xa0", " ")
    assert len(elements(page, "a", class_="reference")) == 1
