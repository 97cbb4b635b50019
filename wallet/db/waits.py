"""How many threads of this process may wait for what another session holds.

An account that everyone pays changes hands every few milliseconds, so payments queue for it. An
account that one session keeps does not, and the payments that name it would soon occupy every
thread. So an account that this process couldn't get for BLOCKED_AFTER_S counts as blocked: at most
two threads wait for it, and all waiting threads together are at most half of the process's. The
next order hears "busy" immediately. SQLite has one write lock for everything, which counts as one
account.

A database that stops answering is bounded in the same way: two threads stay out of it, so that
they answer what needs no lock, and once half of the threads hang, orders hear "busy".
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.conf import settings

from wallet.errors import Busy

BLOCKED_AFTER_S = 0.25
WAITERS_PER_NAME = 2
# An attempt that takes longer, and doesn't wait for a blocked account, hangs.
STALLED_AFTER_S = 0.5
SPARE_THREADS = 2
# Names whose last lock is remembered; forgetting one only makes it count as blocked sooner.
REMEMBERED = 4096

# An account's id, or one of these.
type Name = int | str
SQLITE = "SQLite's write lock"
# A lock that belongs to no account, such as one on the row of the person who orders.
OTHER = "another lock"


class Wait:
    """One order in this process, from its arrival until `deadline` at the latest.

    One that may not stay leaves as soon as what it needs is blocked.
    """

    def __init__(self, names: Collection[Name], timeout_s: float, *, may_stay: bool = True) -> None:
        self.names = names
        self.may_stay = may_stay
        self.began = time.monotonic()
        self.deadline = self.began + timeout_s
        self.blocked_on: Collection[Name] = ()
        # When its present attempt began; None while it is in a queue of this process.
        self.attempt_at: float | None = None

    @property
    def left_s(self) -> float:
        return self.deadline - time.monotonic()

    @property
    def lock_timeout_s(self) -> float:
        """How long one attempt may wait for a lock."""
        return self.left_s if self.blocked_on else min(BLOCKED_AFTER_S, self.left_s)

    def is_late(self, now: float) -> bool:
        return bool(self.blocked_on) or now - self.began >= BLOCKED_AFTER_S

    def is_stalled(self, now: float) -> bool:
        is_old = self.attempt_at is not None and now - self.attempt_at >= STALLED_AFTER_S
        return is_old and not self.blocked_on


class Waits:
    """The orders in this process, and the names that they found blocked."""

    def __init__(self, threads: int) -> None:
        self.most = max(threads // 2, 1)
        self.most_running = max(threads - SPARE_THREADS, 1)
        self._guard = threading.Lock()
        self._present: list[Wait] = []
        self._blocked: set[Name] = set()
        self._got_at: dict[Name, float] = {}

    @contextmanager
    def arrival(
        self, names: Collection[Name], timeout_s: float, *, may_stay: bool = True
    ) -> Iterator[Wait]:
        """Count this thread while it carries out an order that locks `names`."""
        wait = Wait(names, timeout_s, may_stay=may_stay)
        with self._guard:
            self._present.append(wait)
        try:
            yield wait
        finally:
            with self._guard:
                self._present.remove(wait)

    def room(self) -> int:
        """How many more orders may begin an attempt now."""
        with self._guard:
            running = sum(each.attempt_at is not None for each in self._present)
            return self.most_running - running

    def refuse_if_stalled(self) -> None:
        """Raises Busy when half of the threads hang in the database."""
        now = time.monotonic()
        with self._guard:
            if sum(each.is_stalled(now) for each in self._present) >= self.most:
                raise Busy

    def got(self, names: Collection[Name]) -> None:
        """A thread of this process has just locked these, so they aren't blocked."""
        now = time.monotonic()
        with self._guard:
            self._blocked.difference_update(names)
            if len(self._got_at) > REMEMBERED:
                self._got_at.clear()
            for name in names:
                self._got_at[name] = now

    def blocked(self, names: Collection[Name]) -> set[Name]:
        """Those of these names that are known to be blocked."""
        return self._blocked.intersection(names)

    def stay(self, wait: Wait, held: Collection[Name]) -> None:
        """Ask to go on waiting for names that another session holds. Raises Busy if too many do.

        A name that this process got a moment ago changes hands, so it isn't blocked.
        """
        now = time.monotonic()
        with self._guard:
            kept = {name for name in held if self._is_kept(name, now)}
            if len(self._blocked) > REMEMBERED:
                self._blocked.clear()
            self._blocked |= kept
            late = [each for each in self._present if each is not wait and each.is_late(now)]
            for name in kept:
                if sum(name in each.blocked_on for each in late) >= WAITERS_PER_NAME:
                    raise Busy
            if kept and (not wait.may_stay or len(late) >= self.most):
                raise Busy
            wait.blocked_on = kept

    def _is_kept(self, name: Name, now: float) -> bool:
        return now - self._got_at.get(name, -BLOCKED_AFTER_S) >= BLOCKED_AFTER_S


WAITS = Waits(settings.WEB_THREADS)
