"""Payments on a rail in the ledger: by the day they settled, in each state, in the export; and in
the live feed."""

from __future__ import annotations

import pytest

from ledger import operations
from ledger.models import Transaction
from ledger.payouts import operations as payouts
from ledger.payouts import worker
from tests.adminpanel.support.feed import FEED
from tests.adminpanel.support.feed import rows as news
from tests.adminpanel.support.payouts import order, without_answer
from tests.adminpanel.test_ledger_export import export
from tests.factories import deposit, send
from tests.ledger.support.later import end, waiting_withdrawal
from tests.ledger.support.payouts import decide, sent
from tests.pages import elements, text, words
from wallet.context import Context

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

URL = "/panel/ledger/"


def listed(client, **filters: str) -> list[str]:
    response = client.get(URL, {name.rstrip("_"): value for name, value in filters.items()})
    assert response.status_code == 200
    return [words(link) for link in elements(response, "td", class_="ref")]


@pytest.fixture
def over_midnight(bob, time_machine) -> dict[str, Transaction]:
    """In Nairobi, the 21st begins at 21:00 UTC on the 20th."""
    time_machine.move_to("2026-11-20T20:50:00Z", tick=False)
    made = {"before": deposit(bob, 900_00)}
    made["later"] = waiting_withdrawal(bob, 100_00)
    made["open"] = waiting_withdrawal(bob, 50_00)
    time_machine.move_to("2026-11-20T21:10:00Z", tick=False)
    made["after"] = deposit(bob, 7_50)
    end(made["later"], "SUCCESS")
    time_machine.move_to("2026-11-22T09:00:00Z", tick=False)
    return made


def test_dates_are_of_the_order_or_of_the_settlement(over_midnight, as_finance):
    def names(**filters: str) -> list[str]:
        by_reference = {record.reference: name for name, record in over_midnight.items()}
        return [by_reference[reference] for reference in listed(as_finance, **filters)]

    day = {"from_": "2026-11-20", "to": "2026-11-20"}
    next_day = {"from_": "2026-11-21", "to": "2026-11-21"}
    assert names(**day) == ["open", "later", "before"]
    assert names(**next_day) == ["after"]
    assert names(**day, by="settled") == ["before"]
    assert names(**next_day, by="settled") == ["after", "later"]
    assert names(from_="2026-11-21", by="settled") == ["after", "later"]
    assert names(to="2026-11-20", by="settled") == ["before"]
    assert names(by="settled") == ["after", "later", "before"]
    found = export(as_finance, **next_day, by="settled")
    assert [row["settled_at"] for row in found] == ["2026-11-21 00:10:00"] * 2


def test_the_page_says_which_dates_it_means(over_midnight, as_finance):
    plain = as_finance.get(URL)
    assert "Dates are when a transaction" not in text(plain)
    ordered = as_finance.get(URL, {"from": "2026-11-20"})
    assert "Dates are when a transaction was ordered." in text(ordered)
    settled = as_finance.get(URL, {"from": "2026-11-20", "by": "settled"})
    assert "Dates are when a transaction settled, as in the books." in text(settled)
    assert "Settled" in [words(one) for one in elements(settled, "th", role="columnheader")]
    assert "Dates: When settled" in text(settled)
    wrong = as_finance.get(URL, {"by": "x"})
    assert wrong.status_code == 422


def test_the_overviews_day_equals_the_ledgers_by_settlement(over_midnight, as_finance):
    """A day counts by the time of its entries."""
    query = {"from": "2026-11-21", "to": "2026-11-21", "by": "settled", "status": "SUCCESS"}
    sums = text(as_finance.get(f"{URL}totals/", query))
    assert "2 transactions Deposits KES 7.50 Withdrawals KES 100.00" in sums


def test_each_state_of_a_payment_is_a_filter_and_is_exported(
    alice, bob, rail, approval_for_every_payout, settings, wambui, as_finance
):
    held, refused = order(alice, 1_00), order(alice, 2_00)
    decide(payouts.refuse, wambui, refused)
    unknown = without_answer(rail, alice, settings, 3_00)
    rail.script = lambda call, reference: "instant"
    paid = sent(alice, 4_00)
    rail.fails = lambda reference: True
    failed = sent(alice, 5_00)
    rail.script = lambda call, reference: ""
    way = sent(alice, 6_00)
    ready = order(alice, 7_00)
    send(alice, bob, 1_00)
    wanted = {
        "HELD": [held],
        "UNKNOWN": [unknown],
        "SENT": [way],
        "READY": [ready],
        "SENDING": [],
        "CANCELLED": [refused],
        "FAILED": [failed, refused],
    }
    for status, attempts in wanted.items():
        references = [one.transaction.reference for one in attempts]
        assert listed(as_finance, status=status) == references, status
        sums = as_finance.get(f"{URL}totals/", {"status": status})
        assert f"{len(references)} transaction" in text(sums)
    (row,) = export(as_finance, status="CANCELLED")
    assert (row["rail"], row["receipt"]) == ("paya", "")
    assert (row["failure_code"], row["failure"]) == ("refused", "As agreed")
    (row,) = export(as_finance, q=f"R1-{paid.reference}")
    assert (row["receipt"], row["failure_code"]) == (f"R1-{paid.reference}", "")
    column = as_finance.get(URL, {"columns": ["receipt"], "type": "WITHDRAW"})
    cells = [words(cell) for cell in elements(column, "td", class_="receipt")]
    assert cells == ["–", "–", "–", f"R1-{paid.reference}", "–", "–", "–"]


def test_the_feed_tells_orders_settlements_and_failures_apart(alice, rail, settings, as_finance):
    settings.APPROVE_ONE_ABOVE_CENTS = 10**9
    settled, failed, cancelled = (order(alice, cents) for cents in (1_00, 2_00, 3_00))
    payouts.cancel(Context(alice.pk), transaction_id=cancelled.transaction_id)
    rail.fails = lambda reference: reference == failed.reference
    rail.script = lambda call, reference: "instant"
    worker.do_due()
    asked = "Alice Wanjiku asked to withdraw"
    assert news(as_finance.get(FEED)) == [
        "Alice Wanjiku ’s withdrawal did not go through",
        "Alice Wanjiku ’s withdrawal was paid",
        "Alice Wanjiku ’s withdrawal did not go through",
        *[asked] * 3,
        "Alice Wanjiku deposited",
    ]
    assert operations.settle(transaction_id=settled.transaction_id).is_replay
