"""An account's page shows its owner, its purpose and its balance at any instant."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db.models import Sum

from adminpanel.accounts import queries
from ledger import rollups
from ledger.models import Entry
from tests.adminpanel.support.accounts import FLOAT, TRIAL, wallet_of
from tests.conftest import signed_in
from tests.factories import account_id
from tests.pages import elements, htmx, problems_beside, text, title, words
from wallet import house
from wallet import operations as wallet_operations
from wallet.context import SYSTEM
from wallet.models import Account

pytestmark = pytest.mark.django_db


def test_a_house_account_shows_its_purpose_and_totals(as_finance, days):
    said = text(as_finance.get(FLOAT))
    assert "The money we hold at the rail" in said
    assert "Balance now KES 728.50" in said
    assert "Total debits KES 958.50 4 debits" in said
    assert "Total credits KES 230.00 2 credits" in said


def test_the_page_of_adjustments_says_what_it_is_for(as_finance):
    page = as_finance.get(f"/panel/accounts/{house.ADJUSTMENTS.id}/")
    assert "The other side of corrections that two people of finance agreed on." in text(page)


def test_an_account_without_lines_says_so(as_finance, carol):
    assert "No entries yet" in text(as_finance.get(wallet_of(carol)))
    assert "No entries yet" in text(as_finance.get("/panel/accounts/-3/"))
    assert "No entries match" in text(as_finance.get(wallet_of(carol), {"type": "DEPOSIT"}))


def test_a_wallet_shows_its_owner_and_whether_it_is_frozen(as_finance, days, bob):
    response = as_finance.get(wallet_of(bob))
    assert f"account {account_id(bob)} Active" in text(response)
    assert "Active" in text(as_finance.get(f"/panel/members/{bob.pk}/"))
    assert f"/panel/members/{bob.pk}/" in [
        dict(a.attributes)["href"] for a in elements(response, "a")
    ]
    wallet_operations.freeze(SYSTEM, account_id(bob))
    for page in (wallet_of(bob), f"/panel/members/{bob.pk}/"):
        said = text(as_finance.get(page))
        assert "Frozen" in said
        assert "Active" not in said
        assert "Not frozen" not in said


def around_each_entry() -> list[datetime]:
    """The moment of each entry, the second before it, and a day before all."""
    times = sorted(set(Entry.objects.values_list("created_at", flat=True)))
    before = [at - timedelta(seconds=1) for at in times]
    return [times[0] - timedelta(days=1), *before, *times]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("folded", [0, 4, 13])
def test_a_house_balance_at_any_instant_matches_its_entries(days, folded):
    for _ in range(folded):
        assert rollups.fold(batch=1)
    instants = around_each_entry()
    for account in Account.objects.filter(user=None):
        for at in instants:
            lines = Entry.objects.filter(account=account, created_at__lte=at)
            held = lines.aggregate(cents=Sum("amount_cents", default=0))["cents"]
            assert queries.house_balance_at(account, at) == -held


def test_the_page_of_a_house_account_shows_its_balance_at_an_instant(as_finance, days):
    for at, held in [
        ("2026-11-18T12:00", "0.00"),
        ("2026-11-20T23:59:59", "950.00"),
        ("2026-11-22T11:59", "757.50"),
    ]:
        (answer,) = elements(as_finance.get(FLOAT, {"at": at}), "p", class_="answer")
        assert words(answer).startswith(f"KES {held} at ")
    refused = as_finance.get(FLOAT, {"at": "3000-01-01T00:00"})
    assert refused.status_code == 422
    assert problems_beside(refused, "at")


def test_a_wallets_balance_at_any_instant_matches_its_entries(as_finance, days, bob, carol):
    for user in (bob, carol):
        for at in around_each_entry():
            lines = Entry.objects.filter(account=account_id(user), created_at__lte=at)
            held = lines.aggregate(cents=Sum("amount_cents", default=0))["cents"]
            found = queries.last_line_at(user.primary_account(), at)
            assert (found.balance_after_cents if found else 0) == held


def test_the_page_shows_a_wallets_balance_at_an_instant_in_nairobi(as_finance, days, bob):
    for at, held in [
        ("2026-11-19T11:59", "0.00"),
        ("2026-11-19T12:00", "900.00"),
        ("2026-11-20T23:59:58", "900.00"),
        ("2026-11-20T23:59:59", "800.00"),
        ("2026-11-21T00:00", "600.00"),
        ("2026-11-22T11:59", "600.00"),
        ("2026-11-22T12:00", "701.00"),
    ]:
        response = as_finance.get(wallet_of(bob), {"at": at})
        assert response.status_code == 200, at
        (answer,) = elements(response, "p", class_="answer")
        assert words(answer).startswith(f"KES {held} at ")
        assert ("had no entries yet" in words(answer)) == (held == "0.00")


@pytest.mark.any_engine
def test_a_future_or_invalid_instant_is_refused(as_finance, days, bob, subtests):
    ancient = ("1999-12-31T23:59", "0001-01-01T00:00")
    for at in ("2026-11-22T12:01", "3000-01-01T00:00", "x", "", *ancient, "\0"):
        with subtests.test(repr(at)):
            response = as_finance.get(wallet_of(bob), {"at": at})
            assert response.status_code == 422
            assert problems_beside(response, "at")
            assert not elements(response, "p", class_="answer")
            assert title(response).startswith("Error: ")


def test_an_unknown_account_is_not_found(as_finance):
    for id in ("0", "-9", "999999999", "9" * 19, "x", "--1"):
        assert as_finance.get(f"/panel/accounts/{id}/").status_code == 404, id


@pytest.mark.any_engine
def test_strangers_see_no_account(days, bob, alice, operator, auditor, as_finance):
    reader, others = signed_in(auditor), [signed_in(other) for other in (alice, bob, operator)]
    for url in (TRIAL, FLOAT, wallet_of(bob)):
        assert reader.get(url).status_code == 200
        for other in others:
            for headers in (None, htmx("lines")):
                assert other.get(url, headers=headers).status_code == 403
        as_finance.logout()
        assert as_finance.get(url).headers["Location"].startswith("/accounts/login/")
        assert as_finance.post(url).status_code == 405
