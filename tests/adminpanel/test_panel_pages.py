"""One transaction with its entries, and who may see any page of the panel."""

import pytest
from django.test import Client

from tests.conftest import signed_in
from tests.factories import deposit, send, withdraw
from tests.pages import elements, find, htmx, is_whole_page, text, words
from tests.unsettled import with_status

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

FEED = "/panel/activity/"


def page_of(record) -> str:
    return f"/panel/transactions/{record.reference}/"


def table(response) -> list[list[str]]:
    """The rows of the entries: account, debit, credit, balance after; then the total."""
    (entries,) = elements(response, "table", class_="entries")
    rows = []
    for row in find(entries, "tr"):
        cells = [words(cell) for cell in row.children if not isinstance(cell, str)]
        if len(cells) == 5:
            rows.append([cells[0], *cells[2:]])
    return rows[1:]


def test_a_transfer_shows_both_its_entries(as_finance, alice, bob):
    record = send(alice, bob, 250_00, description="Lunch")
    response = as_finance.get(page_of(record))
    assert is_whole_page(response)
    assert table(response) == [
        ["Alice Wanjiku", "250.00", "", "750.00"],
        ["Bob Otieno", "", "250.00", "250.00"],
        ["Total", "250.00", "250.00", "Equal"],
    ]
    said = text(response)
    for shown in (record.reference, str(record.pk), record.idempotency_key, "Lunch", "Complete"):
        assert shown in said


def test_a_withdrawal_shows_its_four_entries(as_finance, alice):
    response = as_finance.get(page_of(withdraw(alice, 40_00)))
    assert table(response) == [
        ["Alice Wanjiku", "40.00", "", "960.00"],
        ["Payouts in transit", "", "40.00", "– not stored"],
        ["Payouts in transit", "40.00", "", "– not stored"],
        ["Float at the simulated rail", "", "40.00", "– not stored"],
        ["Total", "80.00", "80.00", "Equal"],
    ]


def test_a_deposit_names_the_rail(as_finance, alice):
    said = text(as_finance.get(page_of(deposit(alice, 5_00))))
    assert "Simulated rail to Alice Wanjiku" in said
    assert f"0{alice.phone[4:7]} *** {alice.phone[-3:]}" in said
    assert alice.phone not in said


def test_a_transaction_that_has_not_settled_says_so(as_finance, alice):
    said = text(as_finance.get(page_of(with_status(withdraw(alice, 40_00), "PENDING"))))
    assert "Processing" in said
    assert "Settled Not yet" in said


@pytest.mark.parametrize("reference", ["NS-00000000", "x", "%00", "1", "a" * 3000])
def test_an_unknown_reference_is_not_found(as_finance, reference):
    assert as_finance.get(f"/panel/transactions/{reference}/").status_code == 404


def test_every_link_of_a_transactions_page_works(as_finance, alice, bob):
    response = as_finance.get(page_of(send(alice, bob, 1_00)))
    links = {dict(link.attributes)["href"] for link in elements(response, "a")}
    # The latter is for people whose session has ended.
    for link in links - {"#main", "/accounts/login/"}:
        assert as_finance.get(link).status_code == 200, link
    assert {f"/panel/members/{person.pk}/" for person in (alice, bob)} <= links


NOTHING = ["/panel/transactions/NS-00000000/", "/panel/members/999/", "/panel/nowhere/"]


@pytest.mark.parametrize("url", NOTHING)
def test_an_unknown_page_is_not_found_inside_the_panels_layout(finance, auditor, url):
    for reader in (finance, auditor):
        response = signed_in(reader).get(url)
        assert response.status_code == 404
        assert is_whole_page(response)
        assert "This page doesn't exist" in text(response)
        links = {dict(link.attributes)["href"] for link in elements(response, "a")}
        assert {"/panel/", "/panel/ledger/", "/panel/members/", "/panel/audit/"} <= links
        assert "Go to your wallet" not in text(response)


def test_an_auditor_who_acts_stays_in_the_panel(auditor):
    response = signed_in(auditor).post("/panel/integrity/run/")
    assert response.status_code == 403
    assert "Only the finance team can do this" in text(response)
    assert "/panel/ledger/" in {dict(link.attributes)["href"] for link in elements(response, "a")}


@pytest.mark.parametrize("url", NOTHING)
def test_strangers_cannot_see_which_panel_pages_exist(alice, operator, url):
    for stranger in (signed_in(alice), signed_in(operator)):
        answer = stranger.get(url)
        if answer.status_code == 404:
            assert text(answer) == text(stranger.get("/nowhere/"))
        else:
            assert answer.status_code == 403
            assert text(answer) == text(stranger.get("/panel/"))
    visitor = Client().get(url)
    if visitor.status_code == 404:
        assert text(visitor) == text(Client().get("/nowhere/"))
    else:
        assert visitor.headers["Location"] == f"/accounts/login/?next={url}"


@pytest.mark.parametrize(
    ("act", "page"),
    [
        ("/panel/ledger/views/", "/panel/ledger/"),
        ("/panel/transactions/NS-00000000/propose/", "/panel/transactions/NS-00000000/"),
        ("/panel/reversals/3/withdraw/", "/panel/reversals/3/"),
        ("/panel/members/4/freeze/", "/panel/members/4/"),
        ("/panel/incidents/5/unlink/NS-00000000/", "/panel/incidents/5/"),
        ("/panel/integrity/run/", "/panel/integrity/"),
    ],
)
def test_reloading_the_url_of_an_act_redirects_to_its_page(
    finance, auditor, alice, operator, act, page
):
    for reader in (finance, auditor):
        client = signed_in(reader)
        for answer in (client.get(act), client.head(act)):
            assert (answer.status_code, answer.headers["Location"]) == (302, page)
        assert client.put(act).status_code == client.delete(act).status_code == 405
    for stranger in (Client(), signed_in(alice), signed_in(operator)):
        assert stranger.get(act).status_code == 405


def urls(record) -> list[str]:
    return ["/panel/", FEED, "/panel/ledger/", page_of(record)]


def test_only_finance_and_auditors_see_the_panel(alice, bob, finance, auditor, operator):
    record = send(alice, bob, 1_00)
    for url in urls(record):
        for reader in (finance, auditor):
            assert signed_in(reader).get(url).status_code == 200
        for other in (alice, bob, operator):
            for headers in (None, htmx("ledger"), htmx("feed"), htmx("latest")):
                answer = signed_in(other).get(url, headers=headers)
                assert answer.status_code == 403
                assert record.reference not in answer.text


def test_an_inactive_reader_is_signed_out(alice, finance):
    client = signed_in(finance)
    finance.is_active = False
    finance.save()
    assert client.get("/panel/").status_code == 302


def test_leaving_the_group_ends_access(finance):
    client = signed_in(finance)
    finance.groups.clear()
    assert client.get("/panel/").status_code == 403


def test_a_visitor_is_sent_to_sign_in(alice):
    for url in urls(deposit(alice, 1_00)):
        assert Client().get(url).headers["Location"] == f"/accounts/login/?next={url}"
        part = Client().get(url, headers=htmx("feed"))
        assert part.headers["HX-Redirect"] == f"/accounts/login/?next={url}"


def test_these_pages_only_answer_reads(as_finance, alice):
    for url in urls(deposit(alice, 1_00)):
        for method in ("post", "put", "patch", "delete"):
            assert getattr(as_finance, method)(url).status_code == 405
