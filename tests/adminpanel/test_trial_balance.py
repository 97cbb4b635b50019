"""The trial balance matches the ledger's entries on every day."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.db.models import Sum

from adminpanel.accounts import queries
from ledger import guards, rollups
from ledger.models import Entry
from tests.adminpanel.support.accounts import TRIAL
from tests.pages import elements, find, is_whole_page, problems_beside, text, title, words

pytestmark = pytest.mark.django_db

NAIROBI = ZoneInfo("Africa/Nairobi")


def trial(response) -> dict[str, tuple[str, str]]:
    """(debit, credit) of each account and of the total, by name."""
    (table,) = elements(response, "table", class_="trial")
    found = {}
    for row in list(find(table, "tr"))[1:]:
        name, debit, credit = (cell for cell in row.children if not isinstance(cell, str))
        links = list(find(name, "a")) or list(find(name, class_="name"))
        found[words(links[0] if links else name)] = (words(debit), words(credit))
    return found


@pytest.mark.parametrize(
    ("on", "members", "rail"),
    [
        ("2026-11-18", "0.00", "0.00"),
        ("2026-11-19", "900.00", "900.00"),
        ("2026-11-20", "950.00", "950.00"),
        ("2026-11-21", "757.50", "757.50"),
        ("2026-11-22", "728.50", "728.50"),
        ("", "728.50", "728.50"),
    ],
)
def test_the_trial_balance_of_each_day_ends_at_midnight_in_nairobi(
    as_finance, days, on, members, rail
):
    response = as_finance.get(TRIAL, {"on": on} if on else {})
    assert is_whole_page(response)
    found = trial(response)
    assert found["Members' wallets"][members != "0.00"] == members
    assert found["Float at the simulated rail"][0] == rail
    assert found["Payouts in transit"] == ("0.00", "")
    assert found["Total"] == (members, members)
    assert "Debits equal credits" in text(response)


def test_a_dated_balance_links_to_the_account_on_that_day(as_finance, days):
    def link(on: str) -> str:
        rows = elements(as_finance.get(TRIAL, {"on": on}), "a")
        hrefs = [str(dict(row.attributes)["href"]) for row in rows]
        return next(href for href in hrefs if href.startswith("/panel/accounts/-1/"))

    assert link("2026-11-19") == "/panel/accounts/-1/?at=2026-11-19T23:59:59&to=2026-11-19"
    there = as_finance.get(link("2026-11-19"))
    assert "KES 900.00 at 19 Nov 2026, 23:59:59." in text(there)
    # Payments at midnight count for the next day.
    assert "KES 950.00 at 20 Nov 2026, 23:59:59." in text(as_finance.get(link("2026-11-20")))
    # Today isn't over, so its link shows the account as it is now.
    assert link("2026-11-22") == "/panel/accounts/-1/"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("folded", [0, 1, 5, 13])
def test_the_trial_balance_does_not_depend_on_folding(days, folded):
    for _ in range(folded):
        assert rollups.fold(batch=1)
    for day in range(18, 23):
        end = datetime(2026, 11, day, tzinfo=NAIROBI) + timedelta(days=1)
        for line in queries.trial_balance(end.date() - timedelta(days=1)):
            lines = Entry.objects.filter(created_at__lt=end)
            lines = (
                lines.filter(account=line.account_id)
                if line.is_house
                else lines.filter(account__gt=0)
            )
            assert line.net_cents == lines.aggregate(cents=Sum("amount_cents", default=0))["cents"]


def test_the_page_says_when_the_books_do_not_balance(as_finance, days):
    guards.remove(connection)
    last = Entry.objects.latest("pk")
    Entry.objects.create(
        transaction=last.transaction, account_id=-3, amount_cents=5_00, created_at=last.created_at
    )
    guards.install(connection)
    response = as_finance.get(TRIAL)
    assert trial(response)["Suspense"] == ("", "5.00")
    assert "Debits and credits differ by KES 5.00" in text(response)
    assert "Debits equal credits" not in text(response)


@pytest.mark.parametrize("on", ["2030-01-01", "2026-11-23", "x", "1999-12-31", "22/11/2026", "\0"])
def test_an_invalid_day_is_refused(as_finance, days, on):
    response = as_finance.get(TRIAL, {"on": on})
    assert response.status_code == 422
    assert problems_beside(response, "on")
    assert title(response).startswith("Error: ")
    assert not elements(response, "table", class_="trial")
