"""When a payment may be sent again. Worked out from what passes between the product and the rail,
without a look into the product's tables: docs/simulation.md, *Sent again*.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from nissmart.sandbox.answers import Answer
from nissmart.sandbox.results import UNKNOWN_RECEIPT
from nissmart.simulation.model import Broken

PAYOUT, COLLECTION = "/mpesa/b2c/v3/paymentrequest", "/mpesa/stkpush/v1/processrequest"
QUESTION = "/mpesa/transactionstatus/v1/query"
# The gateway refuses before anything has started: busy, quota, and a token that is no longer valid.
REFUSED = ("500.003.02", "500.003.03", "404.001.03", "400.003.01", "401.002.01", "401.001")


class Sending:
    """Which requests of a payment may have reached the rail, or may still reach it."""

    def __init__(self) -> None:
        self.count = 0
        # By our reference: the requests of which nothing definite is known.
        self.open: defaultdict[str, set[int]] = defaultdict(set)
        # By the id of a question: its payment, and the requests that had begun before it.
        self.asked: dict[str, tuple[str, set[int]]] = {}
        # Answers "not found" that came before the id of their question.
        self.early: set[str] = set()
        self.did: Counter[str] = Counter()
        # A rule that broke on the way is raised by the next comparison.
        self.broken = ""

    def begin(self, request: httpx.Request) -> tuple[str, set[int]]:
        """A worker has let this request go. It may take long to arrive."""
        path, body = request.url.path, json.loads(request.read() or b"{}")
        if path == QUESTION:
            reference = str(body.get("OriginalConversationID", ""))
            return reference, set(self.open[reference])
        reference = reference_of(path, body)
        if not reference:
            return "", set()
        if self.open[reference]:
            kind = "payout" if path == PAYOUT else "deposit"
            self.broken = f"{kind} {reference} was sent while an earlier request may be on its way"
        self.count += 1
        self.open[reference].add(self.count)
        return reference, {self.count}

    def end(self, request: httpx.Request, begun: tuple[str, set[int]], answer: Answer) -> None:
        """The product has heard this."""
        reference, requests = begun
        said = read(answer.body)
        if request.url.path == QUESTION:
            asked = said.get("ConversationID", "")
            self.asked[asked] = begun
            if asked in self.early:
                self.not_found(asked)
        elif said.get("errorCode") in REFUSED:
            self.never_arrived(reference, requests)

    def never_arrived(self, reference: str, requests: set[int]) -> None:
        self.open[reference] -= requests

    def not_found(self, asked: str) -> None:
        reference, requests = self.asked[asked]
        self.did["not found, may be sent again"] += bool(requests & self.open[reference])
        self.never_arrived(reference, requests)

    def hear(self, url: str, body: bytes) -> None:
        """A callback was brought. "Not found" is about the requests before its question."""
        if "/status-result/" not in url:
            return
        said = read(body).get("Result", {})
        if str(said.get("ResultCode")) != UNKNOWN_RECEIPT:
            return
        asked = said.get("ConversationID", "")
        if asked in self.asked:
            self.not_found(asked)
        else:
            self.early.add(asked)

    def check(self) -> None:
        if self.broken:
            raise Broken(self.broken)


def reference_of(path: str, body: dict[str, Any]) -> str:
    if path == PAYOUT:
        return str(body["OriginatorConversationID"])
    if path == COLLECTION:
        return parse_qs(urlsplit(str(body["CallBackURL"])).query).get("reference", [""])[0]
    return ""


def read(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
