"""The overview's charts match the ledger, by days in Nairobi."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from adminpanel.overview import queries
from adminpanel.overview.totals import volumes_by_kind
from ledger import operations, rollups
from ledger.models import Transaction
from ledger.querysets import nairobi_day
from nissmart.demo import members as demo
from tests.conftest import signed_in
from tests.factories import UserFactory, deposit, funded, new_key, send, withdraw
from tests.pages import elements, find, htmx, is_part, text, words
from tests.tampering import payout
from wallet.context import Context
from wallet.models import User
from wallet.money import parse_shillings
from wallet.operations import open_house_accounts

pytestmark = pytest.mark.django_db

URL = "/panel/"
TODAY = date(2026, 11, 25)

type Table = list[tuple[str, int, int]]


@pytest.fixture
def finance(db, time_machine) -> User:
    """A member since long ago, so that the charts count only the test's own sign-ups."""
    time_machine.move_to("2026-09-01T09:00:00Z", tick=False)
    user = UserFactory(name="Finance Person")
    user.groups.add(Group.objects.get(name="finance"))
    return user


@pytest.fixture
def cast(finance, time_machine) -> tuple[User, User]:
    return funded(UserFactory(), 100_000_00), UserFactory()


def tables(response) -> dict[str, Table]:
    """Each chart's table: (day, the last seven days, the seven before), and the totals."""
    return {
        words(next(find(table, "caption"))): [
            (words(cells[0]), number(words(cells[1])), number(words(cells[2])))
            for row in [*find(table, "tr")][1:]
            if (cells := [cell for cell in row.children if not isinstance(cell, str)])
        ]
        for table in elements(response, "table", class_="numbers")
    }


def number(shown: str) -> int:
    """Cents, or a count."""
    if "." not in shown:
        return int(shown.replace(",", ""))
    return 0 if shown == "0.00" else parse_shillings(shown)


def page(finance: User, time_machine, by: str, at: str = "2026-11-25T09:30:00Z"):
    time_machine.move_to(at, tick=False)
    return signed_in(finance).get(URL, {"by": by})


def by_hand(type: str, day: date, measure: str) -> int:
    """The day's completed transactions, counted or summed row by row."""
    found = [
        record
        for record in Transaction.objects.filter(type=type, status="SUCCESS")
        if record.settled_at and nairobi_day(record.settled_at) == day
    ]
    return len(found) if measure == "count" else sum(record.amount_cents for record in found)


NAMES = {"DEPOSIT": "Deposits", "TRANSFER": "Transfers", "WITHDRAW": "Withdrawals"}


@pytest.mark.parametrize("by", ["count", "value"])
def test_charts_show_the_completed_transactions_of_each_day(finance, cast, time_machine, by):
    one, other = cast
    for ago in range(15, -1, -1):
        time_machine.move_to(
            datetime(2026, 11, 25, 6, tzinfo=UTC) - timedelta(days=ago), tick=False
        )
        deposit(one, (ago + 1) * 10_00)
        sent = send(one, other, ago * 7_00 + 50)
        if ago % 3 == 0:
            withdraw(one, 5_00 + ago)
            payout(one, "PENDING")
            payout(one, "FAILED")
            operations.reverse(Context(finance.pk, key=new_key()), transaction_id=sent.pk)
    shown = tables(page(finance, time_machine, by))
    suffix = "" if by == "count" else ", KES"
    for type, name in NAMES.items():
        *days, total = shown[name + suffix]
        expected = [
            (by_hand(type, day, by), by_hand(type, day - timedelta(days=7), by))
            for day in (TODAY - timedelta(days=ago) for ago in range(6, -1, -1))
        ]
        assert [row[1:] for row in days] == expected
        assert total[1:] == (sum(now for now, _ in expected), sum(then for _, then in expected))
        assert sum(total[1:]) > 0


@pytest.mark.parametrize("by", ["count", "value"])
def test_a_day_begins_at_nine_in_the_evening_utc(finance, cast, time_machine, by):
    one, other = cast
    for at in ("2026-11-23T20:59:59.999999Z", "2026-11-23T21:00:00Z", "2026-11-24T20:59:59Z"):
        time_machine.move_to(at, tick=False)
        send(one, other, 1_00)
        UserFactory()
    time_machine.move_to("2026-11-24T21:00:00Z", tick=False)
    send(one, other, 1_00)
    shown = tables(page(finance, time_machine, by))
    transfers = shown["Transfers" if by == "count" else "Transfers, KES"]
    unit = 1 if by == "count" else 1_00
    assert [row[0] for row in transfers][-4:] == [
        "Mon 23 Nov", "Tue 24 Nov", "Wed 25 Nov so far", "Total",
    ]  # fmt: skip
    assert [row[1] for row in transfers][-4:] == [unit, 2 * unit, unit, 4 * unit]
    assert [row[1] for row in shown["Sign-ups"]][-4:] == [1, 2, 0, 3]


def test_only_the_last_fourteen_days_are_shown(finance, cast, time_machine):
    one, other = cast
    # The last moment before the fourteen days, and their first.
    for at in ("2026-11-11T20:59:59Z", "2026-11-11T21:00:00Z"):
        time_machine.move_to(at, tick=False)
        send(one, other, 1_00)
        UserFactory()
    shown = tables(page(finance, time_machine, "count"))
    for name in ("Transfers", "Sign-ups"):
        assert shown[name][0] == ("Thu 19 Nov", 0, 1)
        assert shown[name][-1] == ("Total", 0, 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("batch", [0, 1, 7])
def test_folding_changes_no_number(finance, cast, time_machine, batch):
    one, other = cast
    for at in ("2026-11-18T12:00:00Z", "2026-11-24T12:00:00Z"):
        time_machine.move_to(at, tick=False)
        send(one, other, 3_00)
        withdraw(one, 2_00)
    if batch:
        assert rollups.fold_all(batch)
    shown = tables(page(finance, time_machine, "value"))
    assert shown["Transfers, KES"][-1] == ("Total", 3_00, 3_00)
    assert shown["Withdrawals, KES"][-1] == ("Total", 2_00, 2_00)


def test_charts_match_the_rows_over_a_month_of_the_demo(finance, time_machine):
    time_machine.move_to("2026-11-25T09:30:00Z", tick=False)
    now = timezone.now()
    open_house_accounts()
    demo.play(demo.open_people(now), now)
    for by in ("count", "value"):
        shown = tables(page(finance, time_machine, by))
        for type, name in NAMES.items():
            *days, _total = shown[name if by == "count" else f"{name}, KES"]
            for ago, (_day, last, before) in zip(range(6, -1, -1), days, strict=True):
                day = TODAY - timedelta(days=ago)
                assert last == by_hand(type, day, by)
                assert before == by_hand(type, day - timedelta(days=7), by)
    # The totals cover every transaction exactly once.
    totals = queries.position().totals
    for type, volume in volumes_by_kind(totals).items():
        assert volume.count == Transaction.objects.filter(type=type).count()
    assert sum(total.net_cents for total in totals) == 0


def test_bars_match_the_table(finance, cast, time_machine):
    one, other = cast
    for at, cents in (("2026-11-18T12:00:00Z", 10_00), ("2026-11-25T08:00:00Z", 20_00)):
        time_machine.move_to(at, tick=False)
        send(one, other, cents)
    response = page(finance, time_machine, "value")
    chart = elements(response, "svg", class_="bars")[1]
    ((before,), (now,)) = (list(find(chart, "rect", class_=name)) for name in ("before", "now"))
    heights = [int(dict(bar.attributes)["height"]) for bar in (before, now)]
    assert heights[1] == 2 * heights[0]
    assert [words(label) for label in find(chart, "text", class_="scale")][-1] == "20"
    assert "Today" in [words(label) for label in find(chart, "text", class_="today")]


def test_an_empty_system_has_charts_too(finance, time_machine):
    response = page(finance, time_machine, "count")
    assert set(tables(response)) == {"Deposits", "Transfers", "Withdrawals", "Sign-ups"}
    assert not any(list(find(chart, "rect")) for chart in elements(response, "svg", class_="bars"))
    assert text(response).count("Nothing in these two weeks") == 4
    assert "No transactions yet" in text(response)


def test_charts_have_names_and_no_style(finance, cast, time_machine):
    response = page(finance, time_machine, "value")
    charts = elements(response, "svg", role="group")
    assert len(charts) == 4
    for chart in charts:
        name = dict(chart.attributes)["aria-labelledby"]
        (title,) = elements(response, "title", id=name)
        assert "per day: the last seven days" in words(title)
    assert not re.search(r"\sstyle=|<style|<script(?![^>]*src=)", response.text)


def test_the_url_selects_counts_or_money(finance, cast, time_machine):
    time_machine.move_to("2026-11-25T09:30:00Z", tick=False)
    client = signed_in(finance)
    assert set(tables(client.get(URL))) == {
        "Deposits, KES", "Transfers, KES", "Withdrawals, KES", "Sign-ups",
    }  # fmt: skip
    for by, chosen in ((None, "KES"), ("count", "Count")):
        response = client.get(URL, {"by": by} if by else {})
        (pick,) = elements(response, "nav", class_="pick")
        assert [words(link) for link in find(pick, "a", **{"aria-current": "true"})] == [chosen]


def test_htmx_gets_only_the_charts(finance, cast, django_assert_max_num_queries):
    client: Client = signed_in(finance)
    client.get(URL)
    with django_assert_max_num_queries(13):
        response = client.get(URL, {"by": "count"}, headers=htmx("trends"))
    assert is_part(response, "trends")
    assert len(elements(response, "svg", class_="bars")) == 4
