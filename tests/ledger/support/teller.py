"""A teller: moves money among a few accounts, and writes down what was asked and answered.

A teller may be killed at any moment. The next one with the same journal first asks again, under
the same keys, for whatever nobody has heard the answer of.
"""

from __future__ import annotations

import json
import os
import random
from dataclasses import asdict, dataclass
from pathlib import Path

from ledger import operations
from tests.books import total_in_wallets
from wallet.context import Context
from wallet.errors import Refusal


@dataclass(frozen=True)
class Asked:
    key: str
    actor_id: int
    source_id: int
    target_id: int
    amount_cents: int


class Journal:
    """What one line of tellers asked for, and was answered. Survives the teller's death."""

    def __init__(self, path: Path) -> None:
        self.asked: dict[str, Asked] = {}
        self.answers: dict[str, str] = {}
        self.file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        for line in path.read_text().splitlines():
            self._take_in(json.loads(line))

    def _take_in(self, line: dict[str, object]) -> None:
        if "answer" in line:
            self.answers[str(line["key"])] = str(line["answer"])
        else:
            one = Asked(**line)  # type: ignore[arg-type]
            self.asked[one.key] = one

    def write(self, **line: object) -> None:
        self._take_in(line)
        os.write(self.file, json.dumps(line).encode() + b"\n")

    @property
    def unanswered(self) -> list[Asked]:
        return [one for key, one in self.asked.items() if key not in self.answers]


def work(
    path: Path, wallets: list[tuple[int, int]], total_cents: int, rounds: int, seed: int
) -> None:
    """Make `rounds` transfers between random (user id, account id) wallets; now and then count
    all the money there is."""
    journal, draw = Journal(path), random.Random(f"{path.name} {seed}")
    for one in journal.unanswered:
        ask(journal, one)
    for number in range(rounds):
        if draw.random() < 0.1:
            assert total_in_wallets() == total_cents
        (actor_id, source_id), (_user_id, target_id) = draw.sample(wallets, 2)
        key = f"{path.name} {seed} {number}"
        one = Asked(key, actor_id, source_id, target_id, draw.randint(1, 500))
        journal.write(**asdict(one))
        ask(journal, one)


def ask(journal: Journal, one: Asked) -> None:
    """Whatever is no refusal ends this teller with a trace and a status that is not zero."""
    try:
        answer = operations.transfer(
            Context(one.actor_id, key=one.key),
            source_id=one.source_id,
            target_id=one.target_id,
            amount_cents=one.amount_cents,
        ).reference
    except Refusal as refusal:
        answer = refusal.code
    journal.write(key=one.key, answer=answer)
