"""Callbacks: sent by the timeline's threads, up to three times, until the receiver answers 200."""

from __future__ import annotations

import http.client
import logging
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import groupby
from urllib.parse import urlsplit

from nissmart.sandbox.faults import Fault
from nissmart.sandbox.timeline import Timeline

logger = logging.getLogger(__name__)

ATTEMPTS = 3
RETRY_AFTER_S = 5.0
LATE_S = 3600.0
CONTRADICT_AFTER_S = 1.0
HELD_AT_MOST_S = 30.0
TIMEOUT_S = 10.0
REMEMBERED = 10_000


@dataclass(frozen=True)
class Callback:
    url: str
    body: bytes
    delay_s: float = 0.0
    is_held: bool = False
    attempt: int = 1


@dataclass(frozen=True)
class Delivery:
    """One delivery attempt, kept for debugging."""

    at: datetime
    url: str
    body: str
    attempt: int
    status: int | None


def arrange(
    url: str,
    truth: bytes,
    faults: Iterable[Fault],
    *,
    lie: bytes | None = None,
    forged: bytes | None = None,
) -> list[Callback]:
    """The callbacks that report one result, with its faults applied."""
    chosen = frozenset(faults)
    if Fault.NO_CALLBACK in chosen:
        return []
    delay_s = LATE_S if Fault.LATE in chosen else 0.0
    result = Callback(url, truth, delay_s, is_held=Fault.REORDER in chosen)
    callbacks = [result] * (3 if Fault.DUPLICATE in chosen else 1)
    if lie and Fault.CONTRADICT in chosen:
        callbacks.append(Callback(url, lie, delay_s + CONTRADICT_AFTER_S))
    if lie and Fault.CONTRADICT_FIRST in chosen:
        callbacks = [Callback(url, lie), *(replace(one, delay_s=1.0) for one in callbacks)]
    if forged and Fault.FORGED in chosen:
        callbacks.insert(0, Callback(url, forged))
    return callbacks


class Courier:
    def __init__(self, timeline: Timeline, *, timeout_s: float = TIMEOUT_S) -> None:
        self.timeline = timeline
        self.timeout_s = timeout_s
        self.deliveries: deque[Delivery] = deque(maxlen=REMEMBERED)
        self._lock = threading.Lock()
        self._held: list[Callback] = []

    def send(self, callbacks: Iterable[Callback], *, urgent: bool = False) -> None:
        """Schedule callbacks. Those due at the same time go one after the other.

        Urgent ones that are due now are delivered before this returns.
        """
        for delay_s, group in groupby(callbacks, key=lambda callback: callback.delay_s):
            together = list(group)
            if urgent and not delay_s:
                self.deliver_each(together)
            else:
                self.timeline.after(delay_s, partial(self.deliver_each, together))

    def deliver_each(self, callbacks: Iterable[Callback]) -> None:
        for callback in callbacks:
            if callback.is_held:
                self._hold(replace(callback, is_held=False))
            else:
                self.deliver(callback)

    def deliver(self, callback: Callback) -> None:
        status, _ = self.post(callback)
        if status != http.client.OK and callback.attempt < ATTEMPTS:
            again = replace(callback, attempt=callback.attempt + 1)
            self.timeline.after(RETRY_AFTER_S, partial(self.deliver, again))
        self._release()

    def post(self, callback: Callback, *, timeout_s: float | None = None) -> tuple[int, bytes]:
        """POST a body; status 0 when there was no answer."""
        status, answer = 0, b""
        try:
            status, answer = post_json(callback.url, callback.body, timeout_s or self.timeout_s)
        except (OSError, http.client.HTTPException, ValueError) as error:
            logger.info("Callback to %s got no answer: %s", urlsplit(callback.url).netloc, error)
        delivery = Delivery(
            self.timeline.now(),
            callback.url,
            callback.body.decode(),
            callback.attempt,
            status or None,
        )
        with self._lock:
            self.deliveries.append(delivery)
        return status, answer

    def _hold(self, callback: Callback) -> None:
        """Hold a callback until another one is sent, or for HELD_AT_MOST_S."""
        with self._lock:
            self._held.append(callback)
        self.timeline.after(HELD_AT_MOST_S, self._release)

    def _release(self) -> None:
        with self._lock:
            released, self._held = self._held, []
        if released:
            self.timeline.after(0, partial(self.deliver_each, released))


def post_json(url: str, body: bytes, timeout_s: float) -> tuple[int, bytes]:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout_s)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
