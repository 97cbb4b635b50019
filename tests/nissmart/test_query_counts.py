"""A page makes as many queries for sixty transactions as for five."""

from itertools import count

import pytest

from ledger.models import Transaction
from tests.conftest import signed_in
from tests.factories import UserFactory, deposit, funded, send, withdraw
from tests.pages import htmx

pytestmark = pytest.mark.django_db

# (who, page, htmx headers, most queries).
PAGES = [
    ("member", "/", None, 12),
    ("member", "/", htmx("balance"), 9),
    ("member", "/activity/", None, 9),
    ("member", "/activity/?type=TRANSFER&q=note&direction=out", None, 6),
    # Its code is written the first time.
    ("member", "receipt", None, 12),
    ("member", "/statement/", None, 11),
    ("member", "/transfer/", None, 8),
    ("member", "/profile/", None, 7),
    ("finance", "/panel/", None, 28),
    ("finance", "/panel/?by=count", htmx("trends"), 13),
    ("finance", "/panel/", htmx("latest"), 4),
    ("finance", "/panel/activity/", None, 12),
    ("finance", "/panel/activity/?type=TRANSFER&status=SUCCESS", htmx("feed"), 7),
    ("finance", "/panel/activity/news/?type=DEPOSIT", htmx("news"), 5),
    ("finance", "/panel/ledger/", None, 16),
    ("finance", "/panel/ledger/?type=TRANSFER&size=200", htmx("ledger"), 11),
    ("finance", "/panel/ledger/?member=Member&min=0.1&q=note", htmx("ledger"), 7),
    ("finance", "/panel/ledger/totals/?member=Member&min=0.1", htmx("totals"), 5),
    ("finance", "transaction", None, 20),
]


@pytest.fixture
def grow(alice, settings):
    """Extend Alice's history to this length. Each transfer goes to a new member."""
    numbers = count()

    def to(length: int) -> None:
        while Transaction.objects.count() < length:
            number = next(numbers)
            other = funded(UserFactory(), 1_00) if number % 5 == 0 else None
            if other:
                send(alice, other, 10, description=f"note {number}")
            elif number % 2:
                deposit(alice, 1_00)
            else:
                withdraw(alice, 10)

    return to


def url_of(name: str, alice) -> str:
    # Always a transfer, since its page also queries what its two parties did.
    newest = Transaction.objects.of_member(alice).filter(type="TRANSFER")[0]
    return {
        "receipt": f"/activity/{newest.reference}/",
        "transaction": f"/panel/transactions/{newest.reference}/",
    }.get(name, name)


def test_the_number_of_queries_does_not_grow(
    alice, finance, grow, django_assert_max_num_queries, django_assert_num_queries
):
    clients = {"member": signed_in(alice), "finance": signed_in(finance)}
    few = {}
    grow(5)
    for who, name, headers, ceiling in PAGES:
        url = url_of(name, alice)
        with django_assert_max_num_queries(ceiling, info=f"{url} {headers}") as asked:
            assert clients[who].get(url, headers=headers).status_code == 200
        few[name, str(headers)] = len(asked)
    grow(60)
    for who, name, headers, _ceiling in PAGES:
        url = url_of(name, alice)
        with django_assert_num_queries(few[name, str(headers)], info=f"{url} {headers}"):
            assert clients[who].get(url, headers=headers).status_code == 200
