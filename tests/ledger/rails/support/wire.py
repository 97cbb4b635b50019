"""Both ends of the wire: the rail, and the simulator with what it has sent back."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from ledger.rails import Callback, Rail
from ledger.rails.recording import Event
from tests.sandbox.support.daraja import Daraja

CALLBACK_SECRET = "k9-Callback_Path-4471"


class Delivered(NamedTuple):
    """A callback as it arrived. `reference` is the one in its address."""

    kind: str
    reference: str
    raw: bytes
    said: Callback | None


class Wire:
    def __init__(self, rail: Rail, daraja: Daraja) -> None:
        self.rail = rail
        self.daraja = daraja
        self.events: list[Event] = []

    def callbacks(self) -> list[Delivered]:
        """All that have arrived, once due work of the simulator is done."""
        self.daraja.advance()
        found = []
        for path, raw in self.daraja.receiver.raw:
            parts = urlsplit(path)
            _rails, secret, kind = parts.path.strip("/").split("/")
            assert secret == CALLBACK_SECRET
            reference = parse_qs(parts.query).get("reference", [""])[0]
            found.append(Delivered(kind, reference, raw, self.rail.parse_callback(kind, raw)))
        return found

    def callback(self) -> Callback:
        (only,) = self.callbacks()
        assert only.said is not None
        return only.said

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    def paid(self) -> list[tuple[str, str, int]]:
        """The simulator's own book: what was executed, for whom, in shillings."""
        return [(row["kind"], row["request_id"], row["amount"]) for row in self.daraja.book()]
