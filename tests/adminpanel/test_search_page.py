"""The search box opens an exact match directly and lists all other results by kind."""

from __future__ import annotations

import pytest
from django.db import connection

from adminpanel.members import queries
from adminpanel.models import Incident
from ledger import guards
from ledger.models import Arrival, Attempt, Transaction
from tests.conftest import signed_in
from tests.factories import UserFactory, deposit, funded, send, withdraw
from tests.ledger.support import paya
from tests.ledger.support.payouts import sent as payment_sent
from tests.pages import elements, find, htmx, is_whole_page, text, title, words

pytestmark = pytest.mark.django_db

URL = "/panel/search/"


@pytest.fixture
def history(amina, bob, finance):
    deposit(amina, 5_000_00, description="Salary")
    send(amina, bob, 1_234_50, description="Lunch at Mama's")
    send(amina, bob, 50_00, description="More lunch")
    incident = Incident.objects.create(title="Lunch went missing", opened_by=finance)
    return incident


def groups(response) -> dict[str, int]:
    """How many rows each group shows."""
    found = {}
    for section in elements(response, "section"):
        named = dict(section.attributes).get("aria-labelledby", "")
        rows = [*find(section, "a", class_="person"), *find(section, "a", class_="reference")]
        found[named.removesuffix("-title")] = len(rows) or len(list(find(section, "li")))
    return found


def test_a_reference_in_any_case_opens_its_transaction(as_finance, history, amina):
    record = deposit(amina, 1_00)
    page = f"/panel/transactions/{record.reference}/"
    for q in (record.reference, record.reference.lower(), f" {record.reference} "):
        answer = as_finance.get(URL, {"q": q})
        assert (answer.status_code, answer.headers["Location"]) == (303, page)
    answer = as_finance.get(URL, {"q": f"transaction {record.reference}"}, headers=htmx())
    assert answer.headers["HX-Redirect"] == page


def test_a_reference_is_found_without_its_prefix(as_finance, history, amina):
    record = deposit(amina, 1_00)
    for q in (record.reference[3:], record.reference[3:].lower()):
        answer = as_finance.get(URL, {"q": q})
        assert answer.headers["Location"] == f"/panel/transactions/{record.reference}/"


def test_a_date_opens_the_ledger_of_that_day(as_finance, days):
    for q in ("2026-11-20", "20 Nov 2026", "20 november 2026", "20/11/2026"):
        answer = as_finance.get(URL, {"q": q})
        assert answer.headers["Location"] == "/panel/ledger/?from=2026-11-20&to=2026-11-20", q
    assert len(elements(as_finance.get(answer.headers["Location"]), "a", class_="reference")) == 2


def test_an_invalid_date_is_searched_as_text(as_finance, history):
    for q in ("2026-13-20", "9999-12-31", "31 Feb 2026"):
        assert f"No results for “{q}”" in text(as_finance.get(URL, {"q": q})), q


def test_a_request_key_is_only_found_whole(as_finance, history, amina, bob):
    record = send(amina, bob, 1_00, key="order-7781")
    assert record.reference in text(as_finance.get(URL, {"q": "order-7781"}))
    assert groups(as_finance.get(URL, {"q": "order-778"})) == {}


@pytest.mark.parametrize("q", ["001", "0 01", "712000001"])
def test_the_last_digits_of_a_phone_number_find_its_owner(as_finance, history, amina, brian, q):
    assert groups(as_finance.get(URL, {"q": q}))["members"] == 1
    found = as_finance.get("/panel/members/", {"q": q})
    assert [words(link) for link in elements(found, "a", class_="person")] == ["Amina Wanjiku"]


@pytest.mark.parametrize("q", ["01", "0001", "000 001"])
def test_digits_behind_the_mask_find_no_owner(as_finance, history, amina, q):
    assert "members" not in groups(as_finance.get(URL, {"q": q}))
    assert "Amina Wanjiku" not in text(as_finance.get("/panel/members/", {"q": q}))


def test_an_incident_number_opens_the_incident(as_finance, history):
    for spelling in ("incident {}", "Incident #{}", "INCIDENT{}"):
        answer = as_finance.get(URL, {"q": spelling.format(history.pk)})
        assert answer.headers["Location"] == f"/panel/incidents/{history.pk}/", spelling


def test_a_member_number_opens_the_member(as_finance, history, amina):
    answer = as_finance.get(URL, {"q": f"member {amina.pk}"})
    assert answer.headers["Location"] == f"/panel/members/{amina.pk}/"


def test_an_unknown_number_finds_nothing(as_finance, history):
    for q in ("NS-00000000", "incident 999999", "member 999999"):
        response = as_finance.get(URL, {"q": q})
        assert response.status_code == 200
        assert f"No results for “{q}”" in text(response)


def test_results_are_listed_by_kind(as_finance, history, subtests):
    for q, expected in [
        ("amina", {"members": 1}),
        ("wanjiku amina", {"members": 1}),
        ("0712 000 001", {"members": 1}),
        ("+254712000001", {"members": 1}),
        ("254 712 000001", {"members": 1}),
        ("AMINA@example.com", {"members": 1}),
        ("lunch", {"notes": 2, "incidents": 1}),
        ("1,234.50", {"amounts": 1}),
        ("kes 1234.5", {"amounts": 1}),
        ("missing", {"incidents": 1}),
        ("%", {}),
        ("_", {}),
        ("nothing at all", {}),
    ]:
        with subtests.test(q):
            response = as_finance.get(URL, {"q": q})
            assert response.status_code == 200
            assert is_whole_page(response)
            assert groups(response) == expected


def test_a_bare_number_may_be_an_incident_or_an_amount(as_finance, history, amina):
    deposit(amina, history.pk * 100)
    response = as_finance.get(URL, {"q": str(history.pk)})
    assert groups(response)["amounts"] == 1
    assert groups(response)["incidents"] == 1


def test_part_of_a_reference_is_searched_in_the_newest_transactions(as_finance, history, amina):
    record = deposit(amina, 1_00)
    response = as_finance.get(URL, {"q": record.reference[3:9].lower()})
    assert record.reference in text(response)


def test_each_group_links_to_all_its_results(as_finance, history, bob, amina):
    deposit(amina, 20_000_00)
    for _ in range(10):
        UserFactory(name="Lunch Lady")
        send(amina, bob, 1_234_50, description="lunch again")
    response = as_finance.get(URL, {"q": "lunch"})
    assert groups(response) == {"members": 8, "notes": 8, "incidents": 1}
    hits = [words(hit) for hit in elements(response, "span", class_="hits")]
    assert hits == ["8+ found", "8+ found", "1 found"]
    links = {words(a): dict(a.attributes)["href"] for a in elements(response, "a", class_="push")}
    assert links == {
        "All matching members": "/panel/members/?q=lunch",
        "All with this note in the ledger": "/panel/ledger/?q=lunch",
        "All matching incidents": "/panel/incidents/?q=lunch",
    }
    amounts = as_finance.get(URL, {"q": "1,234.50"})
    (link,) = elements(amounts, "a", class_="push")
    assert dict(link.attributes)["href"] == "/panel/ledger/?min=1234.50&max=1234.50"
    everything = elements(as_finance.get(dict(link.attributes)["href"]), "a", class_="reference")
    assert len(everything) == 11


def test_notes_and_amounts_are_searched_in_the_newest_transactions_only(
    as_finance, history, amina, monkeypatch
):
    monkeypatch.setattr(queries, "RECENT", 2)
    assert groups(as_finance.get(URL, {"q": "salary"})) == {}
    assert groups(as_finance.get(URL, {"q": "5,000"})) == {}
    monkeypatch.setattr(queries, "RECENT", 3)
    assert groups(as_finance.get(URL, {"q": "salary"})) == {"notes": 1}
    assert groups(as_finance.get(URL, {"q": "5,000"})) == {"amounts": 1}


@pytest.mark.any_engine
def test_an_empty_search_differs_from_one_without_results(as_finance, history):
    for query in ({}, {"q": ""}, {"q": "   "}):
        assert "What are you looking for?" in text(as_finance.get(URL, query))
    assert "No results for" not in text(as_finance.get(URL))
    assert "What are you looking for?" not in text(as_finance.get(URL, {"q": "zzz"}))


@pytest.mark.any_engine
def test_the_box_keeps_what_was_typed(as_finance, history):
    for q in ("lunch", "zzz", '"><b>', "a" * 200):
        (box,) = elements(as_finance.get(URL, {"q": q}), "input", id="find")
        assert dict(box.attributes)["value"] == q


@pytest.mark.any_engine
def test_an_invalid_search_is_refused_with_one_sentence(as_finance, history):
    for q in ("\0", "a\nb", "\u202e", "a" * 141):
        response = as_finance.get(URL, {"q": q})
        assert response.status_code == 422, q
        assert title(response).startswith("Error: ")
        (alert,) = [e for e in elements(response, role="alert") if "Invalid search" in words(e)]
        assert len(list(find(alert, "p"))) == 1


def test_only_finance_and_auditors_search(history, amina, operator, auditor, as_finance):
    assert groups(signed_in(auditor).get(URL, {"q": "amina"})) == {"members": 1}
    for other in (amina, operator):
        assert signed_in(other).get(URL, {"q": "amina"}).status_code == 403
    as_finance.logout()
    assert as_finance.get(URL, {"q": "amina"}).headers["Location"].startswith("/accounts/login/")


# The most queries that each page may need.
COSTS = [
    ("/panel/accounts/", None, 13),
    ("/panel/accounts/?on=2026-11-20", None, 13),
    ("/panel/accounts/-1/", None, 17),
    ("/panel/accounts/-1/?type=DEPOSIT&from=2020-01-01", htmx("lines"), 12),
    ("/panel/accounts/{account}/?at=2026-11-20T14:30&type=TRANSFER", None, 12),
    ("/panel/members/", None, 11),
    ("/panel/members/?q=Member", htmx("found"), 6),
    ("/panel/members/?q=1234.56", None, 13),
    ("/panel/members/{member}/", None, 18),
    ("/panel/search/?q=1234.56", None, 14),
    ("/panel/search/?q=note", None, 13),
]


def test_the_number_of_queries_does_not_grow(
    alice, finance, django_assert_max_num_queries, django_assert_num_queries
):
    def grow(count: int) -> None:
        for number in range(count):
            # An amount that is the end of no phone number.
            other = funded(UserFactory(), 1_234_56)
            send(alice, other, 10, description=f"note {number}")
            withdraw(alice, 10)
            Incident.objects.create(title=f"note {number}", opened_by=finance)

    few = {}
    grow(2)
    as_finance = signed_in(finance)
    at = {"account": alice.primary_account().pk, "member": alice.pk}
    # The first look at a member in an hour is audited.
    assert as_finance.get("/panel/members/").status_code == 200
    assert as_finance.get("/panel/members/{member}/".format(**at)).status_code == 200
    for url, headers, ceiling in COSTS:
        with django_assert_max_num_queries(ceiling, info=url) as captured:
            assert as_finance.get(url.format(**at), headers=headers).status_code == 200
        few[url] = len(captured)
    grow(20)
    # A session notes its use once a minute, which is a query more.
    as_finance = signed_in(finance)
    for url, headers, _ceiling in COSTS:
        with django_assert_num_queries(few[url], info=url):
            assert as_finance.get(url.format(**at), headers=headers).status_code == 200


def test_a_receipt_or_our_reference_at_the_rail_opens_its_payment(alice, as_finance):
    with paya.known() as rail:
        rail.script = lambda call, reference: "instant"
        attempt, other = (payment_sent(alice, cents) for cents in (1_00, 2_00))
        page = f"/panel/transactions/{attempt.transaction.reference}/"
        receipt = f"R1-{attempt.reference}"
        for q in (receipt, receipt.lower(), f" {attempt.reference} ", attempt.reference.lower()):
            answer = as_finance.get(URL, {"q": q})
            assert (answer.status_code, answer.headers.get("Location")) == (303, page), q
        for q in (receipt, attempt.reference):
            found = elements(as_finance.get("/panel/ledger/", {"q": q}), "a", class_="reference")
            assert [words(link) for link in found] == [attempt.transaction.reference]
        stray = Transaction.objects.filter(type="DEPOSIT").first()
        Arrival.objects.create(
            rail="paya", receipt="SGL31HA2UV", amount_cents=1_00, transaction=stray
        )
        answer = as_finance.get(URL, {"q": "sgl31ha2uv"})
        assert answer.headers["Location"] == f"/panel/transactions/{stray.reference}/"
        guards.remove(connection)
        Attempt.objects.filter(pk=other.pk).update(rail="simulated", receipt=receipt)
        guards.install(connection)
        answer = as_finance.get(URL, {"q": receipt})
        assert groups(answer)["receipts"] == 2, "two rails may give the same number"
        for q in ("NSP-", "NSP-" + "9" * 16, "\0", "x" * 140):
            assert as_finance.get(URL, {"q": q}).status_code in (200, 422)
