"""Staff find members by name, phone number, email, member number, reference or amount."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from adminpanel.members import queries
from tests.factories import UserFactory, deposit, funded, send, withdraw
from tests.pages import elements, htmx, is_part, is_whole_page, problems_beside, text, title, words

pytestmark = pytest.mark.django_db

URL = "/panel/members/"


def names(response) -> list[str]:
    return [words(link) for link in elements(response, "a", class_="person")]


def search(client, q: str) -> list[str]:
    response = client.get(URL, {"q": q}, headers=htmx("found"))
    assert response.status_code == 200
    return names(response)


def test_without_a_search_all_members_are_listed_newest_first(as_finance, amina, brian, finance):
    response = as_finance.get(URL)
    assert is_whole_page(response)
    assert names(response) == ["Brian Otieno", "Amina Wanjiku", finance.name]


SPELLINGS = [
    "0712 000 001",
    "0712000001",
    "+254712000001",
    "+254 712 000 001",
    "254712000001",
    "254 712 000 001",
    "0712-000-001",
    "(0712) 000001",
    "tel:+254712000001",
    "712000001",
    " 0712 000 001 ",
]


def test_every_spelling_of_a_phone_number_finds_its_owner(as_finance, amina, brian, subtests):
    for q in SPELLINGS:
        with subtests.test(q):
            assert search(as_finance, q) == ["Amina Wanjiku"]


NAMES = ("amina", "WANJIKU", "wanjiku amina", "ami", "anjik")
EMAILS = ("amina@example.com", "AMINA@example.COM")


def test_a_name_or_an_email_finds_its_owner(as_finance, amina, brian, subtests):
    for q in (*NAMES, *EMAILS):
        with subtests.test(q):
            assert search(as_finance, q) == ["Amina Wanjiku"]


def test_a_search_without_results_says_so(as_finance, amina, brian, subtests):
    for q in ("%", "_", "0799 999 999", "nobody", "NS-00000000", "#999999", "x@y.z"):
        with subtests.test(q):
            response = as_finance.get(URL, {"q": q}, headers=htmx("found"))
            assert response.status_code == 200
            assert names(response) == []
            assert "No members match" in text(response)


def test_a_member_number_finds_its_member(as_finance, amina, brian):
    assert search(as_finance, f"#{amina.pk}") == ["Amina Wanjiku"]


def test_a_reference_finds_its_parties_in_any_case(as_finance, amina, brian, carol):
    deposit(amina, 100_00)
    sent = send(amina, brian, 10_00)
    assert search(as_finance, sent.reference) == ["Brian Otieno", "Amina Wanjiku"]
    assert search(as_finance, sent.reference.lower()) == ["Brian Otieno", "Amina Wanjiku"]
    assert search(as_finance, withdraw(brian, 1_00).reference) == ["Brian Otieno"]


def test_a_reference_is_found_without_its_prefix(as_finance, amina, brian):
    sent = send(funded(amina, 100_00), brian, 10_00)
    for q in (sent.reference[3:], sent.reference[3:].lower()):
        assert search(as_finance, q) == ["Brian Otieno", "Amina Wanjiku"]


def test_a_name_that_looks_like_a_reference_is_a_name(as_finance):
    UserFactory(name="Margaret Akinyi")
    assert search(as_finance, "margaret") == ["Margaret Akinyi"]


def test_a_member_is_found_by_the_subject_in_the_audit(as_finance, amina, brian):
    assert search(as_finance, f"member {amina.pk}") == ["Amina Wanjiku"]


def test_three_digits_end_a_phone_number_or_are_an_amount(as_finance, amina, brian, bob):
    deposit(bob, 1_00)
    deposit(brian, 500_00)
    amina.phone = "+254712000500"
    amina.save()
    response = as_finance.get(URL, {"q": "500"})
    assert names(response) == ["Brian Otieno", "Amina Wanjiku"]
    assert "Phone number ends with 500 · Sent or received exactly KES 500.00" in text(response)


def test_digits_behind_the_mask_find_nobody(as_finance, amina):
    """Otherwise staff could guess the masked digits one by one."""
    amina.phone = "+254712345678"
    amina.save()
    assert search(as_finance, "678") == ["Amina Wanjiku"]
    for q in ("78", "5678", "5 678", "345678", "712345"):
        assert search(as_finance, q) == []


def test_an_exact_amount_finds_the_member_who_moved_it(as_finance, amina, brian, carol, subtests):
    deposit(amina, 1_234_50)
    send(amina, brian, 1_234_49)
    deposit(carol, 1_234_51)
    for q in ("1,234.50", "1234.5", "KES 1,234.50", "kes1234.50"):
        with subtests.test(q):
            response = as_finance.get(URL, {"q": q})
            assert names(response) == ["Amina Wanjiku"]
            assert "KES 1,234.50 in the newest 20,000 transactions" in text(response)


def test_amounts_are_searched_in_the_newest_transactions(as_finance, amina, brian, monkeypatch):
    deposit(amina, 55_00)
    deposit(brian, 1_00)
    deposit(brian, 2_00)
    monkeypatch.setattr(queries, "RECENT", 2)
    assert search(as_finance, "55.00") == []
    monkeypatch.setattr(queries, "RECENT", 3)
    assert search(as_finance, "55.00") == ["Amina Wanjiku"]


@pytest.mark.any_engine
def test_an_invalid_search_is_refused_and_stays_in_the_form(as_finance, amina, subtests):
    for q in ("a\nb", "\0", "a" * 141, "\u202e"):
        with subtests.test(repr(q)):
            for headers in (None, htmx("found")):
                response = as_finance.get(URL, {"q": q}, headers=headers)
                assert response.status_code == 422
                assert problems_beside(response, "q")
                assert names(response) == []
                assert headers or title(response).startswith("Error: ")
                assert "a" * 141 in response.text or len(q) < 141


def test_htmx_gets_only_the_list(as_finance, amina):
    response = as_finance.get(URL, {"q": "amina"}, headers=htmx("found"))
    assert is_part(response, "found")
    assert names(response) == ["Amina Wanjiku"]


def test_paging_shows_every_member_once_while_others_join(as_finance, settings):
    settings.PAGE_SIZE_PANEL = 3
    for number in range(8):
        UserFactory(name=f"Jane Number{number}")
    turned, query = [], {"q": "jane"}
    while True:
        response = as_finance.get(URL, query)
        turned += names(response)
        UserFactory(name="Jane Newcomer")
        older = [link for link in elements(response, "a") if words(link) == "Older"]
        if not older:
            break
        query_string = dict(older[0].attributes)["href"].removeprefix("?")
        query = {name: value[0] for name, value in parse_qs(query_string).items()}
    assert turned == [f"Jane Number{number}" for number in range(7, -1, -1)]


def test_an_invalid_cursor_gives_an_empty_page(as_finance, amina):
    for cursor in ("x", "-1", "9" * 30, "\0", "0"):
        response = as_finance.get(URL, {"cursor": cursor}, headers=htmx("found"))
        assert (response.status_code, names(response)) == (200, []), cursor
