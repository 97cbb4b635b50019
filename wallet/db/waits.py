"""Bound how many threads of this process wait for locks that another session holds.

The lock on a busy account changes hands every few milliseconds, so payments queue for it. But when
one session keeps the lock, payments for that account would soon occupy every thread. So a waiting
order looks at its account twice, PROBE_AFTER_S apart. If the same session still holds the lock, the
account is blocked: at most two threads may wait for it, and all waiting threads together may be at
most half of the process's. The next order hears "busy" immediately. SQLite has one write lock for
everything, which counts as one account.

A database that stops answering is bounded in the same way. At most WEB_THREADS - SPARE_THREADS
orders are in the database at the same time; the front keeps more threads for pages. Once half of
WEB_THREADS hang, orders hear "busy".
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from django.conf import settings

from wallet.errors import Busy

PROBE_AFTER_S = 0.125
WAITERS_PER_NAME = 2
# Bounds the memory taken by blocked accounts that no later order names.
BLOCKED_AT_MOST = 4096
# An order that waits for a blocked account looks at it again by then, so an older mark is stale.
FORGET_AFTER_S = 5
# An attempt hangs when it takes longer than this and doesn't wait for a blocked account.
STALLED_AFTER_S = 0.5
SPARE_THREADS = 2
# A live server ends a lock wait itself. One that is this late no longer answers.
GRACE_S = 0.4
# An account's id, or SQLITE or OTHER.
type Name = int | str
SQLITE = "SQLite's write lock"
# A lock that isn't on an account, such as one on the row of the person who pays.
OTHER = "another lock"


NO_VERSION = object()


class Wait:
    """One order in this process, from its arrival until `deadline` at the latest.

    With `may_stay=False` it gives up as soon as its lock is blocked.
    """

    def __init__(self, names: Collection[Name], timeout_s: float, *, may_stay: bool = True) -> None:
        self.names = names
        self.may_stay = may_stay
        self.began = time.monotonic()
        self.deadline = self.began + timeout_s
        self.answer_by = self.deadline + GRACE_S
        self.blocked_on: Collection[Name] = ()
        # The locks it waited for at its last probe, with a version that changes with the holder.
        self.held: Mapping[Name, object] = {}
        # When its current attempt began; None while it queues in this process.
        self.attempt_at: float | None = None

    @property
    def left_s(self) -> float:
        return self.deadline - time.monotonic()

    @property
    def lock_timeout_s(self) -> float:
        """How long one attempt may wait for a lock."""
        return self.left_s if self.blocked_on else min(PROBE_AFTER_S, self.left_s)

    @property
    def waited_s(self) -> float:
        return time.monotonic() - self.began

    def still_held(self, held: Mapping[Name, object]) -> set[Name]:
        """Of the names that others hold, those that the same session held at the last probe."""
        kept = {
            name for name, version in held.items() if self.held.get(name, NO_VERSION) == version
        }
        self.held = held
        return kept

    def is_late(self, now: float) -> bool:
        return bool(self.blocked_on) or now - self.began >= 2 * PROBE_AFTER_S

    def is_stalled(self, now: float) -> bool:
        is_old = self.attempt_at is not None and now - self.attempt_at >= STALLED_AFTER_S
        return is_old and not self.blocked_on


class Waits:
    """The orders in this process, and the names they found blocked."""

    def __init__(self, threads: int) -> None:
        self.most = max(threads // 2, 1)
        self.most_running = max(threads - SPARE_THREADS, 1)
        self._guard = threading.Lock()
        self._present: list[Wait] = []
        # When an order last found each name blocked, by `time.monotonic`.
        self._blocked: dict[Name, float] = {}

    @contextmanager
    def enter(
        self, names: Collection[Name], timeout_s: float, *, may_stay: bool = True
    ) -> Iterator[Wait]:
        """Count this thread while it runs an order that locks `names`."""
        wait = Wait(names, timeout_s, may_stay=may_stay)
        with self._guard:
            self._present.append(wait)
        try:
            yield wait
        finally:
            with self._guard:
                self._present.remove(wait)

    def free_slots(self) -> int:
        """How many more orders may start an attempt now."""
        with self._guard:
            running = sum(each.attempt_at is not None for each in self._present)
            return self.most_running - running

    def refuse_if_stalled(self) -> None:
        """Raises Busy when half of the threads hang in the database."""
        now = time.monotonic()
        with self._guard:
            if sum(each.is_stalled(now) for each in self._present) >= self.most:
                raise Busy

    def mark_free(self, names: Collection[Name]) -> None:
        """Note that a thread of this process has just locked these, so they aren't blocked."""
        if self._blocked:
            with self._guard:
                for name in names:
                    self._blocked.pop(name, None)

    def known_blocked(self, names: Collection[Name]) -> set[Name]:
        """Of these names, those known to be blocked."""
        since = time.monotonic() - FORGET_AFTER_S
        return {name for name in names if self._blocked.get(name, 0) > since}

    def keep_waiting(self, wait: Wait, kept: Collection[Name]) -> None:
        """Ask to go on waiting for names that one session keeps. Raises Busy if too many wait."""
        now = time.monotonic()
        with self._guard:
            if len(self._blocked) > BLOCKED_AT_MOST:
                self._blocked.clear()
            # Only what this order has seen itself: a mark must not keep itself alive.
            self._blocked.update((name, now) for name in kept if name in wait.held)
            late = [each for each in self._present if each is not wait and each.is_late(now)]
            for name in kept:
                if sum(name in each.blocked_on for each in late) >= WAITERS_PER_NAME:
                    raise Busy
            if kept and (not wait.may_stay or len(late) >= self.most):
                raise Busy
            wait.blocked_on = kept


WAITS = Waits(settings.WEB_THREADS)
