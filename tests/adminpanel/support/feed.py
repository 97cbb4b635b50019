"""URLs of the live feed, and how tests read it."""

from __future__ import annotations

from django.http import HttpResponse

from tests.pages import elements, words

FEED = "/panel/activity/"
NEWS = "/panel/activity/news/"


def rows(response: HttpResponse) -> list[str]:
    """The text of each line, from the top."""
    return [words(line) for line in elements(response, "a", class_="what")]


def news_url(response: HttpResponse) -> str:
    (news,) = elements(response, "div", id="news")
    return dict(news.attributes)["hx-get"]


def fresh_url(response: HttpResponse) -> str:
    (show,) = elements(response, "a", id="news-show")
    return dict(show.attributes)["href"]
