"""With any filters, the pages together show every matching row once."""

from itertools import count

import pytest

from ledger.models import Transaction
from tests.adminpanel.support.explored import (
    FILTERS,
    URL,
    make_varied_history,
    matching,
    pages,
    read_all,
    references,
    subsets,
)
from tests.factories import deposit, send
from tests.ledger.support.crowd import IS_NIGHTLY
from tests.pages import elements, words
from tests.undone import undone

pytestmark = pytest.mark.django_db


@pytest.fixture
def history(amina, bob, finance, time_machine):
    make_varied_history(amina, bob, finance, lambda at: time_machine.move_to(at, tick=False))
    time_machine.move_to("2026-11-25T06:00:00Z", tick=False)


def ids(filters: dict[str, str]) -> str:
    return "+".join(filters) or "none"


def test_each_filter_keeps_some_rows_and_drops_some(history, amina, subtests):
    for name, value in FILTERS.items():
        with subtests.test(name):
            left = len(matching({name: value}, amina))
            assert 0 < left < Transaction.objects.count()


def test_the_pages_together_are_the_whole_list(as_finance, history, amina, settings, subtests):
    size = settings.PAGE_SIZE_PANEL = 3 if IS_NIGHTLY else 7
    everything = read_all()
    for filters in subsets([0, 1, 2, 8] if IS_NIGHTLY else [0, 1, 8]):
        with subtests.test(ids(filters)):
            wanted = [record.reference for record in matching(filters, amina, everything)]
            turned = list(pages(as_finance, filters))
            assert [reference for page in turned for reference in page] == wanted
            assert all(len(page) == size for page in turned[:-1])


def test_new_rows_between_pages_shift_nothing(
    as_finance, history, amina, bob, settings, time_machine, subtests
):
    settings.PAGE_SIZE_PANEL = 8
    time_machine.move_to("2026-11-22T06:00:00Z", tick=False)
    for filters in subsets([0, 1, 7] if IS_NIGHTLY else [0, 1]):
        with subtests.test(ids(filters)), undone():
            turn_pages_while_rows_arrive(as_finance, filters, amina, bob)


def turn_pages_while_rows_arrive(as_finance, filters, amina, bob) -> None:
    wanted = [record.reference for record in matching(filters, amina)]
    listed = []
    for number, page in zip(count(), pages(as_finance, filters), strict=False):
        listed += page
        send(amina, bob, 5_00, description=f"lunch that came late {number}")
    assert listed == wanted
    again = {each for page in pages(as_finance, filters) for each in page}
    # No new row is older than Amina's last entry, so `to` leaves out all of them.
    assert set(listed) == again if "to" in filters else set(listed) < again


@pytest.mark.any_engine
def test_staff_choose_the_page_size_and_the_next_page_keeps_the_layout(as_finance, alice):
    for _ in range(201):
        deposit(alice, 1)
    assert len(references(as_finance.get(URL))) == 50
    assert len(references(as_finance.get(URL, {"size": "50"}))) == 50
    asked = {"size": "200", "density": "compact", "columns": "note", "min": "0.01"}
    page = as_finance.get(URL, asked)
    assert len(references(page)) == 200
    (older,) = [link for link in elements(page, "a") if words(link) == "Older"]
    response = as_finance.get(dict(older.attributes)["href"])
    assert len(references(response)) == 2
    assert elements(response, "table", class_="compact")
    assert "Note" in [words(head) for head in elements(response, "th", scope="col")]
