"""The live feed says in words what happened, newest first, to staff who may read it."""

from __future__ import annotations

import pytest
from django.test import Client

from ledger import operations
from tests.adminpanel.support.feed import FEED, NEWS, news_url, rows
from tests.conftest import signed_in
from tests.factories import deposit, new_key, send, withdraw
from tests.ledger.support.later import end
from tests.pages import elements, find, htmx, is_whole_page, text, words
from tests.tampering import payout
from wallet.context import Context

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]


def test_the_feed_says_what_happened_newest_first(as_finance, alice, bob, finance):
    gift = send(alice, bob, 10_00, description="Lunch")
    paid_in = deposit(bob, 30_00)
    withdraw(alice, 5_00)
    payout(alice, "PENDING")
    payout(alice, "FAILED")
    for record in (gift, paid_in):
        operations.reverse(Context(finance.pk, key=new_key()), transaction_id=record.pk)
    response = as_finance.get(FEED)
    assert is_whole_page(response)
    assert rows(response) == [
        "Bob Otieno ’s deposit was reversed",
        "Alice Wanjiku ’s transfer to Bob Otieno was reversed",
        "Alice Wanjiku ’s withdrawal did not go through",
        "Alice Wanjiku asked to withdraw",
        "Alice Wanjiku withdrew",
        "Bob Otieno deposited",
        "Alice Wanjiku sent to Bob Otieno",
        "Alice Wanjiku deposited",
    ]
    assert "Lunch" in text(response)
    assert f"Reversal of {gift.reference}" in text(response)


def test_names_and_notes_are_escaped(as_finance, alice, bob):
    alice.name = "<script>alert(1)</script>"
    alice.save()
    send(alice, bob, 1_00, description="<b>note</b>")
    response = as_finance.get(FEED)
    assert "<script>alert" not in response.text
    assert "<b>note" not in response.text
    assert rows(response)[0].startswith("<script>alert(1)</script> sent to")


def test_a_payout_that_settles_later_gets_a_second_line(as_finance, alice, time_machine):
    time_machine.move_to("2026-11-25T06:00:00Z", tick=False)
    paid, failed = payout(alice, "PENDING"), payout(alice, "PENDING")
    time_machine.move_to("2026-11-25T06:38:00Z", tick=False)
    assert "Processing for 38 minutes" in text(as_finance.get(FEED))
    end(paid, "SUCCESS")
    time_machine.move_to("2026-11-25T07:00:00Z", tick=False)
    end(failed, "FAILED")
    response = as_finance.get(FEED)
    assert rows(response) == [
        "Alice Wanjiku ’s withdrawal did not go through",
        "Alice Wanjiku ’s withdrawal was paid",
        "Alice Wanjiku asked to withdraw",
        "Alice Wanjiku asked to withdraw",
        "Alice Wanjiku deposited",
    ]
    assert "Complete after 38 minutes" in text(response)
    assert [words(time) for time in elements(response, "time")][:2] == ["10:00:00", "09:38:00"]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"type": "DEPOSIT"}, ["Bob Otieno deposited", "Alice Wanjiku deposited"]),
        ({"status": "PENDING"}, ["Alice Wanjiku asked to withdraw"]),
        ({"status": "SUCCESS", "type": "TRANSFER"}, ["Alice Wanjiku sent to Bob Otieno"]),
        ({"status": "FAILED"}, []),
        ({"type": "REVERSAL"}, []),
        ({"type": "WITHDRAW", "status": ""}, ["Alice Wanjiku asked to withdraw"]),
    ],
)
def test_the_feed_filters_by_type_and_status(as_finance, activity, query, shown):
    response = as_finance.get(FEED, query)
    assert rows(response) == shown
    if not shown:
        assert "No activity matches" in text(response)


def test_the_feed_can_show_reversals_only(as_finance, alice, bob, finance):
    record = send(alice, bob, 1_00)
    operations.reverse(Context(finance.pk, key=new_key()), transaction_id=record.pk)
    (pick,) = elements(as_finance.get(FEED), "nav", **{"aria-label": "Type"})
    (link,) = [link for link in find(pick, "a") if words(link) == "Reversal"]
    response = as_finance.get(FEED + dict(link.attributes)["href"])
    assert rows(response) == ["Alice Wanjiku ’s transfer to Bob Otieno was reversed"]
    (now,) = [
        words(link) for link in elements(response, "a", **{"aria-current": "true"})
        if words(link) == "Reversal"
    ]  # fmt: skip
    assert now


@pytest.mark.parametrize(
    "query", [{"type": "GIFT"}, {"status": "\0"}, {"type": "x" * 5000}, {"status": "success"}]
)
def test_an_unknown_filter_is_refused(as_finance, activity, query):
    response = as_finance.get(FEED, query)
    assert response.status_code == 422
    assert "Unknown type or status" in text(response)
    assert rows(response) == []
    assert as_finance.get(NEWS, query).status_code == 404


def test_the_feed_shows_one_page_at_most(as_finance, alice, bob, settings):
    settings.PAGE_SIZE_PANEL = 3
    for _ in range(5):
        send(alice, bob, 1_00)
    assert len(rows(as_finance.get(FEED))) == 3


def test_an_empty_feed_says_so(as_finance):
    response = as_finance.get(FEED)
    assert "No transactions yet" in text(response)
    assert as_finance.get(news_url(response)).status_code == 204


def test_the_number_of_queries_does_not_grow_with_the_history(
    as_finance, activity, alice, bob, django_assert_max_num_queries, django_assert_num_queries
):
    as_finance.get(FEED)
    with django_assert_max_num_queries(13) as queries:
        as_finance.get(FEED)
    for _ in range(60):
        send(alice, bob, 1)
    with django_assert_num_queries(len(queries)):
        as_finance.get(FEED)


def test_auditors_see_the_feed_and_strangers_do_not(alice, bob, auditor, operator):
    record = send(alice, bob, 1_00)
    for url in (FEED, NEWS):
        assert signed_in(auditor).get(url).status_code == 200
        for user in (alice, operator):
            for headers in (None, htmx("feed"), htmx("news")):
                response = signed_in(user).get(url, headers=headers)
                assert response.status_code == 403
                assert record.reference not in response.text
        part = Client().get(url, headers=htmx("news"))
        assert part.headers["HX-Redirect"] == f"/accounts/login/?next={url}"
