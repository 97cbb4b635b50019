"""The text on a page that a browser's translator would change but must keep."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.pages import Element, parse

# Text of the cast and the crawl: full names for staff, short names for members.
WRITTEN = ["Alice W", "Bob O", "Finance P", "Olive O", "Wambui", "Lunch", "Sent twice"]
KEPT = re.compile(
    r"|".join(WRITTEN)
    + r"|NS-[0-9A-Z]{8}"  # a reference
    + r"|KES[\s\u00a0]\d|(?<![\d.])\d{1,3}(,\d{3})*\.\d\d(?![\d.])"  # an amount
)
# Attributes that a translator changes.
READ_OUT = {"alt", "aria-label", "label", "placeholder", "title"}
# Translators leave these alone, and a member's own text in a field.
NOT_TEXT = {"script", "style", "textarea"}


def exposed(page: str) -> set[str]:
    """The text on this page that a translator would change but must keep."""
    if '<meta name="google" content="notranslate">' in page:
        return set()
    root = parse(page)
    return {text for text in translatable(root, True) if KEPT.search(text)}


def translatable(element: Element, is_open: bool) -> Iterator[str]:
    given = element.attributes
    is_open = is_open and given.get("translate") != "no" and element.name not in NOT_TEXT
    if not is_open:
        return
    yield from (value for name, value in given.items() if name in READ_OUT and value)
    for child in element.children:
        if isinstance(child, str):
            yield " ".join(child.split())
        else:
            yield from translatable(child, is_open)
