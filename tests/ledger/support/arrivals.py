"""Messages of the made-up rail about payments that their payers started."""

from __future__ import annotations

import json
from datetime import timedelta

from django.db import connection

from ledger import guards
from ledger.models import Arrival, Attempt, RailEvent
from ledger.payouts import callbacks, confirmations
from tests.factories import deposit
from tests.ledger.support import paya
from tests.ledger.support.payouts import hear, sent
from wallet.models import User

CENTS = 300_00
RECEIPT = "SFF6XYZ123"


def message(account: str, receipt: str = RECEIPT, cents: int = CENTS, **more: object) -> bytes:
    said = {"outcome": "succeeded", "receipt": receipt, "cents": cents, "account": account}
    return json.dumps(said | more).encode()


def come(rail: paya.Paya, account: str, *said: object, **more: object) -> str | None:
    """What this payment turned out to be."""
    return hear(rail, message(account, *said, **more))


def number(user: User) -> str:
    return user.primary_account().number


def prompted(user: User, cents: int = CENTS) -> Attempt:
    """A deposit that the member has been asked to pay."""
    return sent(user, cents, deposit)


def typed(attempt: Attempt) -> str:
    """As much of our reference as a rail has room for."""
    return attempt.reference[:12]


def receipt_of(attempt: Attempt) -> str:
    """The receipt in the rail's own message about it."""
    return f"R1-{attempt.reference}"


def confirm(rail: paya.Paya, **said: object) -> str | None:
    """Ask about what is due; then the rail answers."""
    rail.script = lambda call, reference: "by callback" if call == "ask" else ""
    assert confirmations.ask_due() == 1
    return answer(rail, **said)


def answer(rail: paya.Paya, **said: object) -> str | None:
    """The rail answers our latest question: the payment came."""
    asked = RailEvent.objects.filter(kind=callbacks.ASKED).latest("pk")
    known = {"outcome": "succeeded", "receipt": asked.body, "cents": CENTS}
    return hear(rail, json.dumps(known | {"lookup_id": asked.rail_id} | said).encode())


def wait_a_while(arrival: Arrival) -> None:
    """As if it had come a quarter of an hour ago, and were due."""
    guards.remove(connection)
    at = arrival.at - timedelta(minutes=15)
    Arrival.objects.filter(pk=arrival.pk).update(at=at, next_look_at=at)
    guards.install(connection)
