"""The trial balance and each account's lines are those of the entries, at every moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from adminpanel import queries_accounts as queries
from ledger import guards, operations, rollups
from ledger.models import Entry, Transaction
from tests.conftest import signed_in
from tests.factories import account_id, deposit, new_key, send, withdraw
from tests.pages import (
    elements,
    find,
    htmx,
    is_part,
    is_whole_page,
    problems_beside,
    text,
    title,
    words,
)
from wallet import operations as wallet_operations
from wallet.money import format_amount

pytestmark = pytest.mark.django_db

NAIROBI = ZoneInfo("Africa/Nairobi")
TRIAL = "/panel/accounts/"
FLOAT = "/panel/accounts/-1/"


def wallet_of(user) -> str:
    return f"/panel/accounts/{account_id(user)}/"


@pytest.fixture
def client(finance):
    return signed_in(finance)


@pytest.fixture
def days(bob, carol, time_machine):
    """Three days in Nairobi; the second begins at 21:00 UTC of the first."""
    time_machine.move_to("2026-11-19T09:00:00Z", tick=False)
    deposit(bob, 900_00)
    time_machine.move_to("2026-11-20T20:59:59Z", tick=False)
    sent = send(bob, carol, 100_00)
    deposit(carol, 50_00)
    time_machine.move_to("2026-11-20T21:00:00Z", tick=False)
    withdraw(bob, 200_00)
    deposit(carol, 7_50)
    time_machine.move_to("2026-11-22T09:00:00Z", tick=False)
    operations.reverse(actor_id=bob.pk, transaction_id=sent.pk, key=new_key())
    withdraw(carol, 30_00)
    deposit(bob, 1_00)


def trial(response) -> dict[str, tuple[str, str]]:
    """(debit, credit) of each account, by its name; and of the total."""
    (table,) = elements(response, "table", class_="trial")
    found = {}
    for row in list(find(table, "tr"))[1:]:
        name, debit, credit = (cell for cell in row.children if not isinstance(cell, str))
        links = list(find(name, "a"))
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
def test_the_trial_balance_of_each_day_ends_at_midnight_in_nairobi(client, days, on, members, rail):
    response = client.get(TRIAL, {"on": on} if on else {})
    assert is_whole_page(response)
    found = trial(response)
    assert found["Members' wallets"][members != "0.00"] == members
    assert found["Float at the simulated rail"][0] == rail
    assert found["Payouts in transit"] == ("0.00", "")
    assert found["Total"] == (members, members)
    assert "Debits equal credits" in text(response)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("folded", [0, 1, 5, 13])
def test_the_trial_balance_does_not_depend_on_what_is_folded(days, folded):
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


def test_books_that_do_not_balance_are_said_to_be_so(client, days):
    guards.remove(connection)
    last = Entry.objects.latest("pk")
    Entry.objects.create(
        transaction=last.transaction, account_id=-3, amount_cents=5_00, created_at=last.created_at
    )
    guards.install(connection)
    response = client.get(TRIAL)
    assert trial(response)["Suspense"] == ("", "5.00")
    assert "Debits and credits differ by KES 5.00" in text(response)
    assert "Debits equal credits" not in text(response)


@pytest.mark.parametrize("on", ["2030-01-01", "2026-11-23", "x", "1999-12-31", "22/11/2026", "\0"])
def test_a_day_that_makes_no_sense_is_refused(client, days, on):
    response = client.get(TRIAL, {"on": on})
    assert response.status_code == 422
    assert problems_beside(response, "on")
    assert title(response).startswith("Error: ")
    assert not elements(response, "table", class_="trial")


def shown(response) -> list[tuple[str, str, str, str]]:
    """(reference, debit, credit, balance) of each line of the page."""
    found = []
    for row in elements(response, "tr"):
        link = list(find(row, "a", class_="reference"))
        if link:
            numbers = [words(cell) for cell in find(row, "td", class_="number")]
            found.append((words(link[0]), *numbers))
    return found


def expected(house_or_wallet: int) -> list[tuple[str, str, str, str]]:
    """The same from a scan of the entries, newest first."""
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


def turn_pages(client, url: str, **filters) -> list[list[tuple[str, str, str, str]]]:
    turned, query = [], filters
    while True:
        response = client.get(url, query)
        assert response.status_code == 200
        turned.append(shown(response))
        older = [link for link in elements(response, "a") if words(link) == "Older"]
        if not older:
            return turned
        cursor = dict(older[0].attributes)["href"].rpartition("cursor=")[2].partition("&")[0]
        query = filters | {"cursor": cursor}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("batch", [0, 1, 2, 5])
@pytest.mark.parametrize("house_id", [-1, -2])
def test_running_totals_of_a_house_account_are_those_of_a_scan(
    client, days, settings, batch, house_id
):
    settings.PAGE_SIZE_PANEL = 3
    if batch:
        rollups.fold_all(batch)
    turned = turn_pages(client, f"/panel/accounts/{house_id}/")
    assert [line for page in turned for line in page] == expected(house_id)
    assert all(len(page) == 3 for page in turned[:-1])


FILTERS = [
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
    return str(timezone.localdate(line.created_at))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("batch", [0, 1, 4])
@pytest.mark.parametrize(("filters", "fits"), FILTERS)
def test_a_filter_leaves_the_running_totals_true(client, days, bob, settings, batch, filters, fits):
    settings.PAGE_SIZE_PANEL = 2
    if batch:
        rollups.fold_all(batch)
    for account in (-1, -2, account_id(bob)):
        lines = Entry.objects.filter(account=account).select_related("transaction")
        keep = [fits(line) for line in lines.order_by("-pk")]
        wanted = [line for line, is_kept in zip(expected(account), keep, strict=True) if is_kept]
        turned = turn_pages(client, f"/panel/accounts/{account}/", **filters)
        assert [line for page in turned for line in page] == wanted


@pytest.mark.parametrize("batch", [0, 2])
@pytest.mark.django_db(transaction=True)
def test_a_line_written_late_keeps_the_running_totals_true(client, days, alice, settings, batch):
    """Two payments at once may be written in another order than that of their times."""
    settings.PAGE_SIZE_PANEL = 2
    deposit(alice, 2_00)
    deposit(alice, 3_00, at=timezone.now() - timedelta(hours=1))
    deposit(alice, 4_00)
    if batch:
        rollups.fold_all(batch)
    lines = expected(-1)
    assert [line for page in turn_pages(client, FLOAT) for line in page] == lines
    by_time = turn_pages(client, FLOAT, **{"from": "2026-11-22"})
    newest = list(Entry.objects.filter(account=-1, created_at__gte="2026-11-21T21:00Z"))
    in_time = sorted(newest, key=lambda line: (line.created_at, line.pk), reverse=True)
    assert in_time != newest
    balances = {line[0]: line for line in lines}
    wanted = [balances[line.transaction.reference] for line in in_time]
    assert [line for page in by_time for line in page] == wanted


def test_lines_that_arrive_do_not_shift_the_pages(client, days, carol, settings):
    settings.PAGE_SIZE_PANEL = 2
    before = expected(-1)
    first = shown(client.get(FLOAT))
    cursor = Entry.objects.filter(account=-1).order_by("-pk")[1].pk
    deposit(carol, 3_00)
    assert first + shown(client.get(FLOAT, {"cursor": cursor})) == before[:4]


@pytest.mark.parametrize("cursor", ["x", "0", "-1", "9" * 30, "\0", "1e3", "a" * 5000])
def test_what_is_no_cursor_leads_nowhere(client, days, bob, cursor):
    for url in (FLOAT, wallet_of(bob)):
        response = client.get(url, {"cursor": cursor})
        assert response.status_code == 200
        assert shown(response) == []
    theirs = Entry.objects.filter(account=account_id(bob)).first().pk
    assert shown(client.get(FLOAT, {"cursor": theirs})) == []


def test_a_house_account_says_what_it_is_for_and_what_went_through(client, days):
    said = text(client.get(FLOAT))
    assert "The money the house holds at the rail" in said
    assert "Balance now KES 728.50" in said
    assert "Money in, ever KES 958.50 4 debits" in said
    assert "Money out, ever KES 230.00 2 credits" in said


def test_an_account_without_lines_says_so(client, carol):
    assert "Nothing has been written here yet" in text(client.get(wallet_of(carol)))
    assert "Nothing has been written here yet" in text(client.get("/panel/accounts/-3/"))
    assert "No lines match" in text(client.get(wallet_of(carol), {"type": "DEPOSIT"}))


def test_a_wallet_names_its_owner_and_whether_it_is_frozen(client, days, bob):
    response = client.get(wallet_of(bob))
    assert "Not frozen" in text(response)
    assert f"/panel/members/{bob.pk}/" in [
        dict(a.attributes)["href"] for a in elements(response, "a")
    ]
    wallet_operations.freeze(account_id(bob))
    said = text(client.get(wallet_of(bob)))
    assert "Frozen" in said
    assert "Not frozen" not in said


def test_balance_at_any_instant_is_that_of_a_scan(client, days, bob, carol):
    start = datetime(2026, 11, 18, 23, 30, tzinfo=NAIROBI)
    for user in (bob, carol):
        for step in range(0, 60 * 24 * 4, 47):
            at = start + timedelta(minutes=step)
            if at > timezone.now():
                break
            lines = Entry.objects.filter(account=account_id(user), created_at__lte=at)
            held = lines.aggregate(cents=Sum("amount_cents", default=0))["cents"]
            found = queries.last_line_at(user.primary_account(), at)
            assert (found.balance_after_cents if found else 0) == held


@pytest.mark.parametrize(
    ("at", "held"),
    [
        ("2026-11-19T11:59", "0.00"),
        ("2026-11-19T12:00", "900.00"),
        ("2026-11-20T23:59:58", "900.00"),
        ("2026-11-20T23:59:59", "800.00"),
        ("2026-11-21T00:00", "600.00"),
        ("2026-11-22T11:59", "600.00"),
        ("2026-11-22T12:00", "701.00"),
    ],
)
def test_the_page_tells_what_a_wallet_held_at_an_instant_in_nairobi(client, days, bob, at, held):
    response = client.get(wallet_of(bob), {"at": at})
    assert response.status_code == 200
    (answer,) = elements(response, "p", class_="answer")
    assert words(answer).startswith(f"KES {held} at ")
    assert ("nothing had been written" in words(answer)) == (held == "0.00")


@pytest.mark.parametrize(
    "at",
    ["2026-11-22T12:01", "3000-01-01T00:00", "x", "", "1999-12-31T23:59", "0001-01-01T00:00", "\0"],
)
def test_an_instant_that_has_not_passed_or_is_none_is_refused(client, days, bob, at):
    response = client.get(wallet_of(bob), {"at": at})
    assert response.status_code == 422
    assert problems_beside(response, "at")
    assert not elements(response, "p", class_="answer")
    assert title(response).startswith("Error: ")


def test_a_filter_that_makes_no_sense_is_refused_and_kept(client, days, bob):
    for url in (FLOAT, wallet_of(bob)):
        for filters in (
            {"type": "GIFT"},
            {"from": "x"},
            {"from": "2026-11-22", "to": "2026-11-21"},
        ):
            for headers in (None, htmx("lines")):
                response = client.get(url, filters, headers=headers)
                assert response.status_code == 422
                assert shown(response) == []
    response = client.get(FLOAT, {"from": "someday"})
    assert 'value="someday"' in response.text


def test_htmx_gets_only_the_lines(client, days, bob):
    for url in (FLOAT, wallet_of(bob)):
        response = client.get(url, {"type": "DEPOSIT"}, headers=htmx("lines"))
        assert is_part(response, "lines")
        assert len(shown(response)) == len(
            Entry.objects.filter(account=url.split("/")[-2], transaction__type="DEPOSIT")
        )


def test_lines_lead_to_their_transaction(client, days, bob):
    for link in elements(client.get(wallet_of(bob)), "a", class_="reference"):
        assert client.get(dict(link.attributes)["href"]).status_code == 200
    assert Transaction.objects.filter(reference=words(link)).exists()


@pytest.mark.parametrize("id", ["0", "-9", "999999999", "9" * 19, "x", "--1"])
def test_what_is_no_account_is_not_found(client, id):
    assert client.get(f"/panel/accounts/{id}/").status_code == 404


def test_strangers_see_no_account(days, bob, alice, operator, auditor, client):
    for url in (TRIAL, FLOAT, wallet_of(bob)):
        assert signed_in(auditor).get(url).status_code == 200
        for other in (alice, bob, operator):
            for headers in (None, htmx("lines")):
                assert signed_in(other).get(url, headers=headers).status_code == 403
        client.logout()
        assert client.get(url).headers["Location"].startswith("/accounts/login/")
        assert client.post(url).status_code == 405
