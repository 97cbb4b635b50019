"""Threads that order while another order is under way, and go on together."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from ledger.models import Transaction
from ledger.operations.execution import Outcome, alone, together
from ledger.operations.orders import Placed
from wallet.errors import OutcomeUnknown

# Fewer than a process has threads: those that are left answer meanwhile, whatever happens to these.
TOGETHER_AT_MOST = 6
# How long an order waits for the one that leads, which may itself be waiting for an account.
PATIENCE_S = 0.05


@dataclass(slots=True, eq=False)
class Place:
    """A thread's place in the line. Its bell rings once: when it is served, or is to lead."""

    placed: Placed
    outcome: Outcome | Exception | None = None
    bell: threading.Lock = field(default_factory=threading.Lock)


class Line:
    """One thread of this process leads: it takes along those who wait, and hands the lead on.

    One transaction for all of them costs each a fraction of what its own would. An order that
    finds nobody before it leads at once, so who comes alone never waits. Who has waited for too
    long takes the lead over, so one that is stuck does not hold up the others.
    """

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.leader: Place | None = None
        self.waiting: list[Place] = []

    def carry_out(self, placed: Placed) -> Transaction:
        """Carry out the order, in company if there is some. Raises what `alone` does."""
        if placed.at is not None or placed.order.reverses_id is not None:
            return alone(placed)
        place = Place(placed)
        try:
            self.join(place)
            if self.leader is place:
                self.lead(place)
        finally:
            self.hand_over(place)
        if place.outcome is None:
            return alone(placed)
        if isinstance(place.outcome, Exception):
            raise place.outcome
        return place.outcome

    def join(self, place: Place) -> None:
        """Returns when it has been served, or leads, or neither: then it is to go alone."""
        with self.guard:
            if self.leader is None:
                self.leader = place
                return
            place.bell.acquire()
            self.waiting.append(place)
        is_called = False
        try:
            is_called = place.bell.acquire(timeout=PATIENCE_S)
        finally:
            if not is_called:
                self.take_over(place)

    def take_over(self, place: Place) -> None:
        with self.guard:
            if place in self.waiting:
                self.waiting.remove(place)
                self.leader = place
                return
        # Somebody has just come for it.
        place.bell.acquire()

    def lead(self, leader: Place) -> None:
        company: list[Place] = []
        try:
            with self.guard:
                company = self.company_of(leader)
            serve([leader, *company])
        finally:
            for each in company:
                each.bell.release()

    def hand_over(self, place: Place) -> None:
        """If it still leads, let the one lead who waits longest."""
        with self.guard:
            if self.leader is place:
                self.leader = self.waiting.pop(0) if self.waiting else None
                if self.leader:
                    self.leader.bell.release()

    def company_of(self, leader: Place) -> list[Place]:
        """Take those out of the line whose orders have nothing in common with each other."""
        taken: list[Place] = []
        names = names_of(leader.placed)
        for each in self.waiting:
            own = names_of(each.placed)
            if len(taken) + 1 < TOGETHER_AT_MOST and names.isdisjoint(own):
                taken.append(each)
                names |= own
        self.waiting = [each for each in self.waiting if each not in taken]
        return taken


def names_of(placed: Placed) -> set[object]:
    """What no two orders in one transaction may share."""
    names: set[object] = set(placed.order.account_ids)
    if placed.key is not None:
        names.add((placed.actor_id, placed.key))
    return names


def serve(places: list[Place]) -> None:
    if len(places) == 1:
        try:
            places[0].outcome = alone(places[0].placed)
        except Exception as error:
            places[0].outcome = error
        return
    for place in places:
        place.outcome = OutcomeUnknown("until it is known better")
    outcomes = together([place.placed for place in places])
    for place in places:
        place.outcome = outcomes.get(place.placed)


LINE = Line()
