"""A virtual clock, and the work scheduled on it.

The clock runs normally until it is frozen, and can be advanced in both states. Advancing runs each
piece of due work in order and waits for it, so an hour passes in no time.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

logger = logging.getLogger(__name__)

Action = Callable[[], None]


class Timeline:
    def __init__(self, *, start: datetime | None = None, frozen: bool = False) -> None:
        self._start = start or datetime.now(UTC)
        self._changed = threading.Condition()  # reentrant
        self._due: list[tuple[float, int, Action]] = []
        self._serial = 0
        self._passed_s = 0.0
        self._mark = time.monotonic()
        self._frozen = frozen
        self._in_flight = 0
        self._stopped = False
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="sandbox")
        self._dispatcher = threading.Thread(
            target=self._dispatch, name="sandbox-clock", daemon=True
        )
        self._dispatcher.start()

    def now(self) -> datetime:
        with self._changed:
            return self._start + timedelta(seconds=self._elapsed())

    def after(self, delay_s: float, action: Action) -> None:
        """Run `action` on one of the timeline's threads, this many virtual seconds from now."""
        with self._changed:
            self._serial += 1
            heapq.heappush(self._due, (self._elapsed() + delay_s, self._serial, action))
            self._changed.notify_all()

    def set_frozen(self, frozen: bool) -> None:
        with self._changed:
            self._set_elapsed(self._elapsed())
            self._frozen = frozen
            self._changed.notify_all()

    def advance(self, seconds: float, *, timeout_s: float = 30.0) -> bool:
        """Move the clock forward, and run everything that becomes due.

        Returns False if some of it was still running after `timeout_s`.
        """
        deadline = time.monotonic() + timeout_s
        with self._changed:
            target = self._elapsed() + seconds
            while True:
                if not self._changed.wait_for(self._is_idle, deadline - time.monotonic()):
                    self._set_elapsed(target)
                    return False
                upcoming = self._due[0][0] if self._due else target
                self._set_elapsed(min(upcoming, target))
                self._changed.notify_all()
                if upcoming > target or not self._due:
                    return True

    def state(self) -> dict[str, object]:
        with self._changed:
            return {
                "now": self.now().isoformat(),
                "frozen": self._frozen,
                "scheduled": len(self._due),
                "in_flight": self._in_flight,
            }

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _elapsed(self) -> float:
        running_s = 0.0 if self._frozen else time.monotonic() - self._mark
        return self._passed_s + running_s

    def _set_elapsed(self, seconds: float) -> None:
        """Set the clock, but never back: a running clock may already be past this moment."""
        self._passed_s = max(seconds, self._elapsed())
        self._mark = time.monotonic()

    def _is_idle(self) -> bool:
        nothing_due = not self._due or self._due[0][0] > self._elapsed()
        return self._in_flight == 0 and nothing_due

    def _dispatch(self) -> None:
        with self._changed:
            while not self._stopped:
                wait_s = self._due[0][0] - self._elapsed() if self._due else None
                if wait_s is not None and wait_s <= 0:
                    _, _, action = heapq.heappop(self._due)
                    self._in_flight += 1
                    self._pool.submit(self._run, action)
                else:
                    self._changed.wait(None if self._frozen else wait_s)

    def _run(self, action: Action) -> None:
        try:
            action()
        except Exception:
            logger.exception("Scheduled work failed")
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify_all()
