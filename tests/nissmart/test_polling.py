"""Whatever refreshes itself is marked as a poll, so that it doesn't keep people signed in."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

pytestmark = pytest.mark.any_engine

EVERY = re.compile(r'hx-trigger="[^"]*\bevery ')


def test_each_element_that_refreshes_itself_is_marked_as_a_poll():
    tags = []
    for path in (settings.BASE_DIR / "templates").rglob("*.html"):
        page = path.read_text()
        for found in EVERY.finditer(page):
            start, end = page.rfind("<", 0, found.start()), page.index(">", found.end())
            tags.append((path.name, page[start:end]))
    assert len(tags) > 5
    assert [name for name, tag in tags if "data-poll" not in tag] == []
