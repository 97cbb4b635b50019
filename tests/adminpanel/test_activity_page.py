"""The live feed stands still, says how much is new, and tells what happened in words."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from ledger import guards, operations
from ledger.models import Transaction
from tests.conftest import signed_in
from tests.factories import deposit, new_key, send, withdraw
from tests.pages import elements, find, htmx, is_part, is_whole_page, text, words
from tests.tampering import payout

pytestmark = pytest.mark.django_db

FEED = "/panel/activity/"
NEWS = "/panel/activity/news/"


@pytest.fixture
def client(finance) -> Client:
    return signed_in(finance)


@pytest.fixture
def history(alice, bob):
    send(alice, bob, 10_00, description="one")
    payout(alice, "PENDING")
    deposit(bob, 30_00, description="three")


def rows(response) -> list[str]:
    """What each line says, the first one first."""
    return [words(line) for line in elements(response, "a", class_="what")]


def news_url(response) -> str:
    (news,) = elements(response, "div", id="news")
    return dict(news.attributes)["hx-get"]


def fresh_url(response) -> str:
    (show,) = elements(response, "a", id="news-show")
    return dict(show.attributes)["href"]


def settle(record: Transaction, status: str) -> None:
    """What a rail that answers later does to a payout; its entries don't matter to the feed."""
    guards.remove(connection)
    Transaction.objects.filter(pk=record.pk).update(status=status, settled_at=timezone.now())
    guards.install(connection)


def test_it_tells_what_happened_newest_first(client, alice, bob, finance):
    gift = send(alice, bob, 10_00, description="Lunch")
    paid_in = deposit(bob, 30_00)
    withdraw(alice, 5_00)
    payout(alice, "PENDING")
    payout(alice, "FAILED")
    for record in (gift, paid_in):
        operations.reverse(actor_id=finance.pk, transaction_id=record.pk, key=new_key())
    response = client.get(FEED)
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


def test_a_name_is_text_and_nothing_else(client, alice, bob):
    alice.name = "<script>alert(1)</script>"
    alice.save()
    send(alice, bob, 1_00, description="<b>note</b>")
    response = client.get(FEED)
    assert "<script>alert" not in response.text
    assert "<b>note" not in response.text
    assert rows(response)[0].startswith("<script>alert(1)</script> sent to")


def test_a_payout_that_settles_later_is_a_line_of_its_own(client, alice, time_machine):
    time_machine.move_to("2026-11-25T06:00:00Z", tick=False)
    paid, failed = payout(alice, "PENDING"), payout(alice, "PENDING")
    time_machine.move_to("2026-11-25T06:38:00Z", tick=False)
    assert "Processing for 38 minutes" in text(client.get(FEED))
    settle(paid, "SUCCESS")
    time_machine.move_to("2026-11-25T07:00:00Z", tick=False)
    settle(failed, "FAILED")
    response = client.get(FEED)
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
def test_it_narrows_by_type_and_status(client, history, query, shown):
    response = client.get(FEED, query)
    assert rows(response) == shown
    if not shown:
        assert "No activity matches" in text(response)


def test_reversals_can_be_picked(client, alice, bob, finance):
    record = send(alice, bob, 1_00)
    operations.reverse(actor_id=finance.pk, transaction_id=record.pk, key=new_key())
    (pick,) = elements(client.get(FEED), "nav", **{"aria-label": "Type"})
    (link,) = [link for link in find(pick, "a") if words(link) == "Reversal"]
    response = client.get(FEED + dict(link.attributes)["href"])
    assert rows(response) == ["Alice Wanjiku ’s transfer to Bob Otieno was reversed"]
    (now,) = [
        words(link) for link in elements(response, "a", **{"aria-current": "true"})
        if words(link) == "Reversal"
    ]  # fmt: skip
    assert now


@pytest.mark.parametrize(
    "query", [{"type": "GIFT"}, {"status": "\0"}, {"type": "x" * 5000}, {"status": "success"}]
)
def test_what_is_no_filter_is_said(client, history, query):
    response = client.get(FEED, query)
    assert response.status_code == 422
    assert "There is no such type or status" in text(response)
    assert rows(response) == []
    assert client.get(NEWS, query).status_code == 404


def test_it_holds_no_more_than_a_page(client, alice, bob, settings):
    settings.PAGE_SIZE_PANEL = 3
    for _ in range(5):
        send(alice, bob, 1_00)
    assert len(rows(client.get(FEED))) == 3


def test_an_empty_one_says_so(client):
    response = client.get(FEED)
    assert "Nothing has moved yet" in text(response)
    assert client.get(news_url(response)).status_code == 204


# --- What is new ---------------------------------------------------------------------------------


def test_nothing_new_is_no_answer(client, history):
    assert client.get(news_url(client.get(FEED))).status_code == 204


def test_news_are_counted_and_not_shown(client, history, alice, bob):
    page = client.get(FEED)
    for _ in range(2):
        send(alice, bob, 1_00, description="Secret until asked for")
    response = client.get(news_url(page), headers=htmx("news"))
    assert is_part(response, "news")
    assert text(response) == "Show 2 new"
    assert dict(elements(response, "div", id="news")[0].attributes)["data-say"] == "2 new"
    # Asked again, there is nothing more to tell until there is more.
    assert client.get(news_url(response)).status_code == 204
    send(alice, bob, 1_00)
    again = client.get(news_url(response))
    assert text(again) == "Show 3 new"
    assert "data-say" not in dict(elements(again, "div", id="news")[0].attributes)


def test_showing_them_marks_them(client, history, alice, bob):
    page = client.get(FEED)
    send(alice, bob, 1_00, description="fresh")
    shown = client.get(fresh_url(client.get(news_url(page))), headers=htmx("feed"))
    assert is_part(shown, "feed")
    (line,) = elements(shown, "li", class_="fresh")
    assert "New" in words(line)
    assert "fresh" in words(line)
    assert len(rows(shown)) == 5
    (feed,) = elements(shown, "section", id="feed")
    assert dict(feed.attributes)["data-say"] == "1 new line is on top."
    assert client.get(news_url(shown)).status_code == 204
    # Picking another type or pausing begins anew.
    for link in elements(shown, "a", id="feed-pause"):
        assert "after=" not in dict(link.attributes)["href"]


def test_a_payout_that_settles_is_news(client, alice, time_machine):
    time_machine.move_to("2026-11-25T06:00:00Z", tick=False)
    record, other = payout(alice, "PENDING"), payout(alice, "PENDING")
    page = client.get(FEED)
    time_machine.move_to("2026-11-25T06:10:00Z", tick=False)
    settle(record, "SUCCESS")
    told = client.get(news_url(page))
    assert text(told) == "Show 1 new"
    shown = client.get(fresh_url(told))
    assert [words(line).split(" New ")[0] for line in elements(shown, "li", class_="fresh")] == [
        "Alice Wanjiku ’s withdrawal was paid KES 20.00"
    ]
    assert client.get(news_url(shown)).status_code == 204
    time_machine.move_to("2026-11-25T06:20:00Z", tick=False)
    settle(other, "FAILED")
    assert text(client.get(news_url(shown))) == "Show 1 new"
    assert client.get(news_url(client.get(FEED))).status_code == 204


def test_news_are_those_that_match(client, history, alice, bob):
    page = client.get(FEED, {"type": "DEPOSIT"})
    send(alice, bob, 1_00)
    assert client.get(news_url(page)).status_code == 204
    deposit(bob, 1_00)
    told = client.get(news_url(page))
    assert text(told) == "Show 1 new"
    assert rows(client.get(fresh_url(told))) == ["Bob Otieno deposited"] * 2 + [
        "Alice Wanjiku deposited"
    ]


def test_a_first_transaction_is_news(client, bob):
    page = client.get(FEED)
    deposit(bob, 1_00)
    assert text(client.get(news_url(page))) == "Show 1 new"


def test_the_count_is_bounded(client, alice, bob):
    page = client.get(FEED)
    for _ in range(51):
        send(alice, bob, 1)
    told = client.get(news_url(page))
    assert text(told) == "Show 50+ new"
    send(alice, bob, 1)
    assert client.get(news_url(told)).status_code == 204


@pytest.mark.parametrize("name", ["after", "changed", "told"])
@pytest.mark.parametrize("value", ["NS-00000000", "x", "\0", "%00", "-1", "9" * 5000, ""])
def test_odd_addresses_are_answered(client, history, name, value):
    for url in (FEED, NEWS):
        assert client.get(url, {name: value}).status_code in (200, 204)


def test_a_paused_one_asks_nothing_and_says_so(client, history):
    response = client.get(FEED, {"pause": "1", "type": "DEPOSIT"})
    assert "Paused at" in text(response)
    assert not elements(response, "div", id="news")
    assert "every 10s" not in response.text
    (live,) = elements(response, "a", id="feed-pause")
    assert words(live) == "Go live again"
    resumed = client.get(FEED + dict(live.attributes)["href"])
    assert "nothing new since" in text(resumed)
    assert "type=DEPOSIT" in news_url(resumed)


def test_without_javascript_there_is_a_link_to_refresh(client, history, alice, bob):
    page = client.get(FEED, {"type": "TRANSFER"})
    (link,) = [link for link in elements(page, "a") if words(link) == "Refresh"]
    send(alice, bob, 2_00)
    refreshed = client.get(dict(link.attributes)["href"])
    assert is_whole_page(refreshed)
    assert len(rows(refreshed)) == 2
    assert len(elements(refreshed, "li", class_="fresh")) == 1


def test_asking_for_news_is_cheap(client, history, django_assert_max_num_queries, alice, bob):
    url = news_url(client.get(FEED))
    send(alice, bob, 1_00)
    with django_assert_max_num_queries(5):
        assert client.get(url).status_code == 200


def test_it_asks_the_database_as_often_however_long_the_history_is(
    client, history, alice, bob, django_assert_max_num_queries, django_assert_num_queries
):
    client.get(FEED)
    with django_assert_max_num_queries(11) as asked:
        client.get(FEED)
    for _ in range(60):
        send(alice, bob, 1)
    with django_assert_num_queries(len(asked)):
        client.get(FEED)


def test_auditors_see_it_and_strangers_do_not(alice, bob, auditor, operator):
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
