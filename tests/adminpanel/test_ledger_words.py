"""The ledger's filters and chips: their words, what they find, and where the links go."""

from __future__ import annotations

import pytest

from ledger import operations
from ledger.models import Transaction
from tests.factories import deposit, new_key, send
from tests.pages import elements, find, htmx, problems_beside, text, words
from tests.tampering import payout
from wallet.context import Context

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

URL = "/panel/ledger/"


@pytest.fixture
def reversal(record, finance) -> Transaction:
    return operations.reverse(Context(finance.pk, key=new_key()), transaction_id=record.pk)


def badges(response, reference: str) -> list[str]:
    """The text of the badges in this transaction's row. A complete one has a quiet mark."""
    (row,) = [
        row
        for row in [*elements(response, "tr"), *elements(response, "li")]
        if any(words(link) == reference for link in find(row, class_="reference"))
    ]
    quiet, loud = (find(row, "span", class_=name) for name in ("done", "badge"))
    return [words(badge) for badge in (*quiet, *loud)]


def references(response) -> list[str]:
    return [words(link) for link in elements(response, "a", class_="reference")]


@pytest.mark.parametrize(
    "url", [URL, "/panel/", "/panel/activity/", "/panel/members/{alice}/", "/panel/search/?q=rent"]
)
def test_a_reversed_transaction_says_so_in_every_list(as_finance, alice, record, reversal, url):
    response = as_finance.get(url.format(alice=alice.pk))
    assert badges(response, record.reference) == ["Complete", "Reversed"]
    if "search" not in url:
        assert badges(response, reversal.reference) == ["Complete"]


@pytest.mark.parametrize("headers", [None, htmx("ledger")], ids=["whole", "htmx"])
def test_the_ledger_can_show_reversed_transactions_only(
    as_finance, alice, bob, record, reversal, headers
):
    other = operations.reverse(
        Context(bob.pk, key=new_key()), transaction_id=deposit(bob, 5_00).pk
    ).reverses
    response = as_finance.get(URL, {"status": "REVERSED"}, headers=headers)
    assert references(response) == [other.reference, record.reference]
    assert "Status: Reversed" in text(response)
    response = as_finance.get(URL, {"status": "REVERSED", "type": "TRANSFER"}, headers=headers)
    assert references(response) == [record.reference]
    # No rollup has this sum, but reversed transactions are few, so counting them is cheap.
    (place,) = elements(response, id="totals")
    counted = as_finance.get(dict(place.attributes)["hx-get"], headers=htmx("totals"))
    assert text(counted) == "1 transaction KES 300.00"


@pytest.mark.parametrize("spelling", ["{}", "NS-{}", "ns-{}", " {} "])
def test_a_reference_finds_its_transaction_and_its_reversal(as_finance, record, reversal, spelling):
    for code in (record.reference[3:], record.reference[3:].lower()):
        response = as_finance.get(URL, {"q": spelling.format(code)})
        assert references(response) == [reversal.reference, record.reference]


def test_a_word_that_looks_like_a_reference_is_searched_in_notes(as_finance, alice, bob):
    record = send(alice, bob, 1_00, description="Payments")
    assert references(as_finance.get(URL, {"q": "payments"})) == [record.reference]


def test_a_request_key_finds_its_transaction(as_finance, alice, bob):
    record = send(alice, bob, 1_00, key="order-7781")
    assert references(as_finance.get(URL, {"q": "order-7781"})) == [record.reference]
    assert references(as_finance.get(URL, {"q": "order-778"})) == []


@pytest.mark.parametrize(
    ("asked", "field", "sentence"),
    [
        (
            {"min": "99999999999999999999"},
            "min",
            "No transaction is this large. Enter a smaller amount.",
        ),
        ({"min": "\0"}, "min", "Enter an amount in shillings, like 500 or 1,234.50."),
        ({"type": "ZZ"}, "type", "Choose one from the list."),
        ({"status": "ZZ"}, "status", "Choose one from the list."),
        ({"q": "a" * 141}, "q", "Enter at most 140 characters."),
        ({"q": "a\0"}, "q", "Use letters, digits and ordinary signs only."),
        ({"member": "a" * 255}, "member", "Enter at most 254 characters."),
        ({"member": "\0"}, "member", "Use letters, digits and ordinary signs only."),
    ],
)
def test_an_invalid_filter_gets_one_sentence(as_finance, asked, field, sentence):
    for headers in (None, htmx("ledger")):
        response = as_finance.get(URL, asked, headers=headers)
        assert response.status_code == 422
        assert problems_beside(response, field) == [sentence]


@pytest.mark.parametrize("asked", [{"action": "ZZ"}, {"actor": "ZZ"}, {"q": "\0"}])
def test_the_audit_uses_none_of_djangos_sentences(as_finance, asked):
    response = as_finance.get("/panel/audit/", asked)
    assert response.status_code == 422
    (field,) = asked
    assert len(problems_beside(response, field)) == 1
    assert "valid choice" not in text(response)
    assert "Null characters" not in text(response)


def test_chips_write_dates_and_amounts_as_people_do(as_finance):
    asked = {"from": "2026-11-20", "to": "2026-11-21", "min": "1000", "max": "2,500.5"}
    response = as_finance.get(URL, asked)
    said = [words(chip) for chip in elements(response, "a", class_="on")]
    assert [chip.removesuffix(" Remove this filter") for chip in said] == [
        "At least: KES 1,000.00",
        "At most: KES 2,500.50",
        "Since: 20 November 2026",
        "Until: 21 November 2026",
    ]


def test_the_chip_of_an_invalid_filter_says_what_was_typed(as_finance):
    response = as_finance.get(URL, {"from": "9999-12-31", "min": "ten"})
    said = [words(chip) for chip in elements(response, "a", class_="on")]
    assert [chip.removesuffix(" Remove this filter") for chip in said] == [
        "At least: ten",
        "Since: 9999-12-31",
    ]


def test_names_link_to_their_members(as_finance, alice, bob, record):
    payout(bob, "PENDING")
    for url in (URL, "/panel/", f"/panel/members/{alice.pk}/"):
        links = {
            words(link): dict(link.attributes)["href"]
            for link in elements(as_finance.get(url), "a", class_="party-link")
        }
        assert links["Alice Wanjiku"] == f"/panel/members/{alice.pk}/"
        assert links["Bob Otieno"] == f"/panel/members/{bob.pk}/"
        assert "Simulated rail" not in links


@pytest.mark.parametrize("url", [URL, "/panel/members/", "/panel/", "/panel/audit/"])
def test_every_page_has_the_search_box(as_finance, url):
    (box,) = elements(as_finance.get(url), "input", id="find")
    assert dict(box.attributes)["aria-keyshortcuts"] == "/"
    assert len(elements(as_finance.get(url), "input", **{"aria-keyshortcuts": "/"})) == 1


def links(response) -> dict[str, str]:
    return {words(a): str(dict(a.attributes)["href"]) for a in elements(response, "a")}


def test_a_search_without_results_links_to_other_searches(as_finance, alice):
    found = links(as_finance.get(URL, {"q": "0712 000 999", "type": "DEPOSIT", "cursor": ""}))
    assert found["Search everywhere"] == "/panel/search/?q=0712+000+999"
    assert found["Search this member's transactions"].startswith(f"{URL}?")
    assert "member=0712+000+999" in found["Search this member's transactions"]
    assert "q=" not in found["Search this member's transactions"]
    found = links(as_finance.get(URL, {"q": "zzz"}))
    assert "Search everywhere" in found
    assert "Search this member's transactions" not in found
    assert "Search everywhere" not in links(as_finance.get(URL, {"type": "REVERSAL"}))
    assert links(as_finance.get("/panel/members/", {"q": "zzz"}))["Search everywhere"] == (
        "/panel/search/?q=zzz"
    )
