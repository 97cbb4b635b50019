"""The live feed stands still and counts what is new until the reader asks to see it."""

from __future__ import annotations

import pytest

from tests.adminpanel.support.feed import FEED, NEWS, fresh_url, news_url, rows
from tests.factories import deposit, send
from tests.ledger.support.later import end
from tests.pages import elements, htmx, is_part, is_whole_page, text, words
from tests.tampering import payout

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]


def test_without_news_the_answer_is_empty(as_finance, activity):
    assert as_finance.get(news_url(as_finance.get(FEED))).status_code == 204


def test_news_is_counted_but_not_shown(as_finance, activity, alice, bob):
    page = as_finance.get(FEED)
    for _ in range(2):
        send(alice, bob, 1_00, description="Secret until asked for")
    response = as_finance.get(news_url(page), headers=htmx("news"))
    assert is_part(response, "news")
    assert text(response) == "Show 2 new"
    assert dict(elements(response, "div", id="news")[0].attributes)["data-say"] == "2 new"
    # The next request answers 204 until there is more news.
    assert as_finance.get(news_url(response)).status_code == 204
    send(alice, bob, 1_00)
    again = as_finance.get(news_url(response))
    assert text(again) == "Show 3 new"
    assert "data-say" not in dict(elements(again, "div", id="news")[0].attributes)


def test_new_lines_are_marked_when_shown(as_finance, activity, alice, bob):
    page = as_finance.get(FEED)
    send(alice, bob, 1_00, description="fresh")
    shown = as_finance.get(fresh_url(as_finance.get(news_url(page))), headers=htmx("feed"))
    assert is_part(shown, "feed")
    (line,) = elements(shown, "li", class_="fresh")
    assert "New" in words(line)
    assert "fresh" in words(line)
    assert len(rows(shown)) == 5
    (feed,) = elements(shown, "section", id="feed")
    assert dict(feed.attributes)["data-say"].strip() == "1 new line at the top."
    assert as_finance.get(news_url(shown)).status_code == 204
    # Pausing starts over, so its link carries no `after`.
    for link in elements(shown, "a", id="feed-pause"):
        assert "after=" not in dict(link.attributes)["href"]


def test_a_payout_that_settles_is_news(as_finance, alice, time_machine):
    time_machine.move_to("2026-11-25T06:00:00Z", tick=False)
    record, other = payout(alice, "PENDING"), payout(alice, "PENDING")
    page = as_finance.get(FEED)
    time_machine.move_to("2026-11-25T06:10:00Z", tick=False)
    end(record, "SUCCESS")
    news = as_finance.get(news_url(page))
    assert text(news) == "Show 1 new"
    shown = as_finance.get(fresh_url(news))
    assert [words(line).split(" New ")[0] for line in elements(shown, "li", class_="fresh")] == [
        "Alice Wanjiku ’s withdrawal was paid KES 20.00"
    ]
    assert as_finance.get(news_url(shown)).status_code == 204
    time_machine.move_to("2026-11-25T06:20:00Z", tick=False)
    end(other, "FAILED")
    assert text(as_finance.get(news_url(shown))) == "Show 1 new"
    assert as_finance.get(news_url(as_finance.get(FEED))).status_code == 204


def test_only_matching_lines_are_news(as_finance, activity, alice, bob):
    page = as_finance.get(FEED, {"type": "DEPOSIT"})
    send(alice, bob, 1_00)
    assert as_finance.get(news_url(page)).status_code == 204
    deposit(bob, 1_00)
    news = as_finance.get(news_url(page))
    assert text(news) == "Show 1 new"
    assert rows(as_finance.get(fresh_url(news))) == ["Bob Otieno deposited"] * 2 + [
        "Alice Wanjiku deposited"
    ]


def test_the_first_transaction_is_news(as_finance, bob):
    page = as_finance.get(FEED)
    deposit(bob, 1_00)
    assert text(as_finance.get(news_url(page))) == "Show 1 new"


def test_the_count_stops_at_fifty(as_finance, alice, bob):
    page = as_finance.get(FEED)
    for _ in range(51):
        send(alice, bob, 1)
    news = as_finance.get(news_url(page))
    assert text(news) == "Show 50+ new"
    send(alice, bob, 1)
    assert as_finance.get(news_url(news)).status_code == 204


@pytest.mark.parametrize("name", ["after", "changed", "known"])
@pytest.mark.parametrize("value", ["NS-00000000", "x", "\0", "%00", "-1", "9" * 5000, ""])
def test_odd_query_values_are_answered(as_finance, activity, name, value):
    for url in (FEED, NEWS):
        assert as_finance.get(url, {name: value}).status_code in (200, 204)


def test_a_paused_feed_polls_nothing_and_says_so(as_finance, activity):
    response = as_finance.get(FEED, {"pause": "1", "type": "DEPOSIT"})
    assert "Paused at" in text(response)
    assert not elements(response, "div", id="news")
    assert "every 10s" not in response.text
    (live,) = elements(response, "a", id="feed-pause")
    assert words(live) == "Go live again"
    resumed = as_finance.get(FEED + dict(live.attributes)["href"])
    assert "Nothing new since" in text(resumed)
    assert "type=DEPOSIT" in news_url(resumed)


def test_without_javascript_there_is_a_link_to_refresh(as_finance, activity, alice, bob):
    page = as_finance.get(FEED, {"type": "TRANSFER"})
    (link,) = [link for link in elements(page, "a") if words(link) == "Refresh"]
    send(alice, bob, 2_00)
    refreshed = as_finance.get(dict(link.attributes)["href"])
    assert is_whole_page(refreshed)
    assert len(rows(refreshed)) == 2
    assert len(elements(refreshed, "li", class_="fresh")) == 1


def test_asking_for_news_is_cheap(as_finance, activity, django_assert_max_num_queries, alice, bob):
    url = news_url(as_finance.get(FEED))
    send(alice, bob, 1_00)
    with django_assert_max_num_queries(5):
        assert as_finance.get(url).status_code == 200
