"""The activity page lists a member's own transactions: newest first, with filters and pages."""

from urllib.parse import parse_qs

import pytest

from ledger.models import Transaction
from tests.conftest import signed_in
from tests.factories import deposit, funded, send, withdraw
from tests.pages import (
    elements,
    find,
    htmx,
    is_part,
    is_whole_page,
    problems,
    problems_beside,
    text,
    title,
    words,
)
from tests.unsettled import with_status

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

URL = "/activity/"


def references(response) -> list[str]:
    links = [dict(row.attributes)["href"] for row in elements(response, "a", class_="row")]
    return [link.split("/")[2] for link in links]


def found(client, headers=None, **filters) -> list[str]:
    """The notes of the transactions that match the filters, newest first."""
    query = {name.rstrip("_"): value for name, value in filters.items()}
    response = client.get(URL, query, headers=headers)
    assert response.status_code == 200
    records = Transaction.objects.in_bulk(references(response), field_name="reference")
    return [records[reference].description for reference in references(response)]


@pytest.fixture(autouse=True)
def long_ago(time_machine):
    """Set the clock before any transaction of the cast."""
    time_machine.move_to("2026-11-19T12:00:00Z", tick=False)


@pytest.fixture
def history(alice, bob, carol, time_machine) -> None:
    """Five transactions of Alice; `ALL` also has her first deposit, from the `alice` fixture."""
    funded(bob, 500_00)
    time_machine.move_to("2026-11-20T20:59:59Z", tick=False)
    send(alice, bob, 10_00, description="to bob")
    time_machine.move_to("2026-11-20T21:00:00Z", tick=False)
    send(bob, alice, 20_00, description="from bob")
    time_machine.move_to("2026-11-21T12:00:00Z", tick=False)
    withdraw(alice, 30_00, description="cash 100 %_")
    time_machine.move_to("2026-11-22T12:00:00Z", tick=False)
    send(alice, carol, 40_00, description="to Carol for lunch")
    time_machine.move_to("2026-11-23T12:00:00Z", tick=False)
    deposit(alice, 1_234_50, description="wages")


ALL = ["wages", "to Carol for lunch", "cash 100 %_", "from bob", "to bob", ""]


def test_shows_all_of_the_members_transactions_newest_first(as_alice, history):
    response = as_alice.get(URL)
    assert is_whole_page(response)
    assert found(as_alice) == ALL
    assert words(elements(response, "h3", class_="day")[0]) == "Today"
    assert "Yesterday" in text(response)


def test_htmx_gets_only_the_list(as_alice, history):
    response = as_alice.get(URL, {"type": "WITHDRAW"}, headers=htmx("activity"))
    assert is_part(response, "activity")
    assert len(references(response)) == 1


def test_a_visitor_is_sent_to_sign_in(client):
    assert client.get(URL, {"q": "x"}).headers["Location"] == (
        "/accounts/login/?next=/activity/%3Fq%3Dx"
    )


def test_each_filter_narrows_the_list(as_alice, history, subtests):
    for filters, notes in [
        ({"type": "DEPOSIT"}, ["wages", ""]),
        ({"type": "TRANSFER"}, ["to Carol for lunch", "from bob", "to bob"]),
        ({"type": "WITHDRAW"}, ["cash 100 %_"]),
        ({"status": "SUCCESS"}, ALL),
        ({"status": "PENDING"}, []),
        ({"direction": "in"}, ["wages", "from bob", ""]),
        ({"direction": "out"}, ["to Carol for lunch", "cash 100 %_", "to bob"]),
        ({"direction": "in", "type": "TRANSFER"}, ["from bob"]),
        ({"direction": "out", "type": "DEPOSIT"}, []),
        ({"from_": "2026-11-21"}, ["wages", "to Carol for lunch", "cash 100 %_", "from bob"]),
        ({"from_": "2026-11-21", "to": "2026-11-21"}, ["cash 100 %_", "from bob"]),
        ({"to": "2026-11-20", "direction": "out"}, ["to bob"]),
        ({"from_": "2026-11-24"}, []),
        ({"q": "lunch"}, ["to Carol for lunch"]),
        ({"q": "LUNCH"}, ["to Carol for lunch"]),
        ({"q": "carol"}, ["to Carol for lunch"]),
        ({"q": "bob"}, ["from bob", "to bob"]),
        ({"q": "1,234.50"}, ["wages"]),
        ({"q": "KES 30"}, ["cash 100 %_"]),
        ({"q": "100 %"}, ["cash 100 %_"]),
        ({"q": "%"}, ["cash 100 %_"]),
        ({"q": "_"}, ["cash 100 %_"]),
        ({"q": "zebra"}, []),
        ({"q": "lunch", "direction": "in"}, []),
        ({"q": ""}, ALL),
    ]:
        with subtests.test(filters=filters):
            assert found(as_alice, htmx("activity"), **filters) == notes


def test_finds_a_reference_in_any_case(as_alice, history):
    record = Transaction.objects.get(description="wages")
    assert found(as_alice, q=record.reference.lower()) == ["wages"]


def test_a_search_does_not_reveal_a_strangers_surname(as_alice, history):
    """The page shows a first name and an initial, so the search looks at nothing more."""
    assert found(as_alice, q="Bob O.") == found(as_alice, q="Bob Ojwang") != []
    assert found(as_alice, q="Bob Otieno") == found(as_alice, q="bob o") != []
    assert found(as_alice, q="Bob (") == found(as_alice, q="bob .") == found(as_alice, q="Bob")
    for search in ("Bob Zulu", "Bob Otieno Z", "Bob t", "Bob \\d"):
        assert found(as_alice, q=search) == [], search
    assert found(as_alice, q="Otieno") == []
    assert found(as_alice, q="bob@") == []


def test_a_search_for_dots_matches_no_name(as_alice, history):
    for dots in (".", "..", ". ."):
        assert found(as_alice, q=dots) == [], dots


def test_an_invalid_filter_says_so_and_finds_nothing(as_alice, history, subtests):
    for filters, field in [
        ({"type": "GIFT"}, "type"),
        ({"status": "success"}, "status"),
        ({"direction": "up"}, "direction"),
        ({"from": "21/11/2026"}, "from"),
        ({"from": "2026-02-30"}, "from"),
        ({"to": "tomorrow"}, "to"),
        ({"from": "2026-11-22", "to": "2026-11-21"}, "to"),
        ({"to": "9999-12-31"}, "to"),
        ({"from": "0001-01-01"}, "from"),
    ]:
        with subtests.test(filters=filters):
            response = as_alice.get(URL, filters)
            assert response.status_code == 422
            assert (len(problems_beside(response, field)), references(response)) == (1, [])
            assert title(response).startswith("Error: ")
            part = as_alice.get(URL, filters, headers=htmx("activity"))
            assert part.status_code == 422
            assert problems(part) == problems(response) == problems_beside(response, field)


def test_each_active_filter_has_a_link_that_removes_it(as_alice, history):
    filters = {"type": "TRANSFER", "direction": "out", "from": "2026-11-22", "q": "lunch"}
    response = as_alice.get(URL, filters | {"cursor": "NS-00000000"})
    chips = [
        (words(chip), parse_qs(dict(chip.attributes)["href"].removeprefix("?")))
        for chip in elements(response, "a", class_="on")
    ]
    assert [label.removeprefix("Remove ") for label, _rest in chips] == [
        "Type: Transfer",
        "Direction: Money out",
        "Search: lunch",
        "From: 22 November 2026",
    ]
    off = [set(filters) - set(rest) for _label, rest in chips]
    assert off == [{"type"}, {"direction"}, {"q"}, {"from"}]


def test_the_filters_are_a_page_that_says_how_many_rows_they_find(as_alice, history, settings):
    url = f"{URL}filter/"
    page = as_alice.get(url, {"q": "to", "direction": "out"})
    assert is_whole_page(page)
    (form,) = elements(page, "form", class_="sheet-form", action=URL)
    inputs = [dict(field.attributes) for field in find(form, "input")]
    assert {"type": "hidden", "name": "q", "value": "to"} in inputs
    assert words(next(find(form, "button"))) == "Show 2 results"
    # htmx shows it in a dialog, and keeps the number true.
    assert "<html" not in as_alice.get(url, headers=htmx("sheet")).text
    many = [{"type": "WITHDRAW"}, {"type": "WITHDRAW", "direction": "in"}, {"type": "GIFT"}]
    for query, said in zip(many, ["1 result", "no results", "activity"], strict=True):
        part = as_alice.get(url, query, headers=htmx("found"))
        assert is_part(part, "found")
        assert words(elements(part, "button")[0]) == f"Show {said}"


def test_a_wide_screen_shows_the_balance_after_each_row(as_alice, alice, history):
    with_status(withdraw(alice, 30_00), "PENDING")
    with_status(withdraw(alice, 1_00), "FAILED")
    deposit(alice, 1_00)

    def balances() -> list[str]:
        cells = elements(as_alice.get(URL), class_="number")
        return [words(cell).removeprefix("Balance after ") for cell in cells]

    rows = "2,144.50 – 2,144.50 2,174.50 940.00 980.00 1,010.00 990.00 1,000.00"
    assert " ".join(balances()) == rows
    as_alice.cookies["balance"] = "hidden"
    assert set(balances()) == {"•••• Hidden"}


def pages(client, **filters) -> list[list[str]]:
    """The references on each page, following the links to older ones."""
    found, query = [], filters
    while True:
        response = client.get(URL, query)
        found.append(references(response))
        links = [
            link for more in elements(response, "p", class_="more") for link in find(more, "a")
        ]
        if not links:
            return found
        url = dict(links[0].attributes)["href"].removeprefix("?")
        query = {name: value[0] for name, value in parse_qs(url).items()}
        assert query.items() >= filters.items()


def test_every_transaction_is_on_exactly_one_page(alice, bob, settings):
    settings.PAGE_SIZE = 4
    deposit(bob, 100_00)
    for number in range(9):
        send(alice, bob, 1_00)
        if number % 2:
            send(bob, alice, 50)
    client = signed_in(alice)
    found = pages(client)
    assert [len(page) for page in found] == [4, 4, 4, 2]
    listed = [reference for page in found for reference in page]
    own = Transaction.objects.of_member(alice).values_list("reference", flat=True)
    assert listed == list(own)
    out = [reference for page in pages(client, direction="out") for reference in page]
    assert len(out) == 9


def test_new_rows_do_not_shift_the_pages(alice, bob, settings):
    settings.PAGE_SIZE = 3
    before = [send(alice, bob, 1_00).reference for _ in range(6)][::-1]
    client = signed_in(alice)
    first = references(client.get(URL))
    send(alice, bob, 1_00)
    second = references(client.get(URL, {"cursor": first[-1]}))
    assert first + second == before


def test_the_last_page_says_that_the_list_ends(as_alice, history, settings):
    settings.PAGE_SIZE = 3
    assert "That's everything." in text(as_alice.get(URL, {"cursor": pages(as_alice)[0][-1]}))
    last = pages(as_alice)[-1][-1]
    assert "There is no older activity." in text(as_alice.get(URL, {"cursor": last}))


@pytest.mark.parametrize(
    "cursor", ["NS-00000000", "x", "0", "\0", "%00", "-1", "a" * 5000, "'", "é"]
)
def test_an_invalid_cursor_shows_no_rows(as_alice, history, cursor):
    response = as_alice.get(URL, {"cursor": cursor})
    assert response.status_code == 200
    assert references(response) == []


def test_a_strangers_cursor_shows_nothing_of_theirs(as_alice, history, bob):
    theirs = deposit(bob, 5_00)
    assert found(as_alice, cursor=theirs.reference) == ALL


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({}, "Your deposits and transfers will show here."),
        ({"type": "DEPOSIT"}, "No activity matches"),
        ({"cursor": "x"}, "There is no older activity."),
    ],
)
def test_an_empty_list_says_why(bob, query, sentence):
    assert sentence in text(signed_in(bob).get(URL, query))


def test_a_member_does_not_see_other_members_transactions(history, carol):
    said = text(signed_in(carol).get(URL))
    assert "to Carol for lunch" in said
    for secret in ("wages", "to bob", "Bob"):
        assert secret not in said


def test_other_methods_are_refused(as_alice):
    for method in ("post", "put", "patch", "delete"):
        assert getattr(as_alice, method)(URL).status_code == 405
