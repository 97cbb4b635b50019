"""One simulator and its parts."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from nissmart.sandbox.book import Book
from nissmart.sandbox.callbacks import Courier
from nissmart.sandbox.faults import Faults
from nissmart.sandbox.ids import Ids
from nissmart.sandbox.journal import Journal
from nissmart.sandbox.keys import Initiator, Keys
from nissmart.sandbox.merchant import Merchant
from nissmart.sandbox.phones import Phones
from nissmart.sandbox.timeline import Timeline

VALIDATION_TIMEOUT_S = 8.0


@dataclass(frozen=True)
class Urls:
    """Where C2B notifications go. Not in the journal, because the product registers again."""

    version: str
    confirmation: str
    validation: str
    default_is_accept: bool


@dataclass
class Token:
    value: str = ""
    expires_at_s: float = 0.0


@dataclass
class Simulator:
    """`lock` guards the fields below it. No thread holds it while delivering a callback."""

    merchant: Merchant
    keys: Keys
    ids: Ids
    timeline: Timeline
    courier: Courier
    faults: Faults
    book: Book
    phones: Phones
    initiator: Initiator
    settle_s: float = 0.0
    validation_timeout_s: float = VALIDATION_TIMEOUT_S
    lock: threading.RLock = field(default_factory=threading.RLock)
    urls: dict[str, Urls] = field(default_factory=dict)
    pull_registered: set[str] = field(default_factory=set)
    token: Token = field(default_factory=Token)
    requests_in: Counter[int] = field(default_factory=Counter)


def build(
    *,
    seed: int = 0,
    merchant: Merchant | None = None,
    keys: Keys | None = None,
    state: Path | None = None,
    timeline: Timeline | None = None,
    settle_s: float = 0.0,
) -> Simulator:
    merchant = merchant or Merchant()
    keys = keys or Keys.generate()
    timeline = timeline or Timeline()
    ids = Ids(seed)
    book = Book(merchant, Journal(state))
    ids.serial = book.highest_serial
    return Simulator(
        merchant=merchant,
        keys=keys,
        ids=ids,
        timeline=timeline,
        courier=Courier(timeline),
        faults=Faults(seed=seed),
        book=book,
        phones=Phones(),
        initiator=Initiator(merchant.initiator, merchant.initiator_password, keys),
        settle_s=settle_s,
    )
