"""The panel's list of payouts: its tabs, rows, counts and pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from ledger.models import Attempt
from ledger.payouts import operations, worker
from tests.adminpanel.support.payouts import (
    LIST,
    REASON,
    fund,
    listed,
    order,
    references,
    url,
    without_answer,
)
from tests.conftest import signed_in
from tests.factories import UserFactory, deposit, send, withdraw
from tests.ledger.support.payouts import by, decide, sent
from tests.pages import elements, find, is_whole_page, text, words

pytestmark = [
    pytest.mark.any_engine,
    pytest.mark.django_db,
    pytest.mark.usefixtures("approval_for_every_payout"),
]

TABS = ["approve", "sending", "unknown", "failed", "paid"]


def tabs(response) -> dict[str, str]:
    """The count of each tab, by its label."""
    (nav,) = elements(response, "nav", **{"aria-label": "Which payouts"})
    links = [words(link) for link in nav.children if not isinstance(link, str)]
    return dict(link.rsplit(" ", 1) for link in links)


def count_in_navigation(client) -> str:
    (link,) = elements(client.get("/panel/audit/"), "a", href=LIST)
    return words(link)


@pytest.fixture
def each_state(alice, rail, settings, wambui) -> dict[str, list[Attempt]]:
    """Payouts of each tab, in the order in which they were made."""
    fund(alice)
    refused, approved = order(alice, 11_00), order(alice, 12_00)
    decide(operations.refuse, wambui, refused)
    paid, failed = order(alice, 13_00), order(alice, 14_00)
    for attempt in (paid, failed):
        decide(operations.approve, wambui, attempt)
    rail.fails = lambda reference: reference == failed.reference
    rail.script = lambda call, reference: "instant"
    worker.do_due()
    decide(operations.approve, wambui, approved)
    held = [order(alice, 15_00), order(alice, 16_00)]
    rail.script = lambda call, reference: "lost"
    settings.APPROVE_ONE_ABOVE_CENTS = 10**9
    Attempt.objects.filter(pk=approved.pk).update(next_look_at=timezone.now() + timedelta(hours=1))
    unknown = sent(alice, 17_00)
    settings.APPROVE_ONE_ABOVE_CENTS = 0
    return {
        "approve": held,
        "sending": [approved],
        "unknown": [unknown],
        "failed": [refused, failed],
        "paid": [paid],
    }


def test_each_tab_shows_its_payouts_in_its_order(each_state, as_wambui):
    for tab, attempts in each_state.items():
        response = as_wambui.get(LIST, {"tab": tab})
        assert is_whole_page(response)
        newest_first = tab in ("failed", "paid")
        expected = references(*attempts)
        assert listed(response) == (expected[::-1] if newest_first else expected), tab
        assert tabs(response) == {
            "To approve": "2",
            "On the way": "1",
            "Unknown": "1",
            "Failed": "2",
            "Paid": "1",
        }


def test_a_row_says_what_is_needed_to_decide(each_state, as_wambui, alice):
    page = text(as_wambui.get(LIST))
    assert "2 payouts, KES 31.00" in page
    assert "Alice Wanjiku" in page
    assert f"0{alice.phone[4:7]} *** {alice.phone[-3:]}" in page
    assert alice.phone not in page
    assert "15.00 0 of 1 Every payout needs approval" in page
    assert "under a minute" in page
    failed = text(as_wambui.get(LIST, {"tab": "failed"}))
    assert "Refused As agreed" in failed
    assert "Failed Refused" in failed
    assert "R1-NSP-" in text(as_wambui.get(LIST, {"tab": "paid"}))
    assert "0 of 2 people" in text(as_wambui.get(LIST, {"tab": "unknown"}))
    assert "Approved" in text(as_wambui.get(LIST, {"tab": "sending"}))


def test_without_payouts_each_tab_says_so(as_wambui):
    said = [text(as_wambui.get(LIST, {"tab": tab})) for tab in TABS]
    for page, words_ in zip(
        said,
        [
            "No payouts need approval",
            "No payouts are on the way",
            "We know the outcome of every payout",
            "No payouts failed",
            "No payouts yet",
        ],
        strict=True,
    ):
        assert words_ in page


def test_only_payouts_are_listed(alice, bob, rail, as_wambui):
    sent(alice, 10_00, move=deposit)
    send(alice, bob, 10_00)
    for tab in TABS:
        assert listed(as_wambui.get(LIST, {"tab": tab})) == []


def test_an_unknown_tab_is_the_first(held, as_wambui):
    for tab in ("x", "\0", "APPROVE", ""):
        assert listed(as_wambui.get(LIST, {"tab": tab})) == references(held)


def test_a_long_list_has_pages(alice, rail, as_wambui, settings):
    settings.PAGE_SIZE_PANEL = 2
    expected = references(*(order(alice, cents) for cents in (1_00, 2_00, 3_00)))
    first = as_wambui.get(LIST)
    assert listed(first) == expected[:2]
    (following,) = [link for link in elements(first, "a") if words(link) == "Next page"]
    second = as_wambui.get(dict(following.attributes)["href"])
    assert listed(second) == expected[2:]
    assert "Next page" not in text(second)
    assert "First page" in text(second)


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 30, "\0", "١"])
def test_an_invalid_cursor_shows_nothing(held, as_wambui, cursor):
    response = as_wambui.get(LIST, {"cursor": cursor})
    assert (response.status_code, listed(response)) == (200, [])


def test_only_finance_and_auditors_read_the_list(held, alice, wambui, auditor, operator):
    for reader in (wambui, auditor):
        assert listed(signed_in(reader).get(LIST)) == references(held)
    for other in (alice, operator):
        assert signed_in(other).get(LIST).status_code == 403


def test_the_navigation_counts_what_waits_for_the_reader(
    alice, rail, settings, wambui, joseph, auditor
):
    one, own = order(alice), order(fund(wambui))
    assert count_in_navigation(signed_in(wambui)) == "Payouts 1 waiting"
    assert count_in_navigation(signed_in(joseph)) == "Payouts 2 waiting"
    assert count_in_navigation(signed_in(auditor)) == "Payouts 2 waiting"
    settings.APPROVE_TWO_ABOVE_CENTS = 0
    two = order(alice)
    decide(operations.approve, joseph, two)
    assert count_in_navigation(signed_in(wambui)) == "Payouts 2 waiting"
    decide(operations.approve, wambui, one)
    decide(operations.approve, wambui, two)
    assert count_in_navigation(signed_in(wambui)) == "Payouts"
    decide(operations.approve, joseph, own)
    assert count_in_navigation(signed_in(joseph)) == "Payouts"


def test_an_unknown_outcome_waits_for_those_who_have_not_judged_it(unknown, wambui, joseph):
    assert count_in_navigation(signed_in(joseph)) == "Payouts", "a worker still asks about it"
    Attempt.objects.filter(pk=unknown.pk).update(next_look_at=None)
    operations.resolve(by(wambui), attempt_id=unknown.pk, outcome="not_paid", evidence=REASON)
    assert count_in_navigation(signed_in(wambui)) == "Payouts"
    assert count_in_navigation(signed_in(joseph)) == "Payouts 1 waiting"
    row = text(signed_in(wambui).get(LIST, {"tab": "unknown"}))
    assert "1 of 2 people You did" in row


def test_more_payouts_do_not_need_more_queries(
    alice, rail, settings, as_wambui, django_assert_num_queries, django_assert_max_num_queries
):
    order(alice, 1_00)
    without_answer(rail, alice, settings, 1_00)
    few = {}
    for tab in TABS:
        with django_assert_max_num_queries(20) as queries:
            as_wambui.get(LIST, {"tab": tab})
        few[tab] = len(queries)
    settings.APPROVE_ONE_ABOVE_CENTS = 0
    for _ in range(6):
        other = UserFactory()
        order(fund(other), 1_00)
        order(alice, 1_00)
    for tab in TABS:
        with django_assert_num_queries(few[tab]):
            as_wambui.get(LIST, {"tab": tab})


def test_the_overview_counts_what_waits(held, as_wambui, living_worker):
    (line,) = [
        words(link)
        for box in elements(as_wambui.get("/panel/"), "ul", class_="attention")
        for link in find(box, "a", href=LIST)
    ]
    assert line == "1 payout waits for a decision"


def test_the_transactions_page_leads_to_its_payout(held, as_wambui, alice, bob):
    def links(record) -> set[str]:
        page = as_wambui.get(f"/panel/transactions/{record.reference}/")
        return {dict(link.attributes)["href"] for link in elements(page, "a")}

    assert url(held) in links(held.transaction)
    assert not {link for link in links(send(alice, bob, 1_00)) if link.startswith(f"{LIST}NS")}


def test_an_instant_withdrawal_is_no_payout_to_follow(alice, settings, as_wambui):
    settings.APPROVE_ONE_ABOVE_CENTS = 10**9
    record = withdraw(alice, 1_00)
    assert as_wambui.get(f"{LIST}{record.reference}/").status_code == 404
    assert listed(as_wambui.get(LIST, {"tab": "paid"})) == []
