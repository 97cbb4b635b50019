"""The ledger's totals match the filtered rows, and most need no scan."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils.http import urlencode

from adminpanel.ledger.explorer import Explorer
from ledger import kinds, operations, rollups
from ledger.models import Transaction
from tests.adminpanel.support.explored import make_varied_history, matching, read_all, subsets
from tests.factories import deposit, new_key, send, withdraw
from tests.ledger.support.crowd import IS_NIGHTLY
from tests.pages import elements, htmx, is_part, is_whole_page, text, words
from wallet.context import Context

pytestmark = pytest.mark.django_db

URL = "/panel/ledger/"
TOTALS = "/panel/ledger/totals/"
QUICK = [
    {"type": type, "status": status}
    for type in ("", *kinds.codes())
    for status in ("", *Transaction.Status.values)
]


@pytest.fixture
def history(amina, bob, finance, time_machine):
    make_varied_history(amina, bob, finance, lambda at: time_machine.move_to(at, tick=False))


def explorer(filters: dict[str, str]) -> Explorer:
    explorer = Explorer(QueryDict(urlencode(filters)))
    assert explorer.is_valid()
    return explorer


def sums(filters: dict[str, str]) -> dict[str, tuple[int, int]]:
    """Count and cents of each type that occurs."""
    found = explorer(filters).sums()
    assert found
    return {type: (each.count, each.amount_cents) for type, each in found.by_type.items()}


def sums_of_rows(filters: dict[str, str], amina, everything=None) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    given = {name: value for name, value in filters.items() if value}
    for row in matching(given, amina, everything):
        count, cents = found.get(row.type, (0, 0))
        found[row.type] = (count + 1, cents + row.amount_cents)
    return found


WORDS = {
    "DEPOSIT": "Deposits",
    "TRANSFER": "Transfers",
    "WITHDRAW": "Withdrawals",
    "REVERSAL": "Reversals",
}


def in_words(sums: dict[str, tuple[int, int]], *, is_one_type: bool = False) -> str:
    count = sum(count for count, _cents in sums.values())
    said = [f"{count} transactions"]
    for type, word in WORDS.items():
        if type in sums:
            said.append(f"{'' if is_one_type else word + ' '}KES {sums[type][1] / 100:,.2f}")
    return " ".join(said)


def test_totals_match_the_rows_for_every_pair_of_filters(history, amina):
    """With NIGHTLY=1, for every combination of the eight."""
    combinations = subsets(range(9) if IS_NIGHTLY else [0, 1, 2, 7, 8])
    assert len(combinations) == (256 if IS_NIGHTLY else 46)
    everything = read_all()
    wanted = [
        (filters, sums_of_rows(filters, amina, everything)) for filters in [*combinations, *QUICK]
    ]
    for filters, expected in wanted:
        assert sums(filters) == expected, filters
    assert rollups.fold_all(batch=7)
    for filters, expected in wanted:
        assert sums(filters) == expected, filters


def test_the_history_has_every_type_and_status(history, amina):
    assert {(row.type, row.status) for row in Transaction.objects.all()} == {
        ("DEPOSIT", "SUCCESS"),
        ("TRANSFER", "SUCCESS"),
        ("REVERSAL", "SUCCESS"),
        ("WITHDRAW", "SUCCESS"),
        ("WITHDRAW", "PENDING"),
        ("WITHDRAW", "FAILED"),
    }


def test_totals_by_type_and_status_scan_no_settled_transactions(history, subtests):
    for filters in QUICK:
        with subtests.test(filters=filters), CaptureQueriesContext(connection) as asked:
            sums(filters)
            assert asked.captured_queries
            for query in asked:
                sql = query["sql"]
                assert 'FROM "ledger_transaction"' not in sql or "NOT (" in sql, sql


def test_totals_that_need_no_scan_are_on_the_page(as_finance, history, amina):
    for filters in ({}, {"type": "TRANSFER"}, {"status": "FAILED"}):
        (said,) = elements(as_finance.get(URL, filters), id="totals")
        assert words(said) == in_words(sums_of_rows(filters, amina), is_one_type="type" in filters)
        assert "hx-get" not in dict(said.attributes)


def test_money_in_and_money_out_are_not_added_up(as_finance, alice, bob, finance):
    record = send(alice, bob, 100_00)
    withdraw(alice, 30_00)
    operations.reverse(Context(finance.pk, key=new_key()), transaction_id=record.pk)
    (said,) = elements(as_finance.get(URL, {"from": "2020-01-01"}), id="totals")
    url = dict(said.attributes)["hx-get"]
    whole = "4 transactions Deposits KES 1,000.00 Transfers KES 100.00 Withdrawals KES 30.00"
    for response in (
        as_finance.get(URL),
        as_finance.get(url),
        as_finance.get(url, headers=htmx("totals")),
    ):
        (said,) = elements(response, id="totals")
        assert words(said) == f"{whole} Reversals KES 100.00"
    assert dict(said.attributes)["data-say"].replace("\u00a0", " ") == (
        "4 transactions, Deposits KES 1,000.00, Transfers KES 100.00, Withdrawals KES 30.00,"
        " Reversals KES 100.00."
    )


def test_totals_that_need_a_scan_load_after_the_page(as_finance, history, amina):
    asked = {"member": "amina", "max": "10"}
    with CaptureQueriesContext(connection) as queries:
        response = as_finance.get(URL, asked | {"cursor": "NS-00000000", "density": "compact"})
    # What was taken back of each row is a sum of its few parts.
    sums = [query["sql"] for query in queries if "SUM(" in query["sql"]]
    assert all("part_of" in sql for sql in sums)
    (place,) = elements(response, id="totals")
    attributes = dict(place.attributes)
    assert attributes["hx-trigger"] == "load"
    part = as_finance.get(attributes["hx-get"], headers=htmx("totals"))
    assert is_part(part, "totals")
    assert in_words(sums_of_rows(asked, amina)) in text(part)
    assert "hx-get" not in part.text
    # Without JavaScript the same URL is a page, and the ledger links to it.
    assert f'<a href="{attributes["hx-get"].replace("&", "&amp;")}">' in response.text
    page = as_finance.get(attributes["hx-get"])
    assert is_whole_page(page)
    assert in_words(sums_of_rows(asked, amina)) in text(page)
    assert "Member: amina" in text(page)


def test_one_transaction_is_singular(as_finance, bob):
    deposit(bob, 12_34)
    assert "1 transaction Deposits KES 12.34" in text(as_finance.get(URL))
    assert "1 transaction KES 12.34" in text(as_finance.get(URL, {"type": "DEPOSIT"}))


def test_without_transactions_the_totals_are_zero(as_finance):
    for response in (as_finance.get(URL), as_finance.get(TOTALS, {"q": "x"})):
        (said,) = elements(response, id="totals")
        assert words(said) == "0 transactions"


@pytest.mark.any_engine
@pytest.mark.parametrize(
    "asked", [{"min": "x"}, {"type": "GIFT"}, {"q": "\0"}, {"to": "9999-01-01"}]
)
def test_invalid_filters_are_not_counted(as_finance, asked):
    response = as_finance.get(TOTALS, asked)
    assert response.status_code == 422
    assert "Check the filters" in text(response)
    (said,) = elements(as_finance.get(TOTALS, asked, headers=htmx("totals")), id="totals")
    assert "transactions" not in words(said)


def test_a_page_with_invalid_filters_requests_no_totals(as_finance):
    assert not elements(as_finance.get(URL, {"min": "x"}), id="totals")


def test_counting_is_one_query(as_finance, history):
    explored = explorer({"min": "2", "q": "lunch", "status": "SUCCESS"})
    with CaptureQueriesContext(connection) as asked:
        explored.sums()
    assert len(asked) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no statement timeout")
def test_a_count_that_times_out_says_so(as_finance, alice):
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        from django.db import transaction

        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE ledger_transaction IN ACCESS EXCLUSIVE MODE")
            held.set()
            done.wait(10)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert held.wait(5)
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 200")
        part = as_finance.get(TOTALS, {"min": "1"}, headers=htmx("totals"))
        page = as_finance.get(TOTALS, {"min": "1"})
    finally:
        done.set()
        holder.join()
        with connection.cursor() as cursor:
            cursor.execute("RESET statement_timeout")
    for response in (part, page):
        assert response.status_code == 503
        assert "Counting takes too long right now." in text(response)
    assert "hx-get" not in part.text


@pytest.mark.skipif(connection.vendor == "sqlite", reason="plans are PostgreSQL's")
def test_reversed_transactions_are_found_without_reading_all(alice, bob, finance):
    whole, part, _other = (send(alice, bob, 100_00) for _number in range(3))
    context = Context(finance.pk, key=new_key())
    operations.reverse(context, transaction_id=whole.pk)
    context = Context(finance.pk, key=new_key())
    operations.reverse_part(context, transaction_id=part.pk, amount_cents=1_00)
    found = Transaction.objects.reversed().order_by("-pk")[:51]
    with connection.cursor() as cursor:
        # So few rows are read faster without an index.
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = found.explain()
    assert "Seq Scan" not in plan
    # A filter that is asked of each row.
    assert "SubPlan" not in plan
    assert list(found) == [part, whole]
