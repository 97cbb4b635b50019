"""The queue in which requests wait for a thread of this process.

Health checks come first, then pages, then orders. Orders never occupy the threads that are kept
for pages, and one more thread answers health checks only. A request that would wait too long is
refused when it arrives. So the queue stays short, and what waits in it is answered in time.
"""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from enum import IntEnum
from typing import NamedTuple

# Threads that never run orders, besides the one for health checks.
PAGE_THREADS = 2
# What a request is taken to need, until some have been answered.
USUAL_S = 0.02
# How much of the usual time comes from the latest answer.
WEIGHT = 0.05

logger = logging.getLogger(__name__)


class Kind(IntEnum):
    """What a request is, most urgent first."""

    HEALTH = 0
    PAGE = 1
    ORDER = 2


class QueuedRequest(ABC):
    """A request that waits for a thread, or has one."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.came_at = time.monotonic()
        self.began_at = 0.0
        # Set when the client has closed its connection, so its answer has no reader.
        self.is_gone = False

    @abstractmethod
    def carry_out(self) -> None:
        """Answer the request. Runs in a thread of the queue."""

    @abstractmethod
    def refuse(self, wait_s: float) -> None:
        """Answer that we're busy, and that the wait would have been this long."""

    @abstractmethod
    def drop(self) -> None:
        """The client is gone: end the exchange without carrying out the request."""


class Figures(NamedTuple):
    """The state of the queue for one kind of request."""

    waiting: int
    running: int
    refused: int
    dropped: int


class RequestsOfKind:
    """The requests of one kind: those that wait, and those that have a thread."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.waiting: deque[QueuedRequest] = deque()
        self.running = 0
        # Of the running ones, to know how long they have run on average.
        self.sum_of_began_at = 0.0
        self.usual_s = USUAL_S
        self.refused = self.dropped = 0

    def expected_wait_s(self, now: float) -> float:
        if self.running < self.most and not self.waiting:
            return 0
        each_s = self.usual_s
        if self.running:
            # When threads hang, those that still run say more than those that have ended.
            each_s = max(each_s, now - self.sum_of_began_at / self.running)
        oldest_s = now - self.waiting[0].came_at if self.waiting else 0
        return max(oldest_s, (len(self.waiting) + 1) * each_s / self.most)

    def begin(self, now: float) -> QueuedRequest:
        request = self.waiting.popleft()
        request.began_at = now
        self.running += 1
        self.sum_of_began_at += now
        return request

    def end(self, request: QueuedRequest, took_s: float | None) -> None:
        self.running -= 1
        self.sum_of_began_at -= request.began_at
        if took_s is not None:
            self.usual_s += WEIGHT * (took_s - self.usual_s)


class Queue:
    """The threads of this process, and the requests that wait for one."""

    def __init__(self, order_threads: int, most_wait_s: float) -> None:
        self.most_wait_s = most_wait_s
        self.threads = order_threads + PAGE_THREADS
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._health_work = threading.Condition(self._lock)
        self._ended = threading.Condition(self._lock)
        # How many threads wait for work.
        self._idle = {self._work: 0, self._health_work: 0}
        # Health checks have a separate thread, and take any other that is free.
        most = {Kind.HEALTH: self.threads + 1, Kind.PAGE: self.threads, Kind.ORDER: order_threads}
        self._kinds = {kind: RequestsOfKind(most[kind]) for kind in Kind}

    def start(self) -> None:
        """Start the threads. They end with the process."""
        works = [(self._work, tuple(Kind))] * self.threads
        works.append((self._health_work, (Kind.HEALTH,)))
        for number, work in enumerate(works):
            threading.Thread(
                target=self._serve, args=work, name=f"web-{number}", daemon=True
            ).start()

    def figures(self) -> dict[Kind, Figures]:
        with self._lock:
            return {
                kind: Figures(len(it.waiting), it.running, it.refused, it.dropped)
                for kind, it in self._kinds.items()
            }

    def count_if_refused(self, kind: Kind) -> float:
        """Count a refusal if a request of this kind would wait too long.

        Returns how long it would wait, or 0 if it may join.
        """
        if kind is Kind.HEALTH:
            return 0
        with self._lock:
            same = self._kinds[kind]
            wait_s = same.expected_wait_s(time.monotonic())
            if wait_s <= self.most_wait_s:
                return 0
            same.refused += 1
            return wait_s

    def join(self, request: QueuedRequest) -> bool:
        """Put a request into the queue. Returns whether it has to wait for a thread."""
        with self._lock:
            same = self._kinds[request.kind]
            same.waiting.append(request)
            is_health = request.kind is Kind.HEALTH
            if is_health and self._idle[self._health_work] >= len(same.waiting):
                self._health_work.notify()
                return False
            self._work.notify()
            ahead = sum(len(each.waiting) for each in self._kinds.values())
            return ahead > self._idle[self._work] or same.running >= same.most

    def drain(self, timeout_s: float) -> bool:
        """Wait until no request waits or runs."""
        with self._lock:
            return self._ended.wait_for(
                lambda: not any(it.waiting or it.running for it in self._kinds.values()), timeout_s
            )

    def _serve(self, work: threading.Condition, kinds: tuple[Kind, ...]) -> None:
        while True:
            request = self._take(work, kinds)
            took_s = None
            try:
                if self._answer(request):
                    took_s = time.monotonic() - request.began_at
            except Exception:
                logger.exception("a request wasn't answered")
            finally:
                with self._lock:
                    self._kinds[request.kind].end(request, took_s)
                    self._ended.notify_all()

    def _take(self, work: threading.Condition, kinds: tuple[Kind, ...]) -> QueuedRequest:
        with self._lock:
            while True:
                for kind in kinds:
                    same = self._kinds[kind]
                    if same.waiting and same.running < same.most:
                        return same.begin(time.monotonic())
                self._idle[work] += 1
                try:
                    work.wait()
                finally:
                    self._idle[work] -= 1

    def _answer(self, request: QueuedRequest) -> bool:
        """Carry it out, unless its client is gone or it comes too late. Returns whether it was."""
        waited_s = request.began_at - request.came_at
        if request.is_gone:
            self._kinds[request.kind].dropped += 1
            request.drop()
        elif request.kind is not Kind.HEALTH and waited_s > self.most_wait_s:
            self._kinds[request.kind].refused += 1
            request.refuse(waited_s)
        else:
            request.carry_out()
            return True
        return False
