"""Clients that send money through the API until each answer is definite.

A client that gets no answer, or one that says "unknown" or "busy", sends the same order with the
same key again. So each order ends once, and what a client heard can be compared with the books.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from uuid import uuid4

TIMEOUT_S = 10
PAUSE_S = 0.02
RETRY_AFTER_S = 0.25


@dataclass
class Heard:
    """What all clients heard, and when.

    `paid` holds the moment of each acknowledgement by key, `sent` when that request was sent.
    """

    paid: dict[str, float] = field(default_factory=dict)
    sent: dict[str, float] = field(default_factory=dict)
    cents: dict[str, int] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    # Keys whose outcome was unknown at least once, and those that were sent again.
    unknown: set[str] = field(default_factory=set)
    retried: set[str] = field(default_factory=set)

    def first_after(self, moment: float) -> float | None:
        """The first acknowledgement of a request that was sent after this moment."""
        later = [at for key, at in list(self.paid.items()) if self.sent[key] > moment]
        return min(later, default=None)


class Payers:
    """Some clients in threads, each with its own connection."""

    def __init__(
        self, port: int, token: str, members: list[int], count: int, pause_s: float = PAUSE_S
    ) -> None:
        self.pause_s = pause_s
        self.port, self.token, self.members = port, token, members
        self.heard = Heard()
        self.stopping = threading.Event()
        self.errors: list[BaseException] = []
        self.threads = [threading.Thread(target=self.run, args=(seed,)) for seed in range(count)]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """Let each client finish its order: until it is definite."""
        self.stopping.set()
        for thread in self.threads:
            thread.join(120)
            assert not thread.is_alive(), "a client never got a definite answer"
        assert not self.errors, self.errors

    def run(self, seed: int) -> None:
        try:
            self.pay(seed)
        except BaseException as error:
            self.errors.append(error)
            raise

    def pay(self, seed: int) -> None:
        draw = random.Random(seed)
        line: http.client.HTTPConnection | None = None
        while not self.stopping.is_set():
            source, target = draw.sample(self.members, 2)
            order = {"from_user_id": source, "to_user_id": target}
            cents = draw.randint(100, 600)
            key = str(uuid4())
            self.heard.cents[key] = cents
            while True:
                line = line or http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
                sent_at = time.monotonic()
                said = self.post(line, key, order | {"amount_cents": cents})
                self.heard.answers[said] += 1
                if said == "paid":
                    self.heard.sent[key] = sent_at
                    self.heard.paid[key] = time.monotonic()
                    break
                assert said in ("no answer", "busy", "outcome_unknown"), said
                if said == "no answer":
                    line.close()
                    line = None
                if said != "busy":
                    self.heard.unknown.add(key)
                self.heard.retried.add(key)
                time.sleep(RETRY_AFTER_S)
            time.sleep(self.pause_s)

    def post(self, line: http.client.HTTPConnection, key: str, order: dict[str, int]) -> str:
        """`paid`, `no answer`, or the code of the refusal."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        headers["Authorization"] = f"Bearer {self.token}"
        try:
            line.request("POST", "/api/transfer", json.dumps(order), headers)
            answer = line.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            return "no answer"
        if answer.status == 201:
            return "paid"
        try:
            return str(json.loads(body)["code"])
        except (ValueError, KeyError):
            return f"{answer.status}"
