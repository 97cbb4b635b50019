"""All text of members' pages goes through gettext, so that it can be in Swahili one day.

A made-up language puts each translated text into brackets. What a page says outside of them was
never offered for translation.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from django.utils import translation

from tests.conftest import signed_in
from tests.factories import send, withdraw
from tests.ledger.support.goals import saving
from tests.ledger.support.scheduled import schedule
from tests.unsettled import with_status

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

OPEN, CLOSE = "⟦⟧"
# Our name, the currency, and references such as NS-7K2Q9PXM are the same in every language. So is
# a goal's name, which its member wrote and an option of a list can't mark.
SAME = re.compile(r"\b(Nissmart|KES|NS-[0-9A-Z]{8}|School fees)\b")
SILENT = {"script", "style", "code"}
SPOKEN = {"aria-label", "placeholder", "alt", "title"}
VOID = {"input", "meta", "link", "br", "img", "hr", "use", "path"}


class Outside(HTMLParser):
    """The letters of a page that are in no brackets, and not marked as untranslatable."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.left_out: list[bool] = [False]
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        is_kept = self.left_out[-1] or tag in SILENT or given.get("translate") == "no"
        if tag not in VOID:
            self.left_out.append(is_kept)
        if not is_kept:
            self.found += [
                text
                for name in SPOKEN & given.keys()
                if (text := given[name]) and OPEN not in text and re.search("[a-z]", text)
            ]

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self.left_out.pop()

    def handle_data(self, data: str) -> None:
        outside = ""
        for letter in data:
            self.depth += (letter == OPEN) - (letter == CLOSE)
            outside += "" if self.depth or letter == CLOSE else letter
        if not self.left_out[-1] and re.search(r"[^\W\d_]{2}", SAME.sub("", outside)):
            self.found.append(" ".join(outside.split()))


@pytest.fixture
def in_brackets(monkeypatch) -> None:
    """Each text that goes through gettext comes back in brackets."""
    real = translation._trans  # type: ignore[attr-defined]

    def bracket(text: str) -> str:
        return f"{OPEN}{text}{CLOSE}" if text.strip() else text

    monkeypatch.setattr(real, "gettext", bracket)
    monkeypatch.setattr(real, "pgettext", lambda context, text: bracket(text))
    monkeypatch.setattr(
        real, "ngettext", lambda one, many, count: bracket(one if count == 1 else many)
    )


def test_all_words_of_members_pages_can_be_translated(alice, bob, in_brackets, subtests):
    record = send(alice, bob, 250_00, description="Lunch")
    with_status(withdraw(alice, 40_00), "PENDING")
    goal = saving(alice, 100_00, target_cents=500_00)
    one = schedule(alice, bob)
    client = signed_in(alice)
    urls = ["/", "/activity/", "/activity/filter/", f"/activity/{record.reference}/"]
    urls += ["/transfer/", "/deposit/", "/withdraw/", "/statement/", "/ask/", "/messages/"]
    urls += ["/savings/", "/savings/new/", f"/savings/{goal.pk}/", f"/savings/{goal.pk}/part/"]
    urls += ["/scheduled/", f"/scheduled/{one.pk}/", "/profile/", "/profile/messages/"]
    urls += ["/profile/name/", "/profile/name/shown/", "/profile/tokens/", "/security/"]
    for url in [*urls, "/activity/?from=2026-02-02&to=2026-01-01", "/fees/", "/help/", "/privacy/"]:
        with subtests.test(url=url):
            page = Outside()
            page.feed(client.get(url).text)
            assert page.found == []
