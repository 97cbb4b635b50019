"""Rate limits, counted in the database so that all processes share them."""

import time

from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from wallet.db import pipeline
from wallet.db.pipeline import Statement
from wallet.db.sweeping import Sweep
from wallet.errors import Refusal
from wallet.models import CacheEntry, RateWindow

MINUTE_S = 60
HOUR_S = 60 * MINUTE_S
DAY_S = 24 * HOUR_S
# After the end of a window: `was_counted` looks at the previous hour too.
KEPT_MINUTES = HOUR_S // MINUTE_S
WHY = _("Too many requests.")

# One statement, so that two simultaneous calls count as two.
COUNT_CALL = """
    INSERT INTO wallet_ratewindow (key, minute, count) VALUES (%s, %s, 1)
    ON CONFLICT (key, minute) DO UPDATE SET count = wallet_ratewindow.count + 1
    RETURNING count"""


class TooManyRequests(Refusal):
    """Over a rate limit. `why` is a sentence about what was limited."""

    code = "rate_limited"
    sentence = _("{why} Wait {time}, then try again.")

    def __init__(self, wait_s: int, why: str | Promise = WHY) -> None:
        super().__init__()
        self.wait_s: int = wait_s
        self.why = why

    def __str__(self) -> str:
        return str(self.sentence).format(why=self.why, time=in_words(self.wait_s))


def in_words(wait_s: int) -> str:
    """Minutes and hours are rounded up, so that the wait is never too short."""
    if wait_s < MINUTE_S:
        return ngettext("%d second", "%d seconds", wait_s) % wait_s
    minutes = -(-wait_s // MINUTE_S)
    if wait_s >= 2 * HOUR_S:
        hours = -(-wait_s // HOUR_S)
        return ngettext("%d hour", "%d hours", hours) % hours
    return ngettext("%d minute", "%d minutes", minutes) % minutes


def enforce(
    key: str,
    limit: int,
    window_s: int = MINUTE_S,
    why: str | Promise = WHY,
) -> None:
    """Count a call by `key`. Raises TooManyRequests if that is more than the limit.

    A limit of 0 means no limit, and nothing is counted.
    """
    if limit and count(key, window_s) > limit:
        raise TooManyRequests(window_s - int(time.time()) % window_s, why)


def count(key: str, window_s: int = MINUTE_S) -> int:
    """Count a call by `key` and return how many there were in this window, this one included."""
    minute = window_end(window_s)
    [[(calls,)]] = pipeline.ask(Statement(COUNT_CALL, (key, minute)))
    return int(calls)


def calls(key: str, window_s: int) -> int:
    """How many calls by `key` were counted in this window."""
    window = RateWindow.objects.filter(key=key, minute=window_end(window_s))
    return window.values_list("count", flat=True).first() or 0


def was_counted(key: str, window_s: int) -> bool:
    """Has `key` called in this window or the previous one? For windows of at most an hour."""
    minute = window_end(window_s)
    return RateWindow.objects.filter(
        key=key, minute__gte=minute - window_s // MINUTE_S, count__gt=0
    ).exists()


def take_back(key: str, window_s: int) -> bool:
    """Take one call of this window back. False if there was none."""
    windows = RateWindow.objects.filter(key=key, minute=window_end(window_s), count__gt=0)
    return bool(windows.update(count=F("count") - 1))


def window_end(window_s: int) -> int:
    """The minute in which the current window ends, after which its row may be deleted."""
    now_s = int(time.time())
    return (now_s - now_s % window_s + window_s) // MINUTE_S


def over() -> QuerySet[RateWindow]:
    """Windows that no limit looks at any more."""
    return RateWindow.objects.filter(minute__lt=int(time.time()) // MINUTE_S - KEPT_MINUTES)


def expired() -> QuerySet[CacheEntry]:
    return CacheEntry.objects.filter(expires__lt=timezone.now())


WINDOWS = Sweep(
    "rate-limits",
    over,
    by="minute",
    kept=_("An hour after the window ends"),
    reason=_("Counts of calls and attempts. Limits look at this window and the one before."),
    written_by=_("Anyone: one row for each network or caller and window"),
)
CACHE = Sweep(
    "cache",
    expired,
    by="expires",
    kept=_("Until it expires, a day at most"),
    reason=_("Counts of sign-ups, password resets and other forms of django-allauth."),
    written_by=_("Anyone: one row for each form and network"),
)
