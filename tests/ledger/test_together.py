"""What threads bring at the same time is done together, and one that fails hurts no other."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from ledger.payouts.together import Together
from tests.ledger.support.paya import wait_until
from wallet.errors import OutcomeUnknown

pytestmark = pytest.mark.any_engine

COUNT = 20


class Clerk:
    """Doubles numbers, and is at its first batch until all have come. It `breaks` at 13."""

    def __init__(self, breaks: Exception | None = None) -> None:
        self.batches: list[Sequence[int]] = []
        self.breaks = breaks
        self.together = Together(self.double)

    def double(self, numbers: Sequence[int]) -> list[int]:
        self.batches.append(numbers)
        if len(self.batches) == 1:
            wait_until(lambda: len(self.together.waiting) + len(numbers) == COUNT)
        if self.breaks and 13 in numbers:
            raise self.breaks
        return [2 * number for number in numbers]

    def tried(self, number: int) -> int | Exception:
        try:
            return self.together(number)
        except Exception as error:
            return error

    def serve(self) -> list[int | Exception]:
        with ThreadPoolExecutor(COUNT) as pool:
            return list(pool.map(self.tried, range(COUNT)))


def test_those_that_wait_are_done_in_one_batch():
    clerk = Clerk()
    assert clerk.serve() == [2 * number for number in range(COUNT)]
    assert sorted(number for batch in clerk.batches for number in batch) == list(range(COUNT))
    assert len(clerk.batches) == 2


def test_one_that_fails_keeps_no_other_from_being_done():
    found = Clerk(ValueError("thirteen")).serve()
    assert isinstance(found.pop(13), ValueError)
    assert found == [2 * number for number in range(COUNT) if number != 13]


def test_a_batch_that_may_have_been_committed_is_not_done_again():
    clerk = Clerk(OutcomeUnknown())
    found = clerk.serve()
    assert isinstance(found[13], OutcomeUnknown)
    assert len(clerk.batches) == 2
