"""The live feed, as it is read."""

from __future__ import annotations

from django.db import connection
from django.http import HttpResponse
from django.utils import timezone

from ledger import guards
from ledger.models import Transaction
from tests.pages import elements, words

FEED = "/panel/activity/"
NEWS = "/panel/activity/news/"


def rows(response: HttpResponse) -> list[str]:
    """What each line says, the first one first."""
    return [words(line) for line in elements(response, "a", class_="what")]


def news_url(response: HttpResponse) -> str:
    (news,) = elements(response, "div", id="news")
    return dict(news.attributes)["hx-get"]


def fresh_url(response: HttpResponse) -> str:
    (show,) = elements(response, "a", id="news-show")
    return dict(show.attributes)["href"]


def settle(record: Transaction, status: str) -> None:
    """What a rail that answers later does to a payout; its entries don't matter to the feed."""
    guards.remove(connection)
    Transaction.objects.filter(pk=record.pk).update(status=status, settled_at=timezone.now())
    guards.install(connection)
