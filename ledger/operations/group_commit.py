"""Group commit: orders that arrive while one is running share the next transaction."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from django.conf import settings

from ledger.models import Transaction
from ledger.operations.execution import Outcome, names_to_lock, run_alone, run_batch
from ledger.operations.orders import PlacedOrder
from wallet import metrics
from wallet.db.waits import STALLED_AFTER_S, WAITS, Wait
from wallet.errors import Busy, OutcomeUnknown

# Half of a process's threads, so that the other half keeps answering if a batch hangs.
BATCH_SIZE = max(settings.WEB_THREADS // 2, 1)
# How long an order waits for the leader, which may itself be waiting for an account.
PATIENCE_S = 0.05


@dataclass(slots=True, eq=False)
class Ticket:
    """An order on its way through the queue and a batch to its outcome.

    If it's done but has no outcome, it has moved nothing: run it alone.
    """

    placed: PlacedOrder
    wait: Wait
    # Its thread waits here, so a change wakes only the threads it concerns.
    changed: threading.Condition
    outcome: Outcome | Exception | None = None
    is_taken: bool = False
    is_done: bool = False


class GroupCommit:
    """One thread leads: it takes a batch from the queue, commits it, and hands over.

    An order that finds no leader leads immediately. If the leader takes too long, the next order
    leads a second batch, so one stuck transaction doesn't hold up the rest.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._queue: list[Ticket] = []
        self._leader: Ticket | None = None

    @property
    def waiting(self) -> int:
        """The number of orders in the queue."""
        return len(self._queue)

    def carry_out(self, placed: PlacedOrder) -> Transaction:
        """Carry out the order, in a batch if there is one. Raises the same as `run_alone`."""
        names = names_to_lock(placed)
        with WAITS.enter(names, settings.ORDER_TIMEOUT_S) as wait:
            WAITS.refuse_if_stalled()
            is_plain = placed.at is None and placed.order.reverses_id is None
            if not is_plain or WAITS.known_blocked(names):
                return run_alone(placed, wait)
            ticket = Ticket(placed, wait, threading.Condition(self._guard))
            self._join(ticket)
            if ticket.outcome is None:
                return run_alone(placed, wait)
            if isinstance(ticket.outcome, Exception):
                raise ticket.outcome
            return ticket.outcome

    def _join(self, ticket: Ticket) -> None:
        """Return once the order is done, in this thread's batch or in another's."""
        batch: list[Ticket] = []
        with self._guard:
            self._queue.append(ticket)
            try:
                self._wait_to_lead(ticket)
                if ticket.is_taken:
                    ticket.changed.wait_for(lambda: ticket.is_done)
                    return
                batch = self._take_batch(ticket)
            finally:
                if ticket in self._queue:
                    self._queue.remove(ticket)
                    self._call_next()
        try:
            run(batch)
        finally:
            with self._guard:
                for each in batch:
                    each.is_done = True
                    each.wait.attempt_at = None
                    each.changed.notify()
                if self._leader is ticket:
                    self._leader = None
                self._call_next()

    def _call_next(self) -> None:
        """Wake the order that may lead now."""
        if self._leader is None and self._queue:
            self._queue[0].changed.notify()

    def _wait_to_lead(self, ticket: Ticket) -> None:
        """Wait until a leader has taken the order, or until it may lead.

        Raises Busy if that takes too long, because then the database hangs.
        """
        ticket.changed.wait_for(lambda: ticket.is_taken or self._is_next(ticket), PATIENCE_S)
        while not ticket.is_taken and WAITS.free_slots() <= 0:
            WAITS.refuse_if_stalled()
            if ticket.wait.waited_s > STALLED_AFTER_S:
                raise Busy
            ticket.changed.wait(PATIENCE_S)

    def _is_next(self, ticket: Ticket) -> bool:
        return self._leader is None and self._queue[0] is ticket

    def _take_batch(self, leader: Ticket) -> list[Ticket]:
        """Become the leader, and take orders that share no account and no key."""
        self._leader = leader
        size = max(min(BATCH_SIZE, WAITS.free_slots()), 1)
        began = time.monotonic()
        batch: list[Ticket] = []
        used: set[object] = set()
        for ticket in [leader, *self._queue]:
            if ticket.is_taken or len(batch) == size:
                continue
            names = names_of(ticket.placed)
            if used.isdisjoint(names):
                ticket.is_taken = True
                ticket.wait.attempt_at = began
                batch.append(ticket)
                used |= names
        self._queue = [ticket for ticket in self._queue if not ticket.is_taken]
        return batch


def names_of(placed: PlacedOrder) -> set[object]:
    """The accounts and the key, which no two orders of a batch may share."""
    names: set[object] = set(placed.order.account_ids)
    if placed.key is not None:
        names.add((placed.actor_id, placed.key))
    return names


def run(batch: list[Ticket]) -> None:
    metrics.COMMIT_ORDERS.observe(len(batch))
    if len(batch) == 1:
        [ticket] = batch
        try:
            ticket.outcome = run_alone(ticket.placed, ticket.wait)
        except Exception as error:
            ticket.outcome = error
        return
    for ticket in batch:
        ticket.outcome = OutcomeUnknown("the batch was interrupted")
    answer_by = min(ticket.wait.answer_by for ticket in batch)
    outcomes = run_batch([ticket.placed for ticket in batch], answer_by)
    for ticket in batch:
        ticket.outcome = outcomes.get(ticket.placed)


GROUP_COMMIT = GroupCommit()
