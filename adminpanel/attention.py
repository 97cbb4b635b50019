"""One line of "Needs attention" on the overview. Each section makes its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from ledger.status import Badge

# Most serious first.
TONES = ("bad", "wait", "info")


@dataclass(frozen=True, slots=True)
class Item:
    """What waits, as a link to its page.

    The badge has a word, a tone of TONES and an icon. `aside` stands at the end of the line, after
    the amount if there is one: how old it is, or when it's due.
    """

    badge: Badge
    text: str
    url: str
    amount_cents: int | None = None
    aside: str = ""


def oldest(since: datetime | None) -> str:
    """`oldest 3 hours`."""
    return _("oldest {age}").format(age=timesince(since)) if since else ""


def by_tone(items: list[Item]) -> list[Item]:
    """Most serious first, otherwise in the given order."""
    return sorted(items, key=lambda item: TONES.index(item.badge.tone))
