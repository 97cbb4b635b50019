"""The consolidated ledger: every transaction once, newest first, filtered by the URL."""

from urllib.parse import parse_qs, urlsplit

import pytest

from ledger import operations
from ledger.models import Transaction
from tests.factories import UserFactory, deposit, new_key, send, withdraw
from tests.pages import (
    elements,
    fields,
    find,
    htmx,
    is_part,
    is_whole_page,
    problems_beside,
    text,
    title,
    words,
)
from tests.unsettled import with_status
from wallet.context import Context

pytestmark = pytest.mark.django_db

URL = "/panel/ledger/"
ALL = ["failed", "pending", "wages", "cash", "to Carol", "to Bob", "opening"]


@pytest.fixture
def history(bob, carol, time_machine):
    time_machine.move_to("2026-11-19T12:00:00Z", tick=False)
    amina = UserFactory(name="Amina Ali", email="amina@example.com", phone="+254712345678")
    deposit(amina, 1_000_00, description="opening")
    time_machine.move_to("2026-11-20T20:59:59Z", tick=False)
    send(amina, bob, 10_00, description="to Bob")
    time_machine.move_to("2026-11-20T21:00:00Z", tick=False)
    send(amina, carol, 20_00, description="to Carol")
    withdraw(bob, 5_00, description="cash")
    time_machine.move_to("2026-11-22T12:00:00Z", tick=False)
    deposit(carol, 1_234_50, description="wages")
    with_status(withdraw(amina, 40_00, description="pending"), "PENDING")
    with_status(deposit(bob, 30_00, description="failed"), "FAILED")


def references(response) -> list[str]:
    return [words(link) for link in elements(response, "a", class_="reference")]


def search(client, headers=None, **filters) -> list[str]:
    query = {name.rstrip("_"): value for name, value in filters.items()}
    response = client.get(URL, query, headers=headers)
    assert response.status_code == 200
    records = Transaction.objects.in_bulk(references(response), field_name="reference")
    return [records[reference].description for reference in references(response)]


def test_the_ledger_shows_every_members_transactions_newest_first(as_finance, history):
    response = as_finance.get(URL)
    assert is_whole_page(response)
    assert search(as_finance) == ALL
    (row,) = [row for row in elements(response, "tr") if "1,234.50" in words(row)]
    for shown in ("Deposit", "Simulated rail", "Carol Kirui", "1,234.50", "Complete"):
        assert shown in words(row)


def test_htmx_gets_only_the_list(as_finance, history):
    response = as_finance.get(URL, {"type": "TRANSFER"}, headers=htmx("ledger"))
    assert is_part(response, "ledger")
    assert len(references(response)) == 2


FOUND = [
    ({"type": "TRANSFER"}, ["to Carol", "to Bob"]),
    ({"type": "DEPOSIT"}, ["failed", "wages", "opening"]),
    ({"type": "WITHDRAW"}, ["pending", "cash"]),
    ({"status": "PENDING"}, ["pending"]),
    ({"status": "FAILED"}, ["failed"]),
    ({"status": "SUCCESS"}, ["wages", "cash", "to Carol", "to Bob", "opening"]),
    ({"from_": "2026-11-21", "to": "2026-11-21"}, ["cash", "to Carol"]),
    ({"to": "2026-11-20"}, ["to Bob", "opening"]),
    ({"from_": "2026-11-22"}, ["failed", "pending", "wages"]),
    ({"min": "1,000"}, ["wages", "opening"]),
    ({"max": "10"}, ["cash", "to Bob"]),
    ({"min": "10", "max": "20.00"}, ["to Carol", "to Bob"]),
    ({"member": "amina"}, ["pending", "to Carol", "to Bob", "opening"]),
    ({"member": "Ali"}, ["pending", "to Carol", "to Bob", "opening"]),
    ({"member": "amina@example.com"}, ["pending", "to Carol", "to Bob", "opening"]),
    ({"member": "AMINA@example.com"}, ["pending", "to Carol", "to Bob", "opening"]),
    ({"member": "amina@"}, []),
    ({"member": "0712 345 678"}, ["pending", "to Carol", "to Bob", "opening"]),
    ({"member": "+254712345678"}, ["pending", "to Carol", "to Bob", "opening"]),
    ({"member": "0799 999 999"}, []),
    ({"member": "nobody"}, []),
    ({"member": "%"}, []),
    ({"q": "to"}, ["to Carol", "to Bob"]),
    ({"q": "CAROL"}, ["to Carol"]),
    ({"q": "%"}, []),
    ({"member": "bob", "type": "WITHDRAW"}, ["cash"]),
    ({"member": "amina", "max": "15", "type": "TRANSFER"}, ["to Bob"]),
    ({"member": "carol", "from_": "2026-11-22", "status": "SUCCESS"}, ["wages"]),
    ({"q": "to", "min": "15"}, ["to Carol"]),
    ({"type": "", "q": "", "member": "", "min": ""}, ALL),
]


def test_filters_narrow_the_list_alone_and_combined(as_finance, history, subtests):
    for filters, notes in FOUND:
        with subtests.test(filters=filters):
            assert search(as_finance, htmx("ledger"), **filters) == notes


def test_reversals_are_a_separate_type(as_finance, history, finance):
    record = Transaction.objects.get(description="to Bob")
    reversal = operations.reverse(Context(finance.pk, key=new_key()), transaction_id=record.pk)
    response = as_finance.get(URL, {"type": "REVERSAL"})
    assert references(response) == [reversal.reference]
    assert "Type: Reversal" in text(response)


def test_a_name_that_too_many_members_have_is_refused(as_finance, monkeypatch):
    monkeypatch.setattr("adminpanel.members.queries.MEMBERS_AT_MOST", 3)
    people = [UserFactory(name=f"Wanjiku Number{number}") for number in range(4)]
    for user in people:
        deposit(user, 1_00)
    response = as_finance.get(URL, {"member": "wanjiku"})
    assert response.status_code == 422
    assert problems_beside(response, "member") == [
        "More than 3 members match. Enter more of the name."
    ]
    assert references(response) == []
    assert len(references(as_finance.get(URL, {"member": "wanjiku number1"}))) == 1
    people[0].name = "Akinyi Odhiambo"
    people[0].save()
    assert len(references(as_finance.get(URL, {"member": "wanjiku"}))) == 3


def test_finds_a_reference_in_any_case(as_finance, history):
    record = Transaction.objects.get(description="cash")
    assert search(as_finance, q=record.reference.lower()) == ["cash"]


INVALID = [
    ({"type": "GIFT"}, "type"),
    ({"status": "x"}, "status"),
    ({"from": "22/11/2026"}, "from"),
    ({"to": "9999-12-31"}, "to"),
    ({"from": "0001-01-01"}, "from"),
    ({"from": "2026-11-22", "to": "2026-11-21"}, "to"),
    ({"min": "ten"}, "min"),
    ({"max": "0"}, "max"),
    ({"min": "20", "max": "10"}, "max"),
    ({"q": "a\nb"}, "q"),
    ({"member": "\0"}, "member"),
]


@pytest.mark.any_engine
def test_an_invalid_filter_says_so_and_finds_nothing(as_finance, history, subtests):
    for filters, field in INVALID:
        with subtests.test(filters=filters):
            for headers in (None, htmx("ledger")):
                response = as_finance.get(URL, filters, headers=headers)
                assert response.status_code == 422
                assert problems_beside(response, field)
                assert references(response) == []
                assert "Check the filters" in text(response)
                assert headers or title(response).startswith("Error: ")


@pytest.mark.any_engine
def test_the_form_keeps_what_was_typed(as_finance, history):
    asked = {"q": "to", "member": "amina", "min": "1", "max": "1,000", "from": "2026-11-19"}
    assert fields(as_finance.get(URL, asked)).items() >= asked.items()


@pytest.mark.any_engine
def test_each_active_filter_can_be_removed(as_finance, history):
    asked = {"type": "TRANSFER", "min": "1", "member": "amina", "from": "2026-11-19"}
    response = as_finance.get(URL, asked | {"cursor": "NS-00000000"})
    chips = [dict(chip.attributes)["href"] for chip in elements(response, "a", class_="on")]
    left = [set(parse_qs(urlsplit(chip).query)) for chip in chips]
    assert sorted(map(sorted, (set(asked) - names for names in left))) == [
        [name] for name in sorted(asked)
    ]
    assert all("cursor" not in names for names in left)


def turn_pages(client, headers=None, **filters) -> list[list[str]]:
    turned, query = [], filters
    while True:
        response = client.get(URL, query, headers=headers)
        turned.append(references(response))
        (pager,) = elements(response, "nav", class_="pager")
        older = [link for link in find(pager, "a") if words(link) == "Older"]
        if not older:
            assert "End of the list." in words(pager)
            return turned
        url = dict(older[0].attributes)["href"]
        query = {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}
        assert query.items() >= filters.items()


def test_paging_shows_every_row_once(as_finance, alice, bob, carol, settings, subtests):
    settings.PAGE_SIZE_PANEL = 4
    for number in range(9):
        send(alice, bob if number % 3 else carol, (number % 4 + 1) * 1_00)
        deposit(bob, 1_00)
    everything = Transaction.objects.all()
    for headers, filters, wanted in [
        (None, {}, everything),
        (htmx("ledger"), {"type": "TRANSFER"}, everything.filter(type="TRANSFER")),
        (
            htmx("ledger"),
            {"member": "bob", "max": "2"},
            everything.of_member(bob).filter(amount_cents__lte=2_00),
        ),
    ]:
        with subtests.test(filters=filters):
            turned = turn_pages(as_finance, headers, **filters)
            listed = [reference for page in turned for reference in page]
            assert listed == list(wanted.values_list("reference", flat=True))
            assert all(len(page) == 4 for page in turned[:-1])
            assert len(turned) > 1


def test_new_rows_do_not_shift_the_pages(as_finance, alice, bob, settings):
    settings.PAGE_SIZE_PANEL = 3
    before = [send(alice, bob, 1_00).reference for _ in range(6)][::-1]
    first = references(as_finance.get(URL))
    send(alice, bob, 1_00)
    assert first + references(as_finance.get(URL, {"cursor": first[-1]})) == before


def test_an_invalid_cursor_gives_an_empty_page(as_finance, history, subtests):
    for cursor in ("NS-00000000", "x", "\0", "-1", "a" * 5000):
        with subtests.test(cursor=cursor[:20]):
            response = as_finance.get(URL, {"cursor": cursor}, headers=htmx("ledger"))
            assert response.status_code == 200
            assert references(response) == []


@pytest.mark.any_engine
def test_an_empty_ledger_says_so(as_finance):
    assert "The ledger is empty" in text(as_finance.get(URL))
    assert "No transactions match" in text(as_finance.get(URL, {"q": "x"}))
