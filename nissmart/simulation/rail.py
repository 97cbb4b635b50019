"""The M-PESA simulator (`nissmart/sandbox`) in this thread: no sockets, and our clock.

The product's own client calls it, through an httpx transport. Its callbacks go to the product's own
view, by the product's own URL.
"""

from __future__ import annotations

import heapq
import io
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.urls import resolve

from ledger.rails.mpesa import client
from nissmart.sandbox import results
from nissmart.sandbox.book import Book
from nissmart.sandbox.callbacks import Callback, Courier
from nissmart.sandbox.faults import APPLIES, Fault, Faults, Plan
from nissmart.sandbox.gateway import Request
from nissmart.sandbox.ids import Ids
from nissmart.sandbox.journal import Journal
from nissmart.sandbox.keys import Initiator, Keys
from nissmart.sandbox.merchant import Merchant
from nissmart.sandbox.payments import C2B, PAID, PENDING, Payment
from nissmart.sandbox.phones import Act, Phones
from nissmart.sandbox.routes import respond
from nissmart.sandbox.simulator import Simulator
from nissmart.sandbox.timeline import Action, Timeline
from nissmart.simulation import processes
from nissmart.simulation.clock import CLOCK
from nissmart.simulation.faults import CUTS, FAULTS, Crash
from nissmart.simulation.sending import PAYOUT, Sending

logger = logging.getLogger(__name__)

URL = "http://127.0.0.1:1"
SECRET = "simulated-callback-secret"
# After these a question still gets the truth, except for what says two things.
LIES = (Fault.CONTRADICT, Fault.CONTRADICT_FIRST)
MANNERS = (
    *(Fault.DROP_BEFORE, Fault.DROP_AFTER, Fault.UNAVAILABLE, Fault.ERROR_AFTER, Fault.BUSY),
    *(Fault.CALLBACK_FIRST, Fault.NO_CALLBACK, Fault.DUPLICATE, Fault.LATE, Fault.REORDER),
    *(Fault.TIMEOUT_ECHO, Fault.TIMEOUT_RESULT, Fault.INVALID_TOKEN, Fault.HTML, *LIES),
)
REFUSED, FAILS = "not connected", "payment fails"


class Hands:
    """Chance of the rail in this step, and what it did by it."""

    def __init__(self) -> None:
        self.chance = Random(0)
        self.rate = 0.0
        # The faults that the step names, by API.
        self.named: Mapping[str, str] = {}
        self.did: Counter[str] = Counter()

    def draws(self, share: float) -> bool:
        return self.rate > 0 and self.chance.random() < share


class Moods(Faults):
    def __init__(self, hands: Hands) -> None:
        super().__init__()
        self.hands = hands

    def plan(self, api: str, keys: Iterable[str]) -> Plan:
        hands = self.hands
        faults: set[Fault] = set()
        if api in hands.named:
            faults = {Fault(hands.named[api])}
            hands.did.update(faults)
        elif hands.draws(hands.rate):
            faults = {hands.chance.choice([one for one in MANNERS if one in APPLIES[api]])}
            hands.did.update(faults)
        result = None
        if api == "b2c" and hands.draws(0.2):
            result = results.UNREGISTERED
            hands.did[FAILS] += 1
        return Plan(frozenset(faults), result)


class Members(Phones):
    """What members do with a prompt."""

    def __init__(self, hands: Hands) -> None:
        super().__init__(Act.PIN)
        self.hands = hands

    def next_act(self, number: str) -> Act:
        if not self.hands.draws(0.4):
            return Act.PIN
        act = self.hands.chance.choice([Act.CANCEL, Act.IGNORE, Act.WRONG_PIN])
        self.hands.did[f"prompt: {act}"] += 1
        return act


class OneThread(Timeline):
    """What the rail does later, done by `run_until` in this thread."""

    def __init__(self) -> None:
        self._later: list[tuple[datetime, int, Action]] = []
        self._serial = 0

    def now(self) -> datetime:
        return CLOCK.true

    def after(self, delay_s: float, action: Action) -> None:
        self._serial += 1
        heapq.heappush(self._later, (self.now() + timedelta(seconds=delay_s), self._serial, action))

    def run_for(self, seconds: float) -> None:
        """Let time pass, and do what becomes due."""
        end = CLOCK.true + timedelta(seconds=seconds)
        while self._later and self._later[0][0] <= end:
            at, _serial, action = heapq.heappop(self._later)
            CLOCK.true = max(CLOCK.true, at)
            action()
        CLOCK.true = max(CLOCK.true, end)


class Door(Courier):
    """Brings callbacks to the product's view. A product that dies or errs didn't answer 200.

    `notified` are the receipts of money that came in which the product has acknowledged.
    """

    notified: set[str]
    sending: Sending

    def post(self, callback: Callback, *, timeout_s: float | None = None) -> tuple[int, bytes]:
        self.sending.hear(callback.url, callback.body)
        try:
            status, answer = receive(callback.url, callback.body)
            if status == HTTPStatus.OK and "/c2b-confirmation/" in callback.url:
                self.notified.add(json.loads(callback.body)["TransID"])
            return status, answer
        except Crash:
            return 0, b""
        except Exception as error:
            if not FAULTS.explains(error):
                raise
            return 500, b""
        finally:
            if FAULTS.fired in CUTS:
                processes.restart()


def receive(url: str, body: bytes) -> tuple[int, bytes]:
    parts = urlsplit(url)
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": parts.path,
        "QUERY_STRING": parts.query,
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "443",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": io.BytesIO(body),
        "wsgi.url_scheme": "https",
    }
    found = resolve(parts.path)
    answer = found.func(WSGIRequest(environ), *found.args, **found.kwargs)
    return answer.status_code, answer.content


class Wire(httpx.BaseTransport):
    """Between the product's client and the rail.

    `meanwhile` is what other workers do at one point of a step: before its first request is stored,
    before it arrives, or before its answer does.
    """

    def __init__(self, rail: InProcess) -> None:
        self.rail = rail

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        rail, sending = self.rail, self.rail.sending
        begun = sending.begin(request)
        if request.url.path.startswith("/mpesa/"):
            rail.wait_for_others("before")
            if rail.hands.draws(rail.hands.rate / 8):
                rail.hands.did[REFUSED] += 1
                sending.never_arrived(*begun)
                raise httpx.ConnectError("simulated", request=request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        query = dict(request.url.params)
        content = request.read()
        if request.url.path == PAYOUT:
            rail.note_sent(json.loads(content)["OriginatorConversationID"])
        asked = Request(request.method, request.url.path, query, headers, content)
        answer = respond(rail.simulator, asked)
        if request.url.path.startswith("/mpesa/"):
            rail.wait_for_others("after")
        if answer.is_dropped:
            raise httpx.ReadTimeout("simulated", request=request)
        sending.end(request, begun, answer)
        given = {"content-type": answer.content_type, **dict(answer.headers)}
        stream = httpx.ByteStream(answer.body)
        return httpx.Response(answer.status, headers=given, stream=stream, request=request)


class InProcess:
    """The rail of one run, and what is in its book."""

    def __init__(self, keys: Keys, certificate: Path) -> None:
        merchant = Merchant()
        self.hands = Hands()
        self.timeline = OneThread()
        door = Door(self.timeline)
        self.notified = door.notified = set()
        self.sending = door.sending = Sending()
        self.hands.did = self.sending.did
        ids = Ids(0)
        self.simulator = Simulator(
            merchant=merchant,
            keys=keys,
            ids=ids,
            timeline=self.timeline,
            courier=door,
            faults=Moods(self.hands),
            book=Book(merchant, Journal(None)),
            phones=Members(self.hands),
            initiator=Initiator(merchant.initiator, merchant.initiator_password, keys),
            settle_s=2.0,
        )
        self.meanwhile: tuple[str, Callable[[], None]] | None = None
        connect(self, merchant, certificate)

    def wait_for_others(self, when: str) -> None:
        if self.meanwhile is None or self.meanwhile[0] != when:
            return
        _when, act = self.meanwhile
        self.meanwhile = None
        act()

    def note_sent(self, reference: str) -> None:
        """Count payouts that the rail has in its book already: it refuses the second request."""
        if self.simulator.book.find(reference):
            self.hands.did["sent again"] += 1

    def find(self, reference: str) -> Payment | None:
        """The payment that the rail has under our reference."""
        for payment in self.simulator.book.payments:
            if payment.request_id == reference or f"reference={reference}" in payment.result_url:
                return payment
        return None

    def arrivals(self) -> list[Payment]:
        """What members paid in by themselves."""
        paid = self.simulator.book.payments
        return [one for one in paid if one.kind == C2B and one.state == PAID]


def connect(rail: InProcess, merchant: Merchant, certificate: Path) -> None:
    """Have the product's client call this rail."""
    for name, value in merchant.settings(URL, str(certificate)).items():
        setattr(settings, name, value)
    settings.RAIL = "mpesa"
    settings.MPESA_CALLBACK_BASE_URL = "https://nissmart.invalid"
    settings.MPESA_CALLBACK_SECRET = SECRET
    settings.MPESA_ALLOWED_SOURCES = ""
    # A process that waits for another one's token looks often meanwhile.
    settings.MPESA_TIMEOUT_S = "1"
    wire = httpx.Client(base_url=URL, transport=Wire(rail), trust_env=False)

    def pool(base_url: str, timeout_s: float) -> httpx.Client:
        """The worker has its claim, and has kept no request yet."""
        rail.wait_for_others("claimed")
        return wire

    client.pool = pool  # type: ignore[assignment]


def is_open(payment: Payment) -> bool:
    return payment.state == PENDING


def says_two_things(payment: Payment) -> bool:
    return any(lie in payment.faults for lie in LIES)
