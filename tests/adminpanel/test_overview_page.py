"""Finance reads the totals of the system at a glance, and they are those of the rows."""

import pytest

from adminpanel import queries
from tests.conftest import signed_in
from tests.factories import UserFactory, deposit, send, withdraw
from tests.pages import elements, find, htmx, is_part, is_whole_page, text, words
from tests.unsettled import as_if
from wallet.models import User

pytestmark = pytest.mark.django_db

URL = "/panel/"


@pytest.fixture
def history(alice, bob, carol):
    """Alice's fixture has deposited KES 1,000.00 before this."""
    deposit(bob, 500_50)
    send(alice, bob, 200_00)
    send(bob, carol, 100_25)
    withdraw(alice, 50_00)
    as_if(withdraw(bob, 60_00), "PENDING")
    as_if(deposit(carol, 70_00), "FAILED")


def tiles(response) -> dict[str, str]:
    """Each tile's label and what it says."""
    shown = {}
    for tile in elements(response, class_="tile"):
        (label,) = find(tile, "span", class_="label")
        (delta,) = find(tile, "span", class_="delta")
        (figure,) = find(tile, "strong")
        shown[words(label)] = f"{words(figure)} {words(delta)}"
    return shown


def test_the_totals_are_those_of_the_rows(history, finance):
    response = signed_in(finance).get(URL)
    assert is_whole_page(response)
    shown = tiles(response)
    # Alice 750.00, Bob 540.25 with the payout under way, Carol 170.25 as the rows stand.
    in_wallets = 100_000 - 20_000 - 5_000 + 50_050 + 20_000 - 10_025 - 6_000 + 10_025 + 7_000
    assert in_wallets == 146_050
    assert shown["Value in wallets"].startswith("KES 1,460.50")
    assert shown["Users"].startswith(f"{User.objects.count()} ")
    assert shown["Deposits"] == "1,500.50 KES in 2 deposits"
    assert shown["Transfers"] == "300.25 KES in 2 transfers"
    assert shown["Withdrawals"] == "50.00 KES in 1 withdrawal"


def test_what_is_not_settled_needs_attention(history, finance):
    said = text(signed_in(finance).get(URL))
    assert "1 transaction waits for an answer from the rail" in said
    assert "KES 60.00" in said
    assert "Nothing needs attention." not in said


def test_nothing_needs_attention_when_all_is_settled(alice, bob, finance):
    send(alice, bob, 1_00)
    assert "Nothing needs attention." in text(signed_in(finance).get(URL))


def test_an_empty_system_has_an_overview_too(finance):
    response = signed_in(finance).get(URL)
    assert tiles(response)["Deposits"] == "0.00 KES in 0 deposits"
    assert "Nothing has moved yet" in text(response)


def test_the_books_sum_to_zero(alice, bob, finance):
    deposit(bob, 500_50)
    withdraw(alice, 50_00)
    rows = dict(queries.books())
    assert sum(rows.values()) == 0
    assert rows["Owed to members"] == -(950_00 + 500_50)
    assert rows["Float at the simulated rail"] == 1_450_50
    assert rows["Payouts in transit"] == 0
    response = signed_in(finance).get(URL)
    assert "In balance" in text(response)
    assert "= 0.00" in text(response)


def test_books_out_of_balance_are_told_loudly(alice, finance):
    alice.accounts.update(balance_cents=999_99)
    said = text(signed_in(finance).get(URL))
    assert "Out of balance" in said
    assert "Assets and liabilities differ" in said
    assert "KES 0.01" in said


def test_the_latest_ten_are_shown(alice, bob, finance):
    records = [send(alice, bob, 1_00) for _ in range(12)]
    response = signed_in(finance).get(URL)
    shown = [words(link) for link in elements(response, "a", class_="reference")]
    assert shown == [record.reference for record in reversed(records)][:10]


def test_htmx_gets_only_the_latest_and_asks_no_totals(
    alice, finance, django_assert_max_num_queries
):
    client = signed_in(finance)
    client.get(URL)
    with django_assert_max_num_queries(5):
        response = client.get(URL, headers=htmx("latest"))
    assert is_part(response, "latest")
    assert "1,000.00" in text(response)


def test_the_latest_keep_asking_for_themselves(finance):
    client = signed_in(finance)
    for headers in (None, htmx("latest")):
        (latest,) = elements(client.get(URL, headers=headers), "section", id="latest")
        asks = dict(latest.attributes)
        assert (asks["hx-get"], asks["hx-trigger"]) == (URL, "every 10s")


def test_summary_in_numbers(history):
    UserFactory()
    totals = queries.summary()
    assert totals.total_users == User.objects.count()
    assert totals.total_value_cents == 1_460_50
    assert (totals.deposits.count, totals.deposits.amount_cents) == (2, 1_500_50)
    assert (totals.transfers.count, totals.transfers.amount_cents) == (2, 300_25)
    assert (totals.withdrawals.count, totals.withdrawals.amount_cents) == (1, 50_00)
    assert (totals.pending.count, totals.pending.amount_cents) == (1, 60_00)
