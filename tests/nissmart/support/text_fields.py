"""Every text field of every form, found on the pages themselves, and typing into one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import urljoin

from django.http import HttpResponse
from django.test import Client

from tests.factories import PASSWORD, PIN, new_key
from tests.pages import Element, elements, find, raw_text

TYPES = (None, "text", "search", "tel", "email", "url")
# What the other fields of the form get, if the page doesn't fill them in.
USUAL = {
    "amount": "12",
    "recipient": "0712000002",
    "phone": "0712345678",
    "email": "someone@example.com",
    "name": "Jane Wanjiru",
    "password": PASSWORD,
    "password1": PASSWORD,
    "oldpassword": PASSWORD,
    "pin": PIN,
    "confirm": "on",
    "severity": "HIGH",
    "receipt": "SJK1ABC23D",
}


class Typed(NamedTuple):
    """Text fields that are sent together, and what their form sends besides."""

    url: str
    method: str
    names: list[str]
    others: dict[str, str]

    def send(self, client: Client, texts: Sequence[str], first: int) -> HttpResponse:
        """Send the form with the text of this number, and the next ones in its other fields.

        A new key each time, so that no order is a replay.
        """
        fresh = {name: new_key() for name in self.others if name.endswith("idempotency_key")}
        odd = {name: texts[(first + n) % len(texts)] for n, name in enumerate(self.names)}
        data = self.others | fresh | odd
        answer: HttpResponse = getattr(client, self.method)(self.url, data)
        return answer


def text_fields(client: Client, url: str) -> Iterator[Typed]:
    page = client.get(url)
    assert page.status_code == 200, (url, page.status_code)
    for form in elements(page, "form"):
        given = dict(form.attributes)
        method = (given.get("method") or "get").lower()
        values = values_of(form)
        # A refused field hides what a form would do with another, but not what a filter does.
        found = names(form)
        for together in [found] if method == "get" and found else [[name] for name in found]:
            others = {name: value for name, value in values.items() if name not in together}
            yield Typed(urljoin(url, given.get("action") or url), method, together, others)


def names(form: Element) -> list[str]:
    inputs = [dict(each.attributes) for each in find(form, "input")]
    found = [each["name"] for each in inputs if each.get("type") in TYPES and "name" in each]
    found += [dict(each.attributes)["name"] for each in find(form, "textarea")]
    return list(dict.fromkeys(found))


def values_of(form: Element) -> dict[str, str]:
    values = {}
    for each in find(form, "input"):
        given = dict(each.attributes)
        kind, name = given.get("type"), given.get("name")
        is_off = kind in ("checkbox", "radio") and "checked" not in given
        if name and kind not in ("submit", "button", "image") and not is_off:
            values[name] = given.get("value") or usual(name)
    for each in find(form, "textarea"):
        name = dict(each.attributes)["name"]
        values[name] = raw_text(each).strip() or usual(name)
    for each in find(form, "select"):
        options = [dict(option.attributes) for option in find(each, "option")]
        chosen = [option for option in options if "selected" in option] or options[:1]
        values[dict(each.attributes)["name"]] = chosen[0].get("value") or "" if chosen else ""
    return values


def usual(name: str) -> str:
    """Forms of the panel put their own prefix before a field's name."""
    return USUAL.get(name.rpartition("-")[2], "Because.")
