"""A ledger with every type and status, and its filters worked out in Python instead of SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.test import Client

from ledger import operations
from ledger.models import Transaction
from tests.factories import deposit, new_key, send, withdraw
from tests.pages import elements, find, htmx, words
from tests.tampering import payout
from wallet.context import Context
from wallet.models import User

URL = "/panel/ledger/"
NAIROBI = ZoneInfo("Africa/Nairobi")

type Filters = dict[str, str]

# One value of each filter. In the varied history each keeps some transactions and drops some.
FILTERS: Filters = {
    "type": "TRANSFER",
    "status": "SUCCESS",
    "from": "2026-11-20",
    "to": "2026-11-22",
    "min": "2",
    "max": "1,000",
    "member": "amina",
    "q": "lunch",
}


def subsets(sizes: Iterable[int]) -> list[Filters]:
    """Every combination of FILTERS with these numbers of filters."""
    return [
        {name: FILTERS[name] for name in names}
        for size in sizes
        for names in combinations(FILTERS, size)
    ]


def make_varied_history(
    amina: User, bob: User, staff: User, move_to: Callable[[str], object]
) -> None:
    """Every type and status, over several days, on both sides of midnight in Nairobi."""
    moments = (
        "18T20:59:59",
        "19T12:00:00",
        "20T20:59:59",
        "20T21:00:00",
        "21T09:00:00",
        "23T06:00:00",
    )
    for number, moment in enumerate(moments):
        move_to(f"2026-11-{moment}Z")
        deposit(amina, 1_500_00 + number)
        deposit(bob, 5_00)
        lunch = send(amina, bob, 1_00 + number * 100, description=f"Lunch {number}")
        send(bob, amina, 50, description="Change")
        withdraw(amina, 3_00, description="lunch money" if number % 2 else "Cash")
        payout(amina, "FAILED" if number % 2 else "PENDING")
        if number % 3 == 0:
            operations.reverse(Context(staff.pk, key=new_key()), transaction_id=lunch.pk)


def read_all() -> list[Transaction]:
    """All transactions, newest first."""
    newest_first = Transaction.objects.order_by("-pk")
    return list(newest_first.select_related("from_account__user", "to_account__user"))


def matching(
    filters: Filters, amina: User, everything: list[Transaction] | None = None
) -> list[Transaction]:
    """The transactions that fit these filters, newest first, checked one by one.

    `everything` is the result of `read_all`, if the caller has it already.
    """
    found = read_all() if everything is None else everything
    return [record for record in found if matches(record, filters, amina)]


def matches(record: Transaction, filters: Filters, amina: User) -> bool:
    day = record.created_at.astimezone(NAIROBI).date().isoformat()
    accounts = [record.from_account, record.to_account]
    tests = {
        "type": lambda value: record.type == value,
        "status": lambda value: record.status == value,
        "from": lambda value: day >= value,
        "to": lambda value: day <= value,
        "min": lambda value: record.amount_cents >= int(value.replace(",", "")) * 100,
        "max": lambda value: record.amount_cents <= int(value.replace(",", "")) * 100,
        "member": lambda _value: any(each and each.user == amina for each in accounts),
        "q": lambda value: value in record.description.lower(),
    }
    return all(tests[name](value) for name, value in filters.items())


def references(response: HttpResponse) -> list[str]:
    return [
        words(link) for cell in elements(response, "td", class_="ref") for link in find(cell, "a")
    ]


def pages(client: Client, filters: Filters) -> Iterator[list[str]]:
    """The references on each page, following "Older" to the last page, as htmx does."""
    query = dict(filters)
    while True:
        response = client.get(URL, query, headers=htmx("ledger"))
        assert response.status_code == 200
        yield references(response)
        older = [link for link in elements(response, "a") if words(link) == "Older"]
        if not older:
            return
        url = urlsplit(str(dict(older[0].attributes)["href"]))
        query = dict(parse_qsl(url.query))
        assert query.items() >= filters.items()
