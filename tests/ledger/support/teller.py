"""A teller process: makes transfers among a few accounts and writes a journal of them.

A teller may be killed at any moment. The next teller with the same journal first repeats the
transfers that have no answer yet, under their old keys.
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
class Request:
    key: str
    actor_id: int
    source_id: int
    target_id: int
    amount_cents: int


class Journal:
    """The requests and answers of one teller after another. Survives a killed teller."""

    def __init__(self, path: Path) -> None:
        self.requests: dict[str, Request] = {}
        self.answers: dict[str, str] = {}
        self.file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        for line in path.read_text().splitlines():
            self._take_in(json.loads(line))

    def _take_in(self, line: dict[str, object]) -> None:
        if "answer" in line:
            self.answers[str(line["key"])] = str(line["answer"])
        else:
            one = Request(**line)  # type: ignore[arg-type]
            self.requests[one.key] = one

    def write(self, **line: object) -> None:
        self._take_in(line)
        os.write(self.file, json.dumps(line).encode() + b"\n")

    @property
    def unanswered(self) -> list[Request]:
        return [one for key, one in self.requests.items() if key not in self.answers]


def work(
    path: Path, wallets: list[tuple[int, int]], total_cents: int, rounds: int, seed: int
) -> None:
    """Make `rounds` transfers between random wallets, each a (user id, account id).

    Now and then check that all the money adds up.
    """
    journal, draw = Journal(path), random.Random(f"{path.name} {seed}")
    for one in journal.unanswered:
        transfer(journal, one)
    for number in range(rounds):
        if draw.random() < 0.1:
            assert total_in_wallets() == total_cents
        (actor_id, source_id), (_user_id, target_id) = draw.sample(wallets, 2)
        key = f"{path.name} {seed} {number}"
        one = Request(key, actor_id, source_id, target_id, draw.randint(1, 500))
        journal.write(**asdict(one))
        transfer(journal, one)


def transfer(journal: Journal, one: Request) -> None:
    """Make the transfer and write its answer. Any error but a refusal ends the process."""
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
