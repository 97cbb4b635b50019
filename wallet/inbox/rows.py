"""What the inbox shows of each message."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

from wallet.days import day_name, nairobi_day
from wallet.messages.words import WORDS
from wallet.models import Message
from wallet.untranslated import sentence

# As on Home, whose button hides the balance. Amounts of payments stay, as in Activity.
HIDDEN = "••••••"
FACT = re.compile(r"{(\w+)}")


class Row(NamedTuple):
    """A message in the list."""

    id: int
    title: SafeString
    text: SafeString
    at: datetime
    is_unread: bool


def by_day(messages: Iterable[Message], *, hides_balance: bool) -> list[tuple[str, list[Row]]]:
    """Rows grouped under the name of their Nairobi day, in the given order."""
    rows = (row_of(message, hides_balance) for message in messages)
    days = groupby(rows, key=lambda row: nairobi_day(row.at))
    return [(day_name(day), list(group)) for day, group in days]


def row_of(message: Message, hides_balance: bool) -> Row:
    words = WORDS[message.topic]
    facts = message.facts | ({"balance": HIDDEN} if hides_balance else {})
    return Row(
        id=message.pk,
        title=fill(words.subject, facts),
        text=fill(words.inbox or words.text, facts),
        at=message.created_at,
        is_unread=message.read_at is None,
    )


def fill(words: str | Promise, facts: dict[str, str]) -> SafeString:
    """The words with their facts. A message from before a fact existed has a dash for it."""
    text = str(words)
    used = {name: facts.get(name, "–") for name in FACT.findall(text)}
    return sentence(text, **used) if used else conditional_escape(text)


def page_of(message: Message) -> str:
    """The URL of what a message is about: its receipt, or the page that its topic names."""
    if reference := message.facts.get("reference"):
        # Text only, because the receipt is in an app above this one.
        return reverse("ledger:receipt", args=[reference])
    url, query = reverse(WORDS[message.topic].page), message.facts.get("query")
    return f"{url}?{query}" if query else url
