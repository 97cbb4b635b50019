"""Read the receipt of a payment on a rail like its member, or like the page that polls."""

from __future__ import annotations

from django.http import HttpResponse
from django.test import Client

from ledger.models import Attempt
from tests.factories import withdraw
from tests.pages import elements, find, htmx, is_part, is_whole_page, words
from wallet.models import User


def ordered(user: User, move=withdraw) -> Attempt:
    return Attempt.objects.get(transaction=move(user, 300_00))


def url(attempt: Attempt) -> str:
    return f"/activity/{attempt.transaction.reference}/"


def look(client: Client, attempt: Attempt) -> HttpResponse:
    """The page and the part that htmx gets say the same."""
    page = client.get(url(attempt))
    part = client.get(url(attempt), headers=htmx("receipt"))
    assert is_whole_page(page)
    assert is_part(part, "receipt")
    assert steps(part) == steps(page)
    assert polls(part) == polls(page)
    return page


def steps(response: HttpResponse) -> list[tuple[str, str]]:
    """(look, words without times) of each step."""
    (timeline,) = elements(response, "ol", class_="timeline")
    found = []
    for step in find(timeline, "li"):
        said = words(step)
        for time in find(step, "time"):
            said = said.replace(words(time), "")
        found.append((dict(step.attributes)["class"].split()[-1], " ".join(said.split())))
    return found


def polls(response: HttpResponse) -> str:
    (root,) = elements(response, id="receipt")
    return dict(root.attributes).get("hx-trigger", "").partition(",")[0]


def ask_again(client: Client, page: HttpResponse) -> HttpResponse:
    """Poll like the page does."""
    (root,) = elements(page, id="receipt")
    return client.get(dict(root.attributes)["hx-get"], headers=htmx("receipt"))


def is_offered(response: HttpResponse, name: str) -> bool:
    return any(words(each) == name for each in elements(response, "button"))
