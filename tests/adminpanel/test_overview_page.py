"""The overview shows the totals of the system, and they match the books."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from adminpanel.models import CheckResult, CheckRun, Incident, ReversalProposal
from adminpanel.overview import totals
from adminpanel.proposal_guards import PROPOSALS
from ledger import guards, operations, rollups
from ledger.models import Entry, Transaction
from tests.conftest import signed_in
from tests.factories import UserFactory, deposit, new_key, send, withdraw
from tests.pages import elements, find, htmx, is_part, is_whole_page, text, words
from tests.tampering import payout
from wallet.context import Context
from wallet.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("living_worker")]

URL = "/panel/"


def reverse(record: Transaction, actor: User) -> Transaction:
    return operations.reverse(Context(actor.pk, key=new_key()), transaction_id=record.pk)


@pytest.fixture
def history(alice, bob, carol, finance):
    """Alice's fixture has deposited KES 1,000.00 already. Each payout is KES 20.00."""
    deposit(bob, 500_50)
    send(alice, bob, 200_00)
    gift = send(bob, carol, 100_25)
    withdraw(alice, 50_00)
    payout(bob, "PENDING")
    payout(carol, "FAILED")
    reverse(gift, finance)


def tiles(response) -> dict[str, str]:
    """Each tile's text by its label."""
    shown = {}
    for tile in elements(response, class_="tile"):
        (label,) = find(tile, "span", class_="label")
        (figure,) = find(tile, "strong")
        said = [words(delta) for delta in find(tile, "span", class_="delta")]
        shown[words(label)] = f"{words(figure)} {said[0]}"
        assert "s of " in said[-1]
    return shown


def attention(response) -> list[tuple[str, str]]:
    """(text, url) of each line that needs attention."""
    return [
        (words(line), dict(next(find(line, "a")).attributes)["href"])
        for box in elements(response, "ul", class_="attention")
        for line in find(box, "li")
    ]


def test_the_totals_match_the_books(history, as_finance):
    response = as_finance.get(URL)
    assert is_whole_page(response)
    # Alice holds 750.00, Bob 680.50 after his pending payout, and Carol nothing.
    shown = tiles(response)
    assert shown.pop("Value in wallets").startswith("KES 1,430.50 As of ")
    assert shown == {
        "Users": f"{User.objects.count()} Including staff",
        "Deposits": "1,500.50 2 deposits",
        "Transfers": "300.25 2 transfers",
        "Withdrawals": "50.00 1 withdrawal",
        "Reversals": "100.25 1 reversal",
        "Processing": "20.00 1 transaction",
    }


@pytest.mark.parametrize("query", ["", "?period=month"])
def test_every_tile_links_to_its_list(history, as_finance, query):
    for tile in elements(as_finance.get(URL + query), "a", class_="tile"):
        assert as_finance.get(dict(tile.attributes)["href"]).status_code == 200


def test_the_summary_has_every_total(history):
    UserFactory()
    found = totals.summary()
    assert found.total_users == User.objects.count()
    assert found.total_value_cents == 1_430_50
    assert (found.volumes["DEPOSIT"].count, found.volumes["DEPOSIT"].amount_cents) == (2, 1_500_50)
    assert (found.volumes["TRANSFER"].count, found.volumes["TRANSFER"].amount_cents) == (2, 300_25)
    assert (found.volumes["WITHDRAW"].count, found.volumes["WITHDRAW"].amount_cents) == (1, 50_00)
    assert (found.volumes["REVERSAL"].count, found.volumes["REVERSAL"].amount_cents) == (1, 100_25)
    assert (found.pending.count, found.pending.amount_cents) == (1, 20_00)


@pytest.mark.django_db(transaction=True)
def test_folding_entries_does_not_change_the_page(history, as_finance, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    before = without_tokens(as_finance.get(URL).text)
    rollups.fold_all(batch=3)
    after = without_tokens(as_finance.get(URL).text)
    assert before == after
    assert "1,430.50" in after


def without_tokens(page: str) -> str:
    """The page without its CSRF tokens, which differ on every request."""
    return re.sub(r"[A-Za-z0-9]{64}", "", page)


def test_nothing_needs_attention_when_all_is_settled(alice, bob, as_finance):
    send(alice, bob, 1_00)
    said = text(as_finance.get(URL))
    assert "Nothing needs attention. The books haven't been checked yet." in said
    at = timezone.now()
    CheckRun.objects.create(started_at=at, finished_at=at)
    CheckRun.objects.create(started_at=at)
    last = timezone.localtime(at).strftime("%-d %b, %H:%M")
    assert f"Nothing needs attention. Last check of the books {last}." in text(as_finance.get(URL))


def test_a_pending_payout_needs_attention(alice, as_finance):
    record = payout(alice, "PENDING")
    age_by(record, timedelta(minutes=38))
    response = as_finance.get(URL)
    assert "Nothing needs attention." not in text(response)
    assert attention(response) == [
        (
            "Processing 1 transaction is waiting for its rail KES 20.00 · oldest 38 minutes",
            "/panel/ledger/?status=PENDING",
        )
    ]


def age_by(record: Transaction, age: timedelta) -> None:
    guards.remove(connection)
    Transaction.objects.filter(pk=record.pk).update(created_at=record.created_at - age)
    guards.install(connection)


def test_reversals_that_wait_for_a_second_person_need_attention(alice, bob, wambui, as_finance):
    for cents in (10_00, 25_50):
        proposal = ReversalProposal.objects.create(
            amount_cents=cents,
            transaction=send(alice, bob, cents),
            reason="Sent twice",
            proposed_by=wambui,
        )
        age = timedelta(hours=3, seconds=cents)
        PROPOSALS.remove(connection)
        ReversalProposal.objects.filter(pk=proposal.pk).update(proposed_at=timezone.now() - age)
        PROPOSALS.install(connection)
    ReversalProposal.objects.create(
        amount_cents=1_00,
        transaction=send(alice, bob, 99_00),
        reason="Not mine",
        proposed_by=wambui,
        state="WITHDRAWN",
        decided_by=wambui,
        decided_at=timezone.now(),
    )
    ((said, url),) = attention(as_finance.get(URL))
    assert "2 reversals need approval KES 35.50 · oldest 3 hours" in said
    assert url == "/panel/reversals/"


def test_open_incidents_need_attention_the_most_severe_first(as_finance):
    now = timezone.now()
    for severity, state in [
        ("LOW", "OPEN"),
        ("MEDIUM", "IN_REVIEW"),
        ("HIGH", "OPEN"),
        ("HIGH", "IN_REVIEW"),
    ]:
        Incident.objects.create(title="Odd", severity=severity, state=state)
    Incident.objects.create(
        title="Done", severity="HIGH", state="RESOLVED", resolution="Nothing", resolved_at=now
    )
    Incident.objects.filter(severity="HIGH").update(opened_at=now - timedelta(days=2))
    lines = attention(as_finance.get(URL))
    assert [url for _said, url in lines] == [
        f"/panel/incidents/?severity={severity}" for severity in ("HIGH", "MEDIUM", "LOW")
    ]
    assert lines[0][0] == "High 2 open incidents oldest 2 days"
    assert lines[2][0].startswith("Low 1 open incident")


def test_checks_that_failed_need_attention(as_finance):
    at = timezone.now()
    run = CheckRun.objects.create(started_at=at, finished_at=at)
    CheckResult.objects.create(run=run, check_name="sums", finished_at=at, duration_ms=1, found=2)
    CheckResult.objects.create(run=run, check_name="total", finished_at=at, duration_ms=1, found=0)
    assert attention(as_finance.get(URL)) == [
        ("Checks 1 check of the books failed Sum of each transaction", "/panel/integrity/")
    ]


def test_the_books_sum_to_zero(alice, bob, as_finance):
    deposit(bob, 500_50)
    withdraw(alice, 50_00)
    payout(alice, "PENDING")
    rows = {row.name: row.cents for row in totals.books()}
    assert sum(rows.values()) == 0
    assert rows["Owed to members"] == -(930_00 + 500_50)
    assert rows["Float at the simulated rail"] == 1_450_50
    assert rows["Payouts in transit"] == -20_00
    assert (rows["Suspense"], rows["Adjustments"]) == (0, 0)
    response = as_finance.get(URL)
    (books,) = elements(response, "section", id="books")
    assert "In balance" in words(books)
    assert "Debits minus credits: assets are positive, debts are negative." in words(books)
    assert "Assets − liabilities = 0.00" in words(books)
    for link in find(books, "a"):
        assert as_finance.get(dict(link.attributes)["href"]).status_code == 200


def test_books_out_of_balance_raise_an_alarm(alice, as_finance):
    guards.remove(connection)
    Entry.objects.filter(account__gt=0).update(amount_cents=999_99)
    guards.install(connection)
    response = as_finance.get(URL)
    assert "Out of balance: stop payouts and call the engineer on duty" in text(response)
    assert attention(response) == [
        ("Books Assets and liabilities differ KES 0.01", "/panel/accounts/")
    ]


def test_the_latest_ten_are_shown(alice, bob, as_finance):
    records = [send(alice, bob, 1_00) for _ in range(12)]
    shown = [words(link) for link in elements(as_finance.get(URL), "a", class_="reference")]
    assert shown == [record.reference for record in reversed(records)][:10]


def test_htmx_gets_only_the_latest_transactions_and_no_totals(
    alice, as_finance, django_assert_max_num_queries
):
    as_finance.get(URL)
    with django_assert_max_num_queries(4):
        response = as_finance.get(URL, headers=htmx("latest"))
    assert is_part(response, "latest")
    assert "1,000.00" in text(response)


def test_the_latest_transactions_refresh_unless_the_reader_is_using_them(as_finance):
    for headers in (None, htmx("latest")):
        (latest,) = elements(as_finance.get(URL, headers=headers), "section", id="latest")
        asks = dict(latest.attributes)
        assert (asks["hx-get"], asks["hx-trigger"]) == (URL, "every 10s")
        assert {"data-poll", "data-hold"} <= set(asks)


def test_auditors_read_the_overview_and_strangers_do_not(alice, auditor, operator):
    deposit(alice, 123_45)
    assert "1,123.45" in signed_in(auditor).get(URL).text
    for user in (alice, operator):
        for headers in (None, htmx("trends"), htmx("latest")):
            response = signed_in(user).get(URL, {"by": "count"}, headers=headers)
            assert response.status_code == 403
            assert "1,123.45" not in response.text


@pytest.mark.parametrize("by", ["", "kes", "\0", "x" * 5000, "VALUE"])
def test_an_unknown_chart_measure_is_refused(as_finance, by):
    response = as_finance.get(URL, {"by": by})
    assert response.status_code == 422
    assert "The charts show counts or KES." in text(response)


def test_the_number_of_queries_does_not_grow_with_the_history(
    alice, bob, as_finance, django_assert_num_queries, django_assert_max_num_queries
):
    def grow() -> None:
        for _ in range(30):
            send(alice, bob, 1)
            Incident.objects.create(title="Odd", severity="LOW")
        payout(alice, "PENDING")

    as_finance.get(URL)
    grow()
    with django_assert_max_num_queries(27) as queries:
        as_finance.get(URL)
    grow()
    with django_assert_num_queries(len(queries)):
        as_finance.get(URL)
