"""URLs of the account pages, and how tests read them."""

from __future__ import annotations

from django.http import HttpResponse

from tests.factories import account_id
from tests.pages import elements, find, words
from wallet.models import User

TRIAL = "/panel/accounts/"
FLOAT = "/panel/accounts/-1/"


def wallet_of(user: User) -> str:
    return f"/panel/accounts/{account_id(user)}/"


def page_lines(response: HttpResponse) -> list[tuple[str, ...]]:
    """(reference, debit, credit, balance) of each line of the page."""
    found = []
    for row in elements(response, "tr"):
        link = list(find(row, "a", class_="reference"))
        if link:
            numbers = [words(cell) for cell in find(row, "td", class_="number")]
            found.append((words(link[0]), *numbers))
    return found
