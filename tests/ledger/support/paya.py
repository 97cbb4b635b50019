"""A made-up rail with a script, whose book says what it really did. Processes share it by files.

It decides about a payment when it first hears of it. What it answers is another matter: that is the
script's. A payment is one line in the book for each time that money moved.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ledger import rails
from ledger.rails import Alarm, Answer, Callback, Instruction, Lookup, Outcome, Rail, recording
from wallet.house import HouseAccount
from wallet.operations import open_house_accounts

SECRET = "a-secret-of-twenty-letters"

# What a call does besides what it should; the first argument is "pay" or "ask".
Script = Callable[[str, str], str]


def as_it_should(call: str, reference: str) -> str:
    return ""


class Paya(Rail):
    """`pays_a_reference_once` may be switched off. `fails` says which payments don't go through."""

    code = "paya"
    label = "Paya"
    float_account = HouseAccount(-8, "paya_float", "Float at Paya", "What we hold at Paya.")
    pays_a_reference_once = True
    confirms_receipts = True
    paybill = "600992"

    def __init__(self) -> None:
        self.folder = Path()
        self.script: Script = as_it_should
        self.fails: Callable[[str], bool] = lambda reference: False
        # Called before a payment reaches the rail.
        self.on_the_way: Callable[[str], None] = lambda reference: None
        self.looks_after_s = (30, 60, 120)

    # --- The contract

    def collect(self, instruction: Instruction) -> Answer:
        return self.pay(instruction)

    def disburse(self, instruction: Instruction) -> Answer:
        return self.pay(instruction)

    def pay(self, instruction: Instruction) -> Answer:
        reference = instruction.reference
        recording.record(recording.Event("pay-request", "pay", reference))
        fault = self.script("pay", reference)
        self.on_the_way(reference)
        match fault:
            case "busy":
                return heard("pay", reference, Answer(Outcome.NOT_TAKEN, code="busy"))
            case "lost":
                return heard("pay", reference, Answer(Outcome.UNKNOWN, code="lost"))
            case "rejected":
                return heard("pay", reference, Answer(Outcome.REJECTED, code="no"))
        self.carry_out(instruction)
        match fault:
            case "done_but_lost":
                return heard("pay", reference, Answer(Outcome.UNKNOWN, code="late"))
            case "breaks":
                raise ConnectionError("the connection broke")
            case "instant":
                return heard("pay", reference, self.truth(reference))
            case "unnamed":
                return heard("pay", reference, Answer(Outcome.ACCEPTED))
        return heard("pay", reference, Answer(Outcome.ACCEPTED, rail_id=f"P-{reference}"))

    def query(self, lookup: Lookup) -> Answer:
        reference = lookup.reference
        recording.record(recording.Event("ask-request", "ask", reference))
        match self.script("ask", reference or lookup.receipt):
            case "lost":
                return Answer(Outcome.UNKNOWN)
            case "working":
                return Answer(Outcome.PENDING)
            case "by callback":
                return Answer(Outcome.PENDING, lookup_id=f"Q-{reference}")
            case "breaks":
                raise ConnectionError("the connection broke")
        return heard("ask", reference, self.truth(reference))

    def parse_callback(self, kind: str, body: bytes) -> Callback | None:
        said = json.loads(body)
        if not isinstance(said, dict) or "outcome" not in said:
            raise ValueError("can't be read")
        answer = Answer(
            Outcome(said["outcome"]),
            receipt=said.get("receipt", ""),
            rail_id=said.get("rail_id", ""),
            code=said.get("code", ""),
            lookup_id=said.get("lookup_id", ""),
            alarm=Alarm(said.get("alarm", "")),
        )
        return Callback(
            answer,
            said.get("reference", ""),
            said.get("cents"),
            said.get("account", ""),
            is_arrival="account" in said,
            paybill=said.get("paybill", ""),
        )

    def look_after_s(self) -> tuple[int, ...]:
        return self.looks_after_s

    def is_from_rail(self, secret: str, ip_address: str) -> bool:
        return secret == SECRET

    # --- Its book

    def carry_out(self, instruction: Instruction) -> None:
        """Money moves, unless this payment fails. Once for each reference, if the rail is so."""
        try:
            mode = "x" if self.pays_a_reference_once else "a"
            with open(self.folder / instruction.reference, mode) as file:
                file.write(f"{instruction.amount_cents}\n")
        except FileExistsError:
            return

    def lines(self) -> Counter[str]:
        """How often money moved, by reference."""
        return Counter(
            {
                # A process may have died before it wrote the line.
                path.name: len(path.read_text().splitlines()) or 1
                for path in self.folder.iterdir()
                if not self.fails(path.name)
            }
        )

    def paid_or_failed(self) -> int:
        """How many payments have reached the rail."""
        return sum(1 for _path in self.folder.iterdir())

    def truth(self, reference: str) -> Answer:
        if not (self.folder / reference).exists():
            return Answer(Outcome.NOT_TAKEN)
        if self.fails(reference):
            return Answer(Outcome.FAILED, rail_id=f"P-{reference}", code="2040", words="Refused")
        return Answer(Outcome.SUCCEEDED, receipt=f"R1-{reference}", rail_id=f"P-{reference}")

    def message(self, reference: str, /, **changes: object) -> bytes:
        """Its callback about this payment."""
        answer = self.truth(reference)
        said = {"outcome": answer.outcome, "receipt": answer.receipt, "rail_id": answer.rail_id}
        return json.dumps(said | {"reference": reference} | changes).encode()


def heard(call: str, reference: str, answer: Answer) -> Answer:
    recording.record(recording.Event(f"{call}-answer", answer.outcome, reference, 200))
    return answer


PAYA = Paya()


@contextmanager
def known(folder: str | None = None) -> Iterator[Paya]:
    """Payments go over this rail as long as the block lasts. Its book is in the folder."""
    from django.test import override_settings

    with TemporaryDirectory() as own:
        vars(PAYA).clear()
        PAYA.__init__()
        PAYA.folder = Path(folder or own)
        with rails.registered(PAYA), override_settings(RAIL=PAYA.code):
            open_house_accounts()
            yield PAYA


def wait_until(is_so: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)
