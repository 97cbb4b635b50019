"""An account page's lines and running totals match the ledger's entries at every moment."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from ledger import rollups
from ledger.models import Entry, Transaction
from ledger.querysets import nairobi_day
from tests.adminpanel.support.accounts import FLOAT, page_lines, wallet_of
from tests.factories import UserFactory, account_id, deposit
from tests.ledger.support.crowd import IS_NIGHTLY
from tests.pages import elements, htmx, is_part, words
from wallet.money import format_amount

pytestmark = pytest.mark.django_db


def expected(house_or_wallet: int) -> list[tuple[str, str, str, str]]:
    """What `page_lines` must return, worked out from the entries, newest first."""
    sign = -1 if house_or_wallet < 0 else 1
    running, found = 0, []
    lines = Entry.objects.filter(account=house_or_wallet).select_related("transaction")
    for line in lines.order_by("pk"):
        running += line.amount_cents
        debit = format_amount(-line.amount_cents) if line.amount_cents < 0 else ""
        credit = format_amount(line.amount_cents) if line.amount_cents > 0 else ""
        balance = format_amount(sign * running)
        found.append((line.transaction.reference, debit, credit, balance))
    return found[::-1]


def turn_pages(client, url: str, headers=None, **filters) -> list[list[tuple[str, str, str, str]]]:
    turned, query = [], filters
    while True:
        response = client.get(url, query, headers=headers)
        assert response.status_code == 200
        turned.append(page_lines(response))
        older = [link for link in elements(response, "a") if words(link) == "Older"]
        if not older:
            return turned
        cursor = dict(older[0].attributes)["href"].rpartition("cursor=")[2].partition("&")[0]
        query = filters | {"cursor": cursor}


FILTERS = [
    ({}, lambda line: True),
    ({"type": "DEPOSIT"}, lambda line: line.transaction.type == "DEPOSIT"),
    ({"type": "WITHDRAW"}, lambda line: line.transaction.type == "WITHDRAW"),
    ({"type": "REVERSAL"}, lambda line: line.transaction.type == "REVERSAL"),
    ({"type": "TRANSFER"}, lambda line: line.transaction.type == "TRANSFER"),
    ({"from": "2026-11-21"}, lambda line: day(line) >= "2026-11-21"),
    ({"to": "2026-11-20"}, lambda line: day(line) <= "2026-11-20"),
    ({"from": "2026-11-21", "to": "2026-11-21"}, lambda line: day(line) == "2026-11-21"),
    (
        {"from": "2026-11-20", "type": "DEPOSIT"},
        lambda line: day(line) >= "2026-11-20" and line.transaction.type == "DEPOSIT",
    ),
]


def day(line: Entry) -> str:
    return str(nairobi_day(line.created_at))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("batch", [0, 1, 2, 4, 5] if IS_NIGHTLY else [0, 1, 5])
def test_running_totals_match_the_entries_with_any_filter(
    as_finance, days, bob, settings, batch, subtests
):
    size = settings.PAGE_SIZE_PANEL = 3
    if batch:
        rollups.fold_all(batch)
    for account in (-1, -2, account_id(bob)):
        entries = Entry.objects.filter(account=account).select_related("transaction")
        lines = list(zip(expected(account), entries.order_by("-pk"), strict=True))
        for filters, fits in FILTERS:
            with subtests.test(account=account, filters=filters):
                wanted = [line for line, entry in lines if fits(entry)]
                # Whole pages once; their lists are the same as what htmx gets.
                headers = htmx("lines") if filters else None
                turned = turn_pages(as_finance, f"/panel/accounts/{account}/", headers, **filters)
                assert [line for page in turned for line in page] == wanted
                assert all(len(page) == size for page in turned[:-1])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("batch", [0, 2])
def test_a_line_that_arrives_late_keeps_the_running_totals_correct(
    as_finance, days, alice, settings, batch
):
    """Two simultaneous payments may be inserted in a different order than their times."""
    settings.PAGE_SIZE_PANEL = 2
    deposit(alice, 2_00)
    deposit(UserFactory(), 3_00, at=timezone.now() - timedelta(hours=1))
    deposit(alice, 4_00)
    if batch:
        rollups.fold_all(batch)
    lines = expected(-1)
    assert [line for page in turn_pages(as_finance, FLOAT) for line in page] == lines
    by_time = turn_pages(as_finance, FLOAT, **{"from": "2026-11-22"})
    newest = list(Entry.objects.filter(account=-1, created_at__gte="2026-11-21T21:00Z"))
    in_time = sorted(newest, key=lambda line: (line.created_at, line.pk), reverse=True)
    assert in_time != newest
    balances = {line[0]: line for line in lines}
    wanted = [balances[line.transaction.reference] for line in in_time]
    assert [line for page in by_time for line in page] == wanted


def test_new_lines_do_not_shift_the_pages(as_finance, days, carol, settings):
    settings.PAGE_SIZE_PANEL = 2
    before = expected(-1)
    first = page_lines(as_finance.get(FLOAT))
    cursor = Entry.objects.filter(account=-1).order_by("-pk")[1].pk
    deposit(carol, 3_00)
    assert first + page_lines(as_finance.get(FLOAT, {"cursor": cursor})) == before[:4]


def test_an_invalid_cursor_gives_an_empty_page(as_finance, days, bob, subtests):
    for cursor in ("x", "0", "-1", "9" * 30, "\0", "1e3", "a" * 5000):
        for url in (FLOAT, wallet_of(bob)):
            with subtests.test(cursor=cursor[:30], url=url):
                response = as_finance.get(url, {"cursor": cursor}, headers=htmx("lines"))
                assert response.status_code == 200
                assert page_lines(response) == []
    theirs = Entry.objects.filter(account=account_id(bob)).first().pk
    assert page_lines(as_finance.get(FLOAT, {"cursor": theirs})) == []


@pytest.mark.any_engine
def test_an_invalid_filter_is_refused_and_stays_in_the_form(as_finance, days, bob):
    for url in (FLOAT, wallet_of(bob)):
        for filters in (
            {"type": "GIFT"},
            {"from": "x"},
            {"from": "2026-11-22", "to": "2026-11-21"},
        ):
            for headers in (None, htmx("lines")):
                response = as_finance.get(url, filters, headers=headers)
                assert response.status_code == 422
                assert page_lines(response) == []
    response = as_finance.get(FLOAT, {"from": "someday"})
    assert 'value="someday"' in response.text


@pytest.mark.any_engine
def test_htmx_gets_only_the_lines(as_finance, days, bob):
    for url in (FLOAT, wallet_of(bob)):
        response = as_finance.get(url, {"type": "DEPOSIT"}, headers=htmx("lines"))
        assert is_part(response, "lines")
        assert len(page_lines(response)) == len(
            Entry.objects.filter(account=url.split("/")[-2], transaction__type="DEPOSIT")
        )


@pytest.mark.any_engine
def test_lines_link_to_their_transaction(as_finance, days, bob):
    for link in elements(as_finance.get(wallet_of(bob)), "a", class_="reference"):
        assert as_finance.get(dict(link.attributes)["href"]).status_code == 200
    assert Transaction.objects.filter(reference=words(link)).exists()
