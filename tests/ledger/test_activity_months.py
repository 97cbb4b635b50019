"""Each month of Activity has a heading with its sums, on every page and with every filter."""

from __future__ import annotations

import pytest

from tests.conftest import signed_in
from tests.factories import send
from tests.pages import elements, words

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

URL = "/activity/"


@pytest.fixture(autouse=True)
def long_ago(time_machine):
    """Set the clock before any transaction of the cast."""
    time_machine.move_to("2026-11-19T12:00:00Z", tick=False)


def test_months_have_the_sums_of_their_rows(alice, bob, time_machine, settings):
    time_machine.move_to("2026-10-31T12:00:00Z")
    send(alice, bob, 10_00)
    time_machine.move_to("2026-11-01T12:00:00Z")
    send(alice, bob, 20_00)
    send(bob, alice, 5_00)
    as_alice = signed_in(alice)

    def heads(query: str) -> list[str]:
        return [words(head) for head in elements(as_alice.get(URL + query), class_="month-head")]

    october, november = "October In 0.00 Out 10.00", "November In 5.00 Out 20.00"
    january = "January In 1,000.00 Out 0.00"
    assert heads("") == [november, october, january]
    assert heads("?from=2026-11-01") == [november]
    assert heads("?from=2026-10-01&to=2026-10-31") == [october]
    assert heads("?from=2026-10-31&to=2026-11-01") == [november, october]
    assert heads("?direction=in") == ["November", "January"]
    # The page before ended in November, so its heading is there.
    assert heads("?month=2026-11") == [october, january]
    as_alice.cookies["balance"] = "hidden"
    assert heads("?from=2026-11-01") == ["November"]
    page = as_alice.get(f"{URL}?from=2026-10-01&to=2026-10-31&type=TRANSFER")
    (chosen,) = elements(page, "a", **{"aria-current": "true"})
    assert words(chosen) == "Last month"
    # A later page of a month has the sums of the whole month.
    del as_alice.cookies["balance"]
    settings.PAGE_SIZE = 1
    link = dict(elements(as_alice.get(URL), "a", class_="button")[-1].attributes)
    assert "month=2026-11" in link["hx-get"]
    assert heads(link["href"]) == [november]
    assert heads(link["hx-get"]) == []
