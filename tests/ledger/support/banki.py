"""A made-up rail that answers later. This file is all that a new rail needs."""

from __future__ import annotations

import json

from ledger.rails import Answer, Callback, Instruction, Lookup, Outcome, Rail
from wallet.house import HouseAccount


class Banki(Rail):
    """Keeps each payment's answer in `book`, which the tests read and write."""

    code = "banki"
    label = "Banki"
    float_account = HouseAccount(-9, "banki_float", "Float at Banki", "What we hold at Banki.")
    lowest_cents = 10_00
    highest_cents = 1_000_00
    takes_cents = False

    def __init__(self) -> None:
        self.book: dict[str, Answer] = {}

    def collect(self, instruction: Instruction) -> Answer:
        return self.take(instruction)

    def disburse(self, instruction: Instruction) -> Answer:
        return self.take(instruction)

    def take(self, instruction: Instruction) -> Answer:
        if not self.takes(instruction.amount_cents):
            return Answer(Outcome.REJECTED, code="amount")
        self.book[instruction.reference] = Answer(Outcome.PENDING)
        return Answer(Outcome.ACCEPTED, rail_id=f"B{len(self.book)}")

    def query(self, lookup: Lookup) -> Answer:
        return self.book.get(lookup.reference, Answer(Outcome.NOT_TAKEN))

    def parse_callback(self, kind: str, body: bytes) -> Callback | None:
        message = json.loads(body)
        answer = Answer(Outcome(message["outcome"]), receipt=message.get("receipt", ""))
        self.book[message["reference"]] = answer
        return Callback(answer, message["reference"], message["amount_cents"])


BANKI = Banki()
