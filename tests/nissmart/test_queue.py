"""The queue for threads: health checks and pages never wait behind orders, and it stays short."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from nissmart.front.queue import PAGE_THREADS, Kind, Queue, QueuedRequest

pytestmark = pytest.mark.any_engine

ORDER_THREADS = 2
MOST_WAIT_S = 0.3
SOON_S = 5


class Visitor(QueuedRequest):
    """A request that runs until it may end."""

    def __init__(self, kind: Kind, may_end: threading.Event | None = None) -> None:
        super().__init__(kind)
        self.may_end = may_end or threading.Event()
        if may_end is None:
            self.may_end.set()
        self.began, self.done = threading.Event(), threading.Event()
        self.outcome = ""

    def end(self, outcome: str) -> None:
        self.outcome = outcome
        self.done.set()

    def carry_out(self) -> None:
        self.began.set()
        assert self.may_end.wait(SOON_S)
        self.end("carried out")

    def refuse(self, wait_s: float) -> None:
        self.end("refused")

    def drop(self) -> None:
        self.end("dropped")


@pytest.fixture
def queue() -> Queue:
    queue = Queue(ORDER_THREADS, MOST_WAIT_S)
    queue.start()
    return queue


@pytest.fixture
def release() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def fill(queue: Queue, kind: Kind, count: int, release: threading.Event) -> list[Visitor]:
    visitors = [Visitor(kind, release) for _number in range(count)]
    for visitor in visitors:
        queue.join(visitor)
    for visitor in visitors:
        assert visitor.began.wait(SOON_S)
    return visitors


def answer(queue: Queue, visitor: Visitor) -> str:
    queue.join(visitor)
    assert visitor.done.wait(SOON_S)
    return visitor.outcome


def wait_for(condition: Callable[[], object]) -> None:
    ends = time.monotonic() + SOON_S
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_orders_leave_threads_to_pages_and_pages_leave_one_to_health_checks(queue, release):
    fill(queue, Kind.ORDER, ORDER_THREADS, release)
    waiting = Visitor(Kind.ORDER)
    assert queue.join(waiting), "it waits for a thread"
    assert answer(queue, Visitor(Kind.PAGE)) == "carried out"
    fill(queue, Kind.PAGE, PAGE_THREADS, release)
    late = Visitor(Kind.PAGE)
    queue.join(late)
    assert answer(queue, Visitor(Kind.HEALTH)) == "carried out"
    assert not waiting.done.is_set()
    assert not late.done.is_set()
    release.set()
    assert late.done.wait(SOON_S)
    assert waiting.done.wait(SOON_S)
    assert queue.drain(SOON_S)


def test_a_slow_health_check_does_not_delay_the_next(queue, release):
    fill(queue, Kind.HEALTH, 1, release)
    assert answer(queue, Visitor(Kind.HEALTH)) == "carried out"


def test_a_page_goes_ahead_of_orders_that_wait(release):
    queue = Queue(1, SOON_S)
    queue.start()
    fill(queue, Kind.ORDER, 1, release)
    stay = threading.Event()
    fill(queue, Kind.PAGE, PAGE_THREADS, stay)
    order, page = Visitor(Kind.ORDER), Visitor(Kind.PAGE)
    queue.join(order)
    queue.join(page)
    # One thread gets free, and takes the page, though the order came first.
    release.set()
    assert page.done.wait(SOON_S)
    assert order.done.wait(SOON_S)
    assert page.began_at <= order.began_at
    stay.set()


def test_refuses_what_would_wait_too_long_and_never_a_health_check(queue, release):
    assert not queue.count_if_refused(Kind.ORDER)
    fill(queue, Kind.ORDER, ORDER_THREADS, release)
    # Nothing ends any more, so the wait is as long as the threads have hung.
    wait_for(lambda: queue.count_if_refused(Kind.ORDER) > MOST_WAIT_S)
    assert not queue.count_if_refused(Kind.PAGE)
    fill(queue, Kind.PAGE, PAGE_THREADS, release)
    assert not queue.count_if_refused(Kind.HEALTH)
    release.set()
    # What hung is soon forgotten.
    assert queue.drain(SOON_S)
    assert not queue.count_if_refused(Kind.ORDER)


def test_a_long_queue_is_refused_by_the_time_that_each_order_takes(queue, release):
    fill(queue, Kind.ORDER, ORDER_THREADS, release)
    joined = 0
    while not queue.count_if_refused(Kind.ORDER):
        queue.join(Visitor(Kind.ORDER))
        joined += 1
        assert joined < 1000
    # 20 ms each until it is known better, in two threads, within 0.3 s.
    assert joined <= 30


def test_an_order_that_has_waited_too_long_is_refused_and_not_carried_out(queue, release):
    fill(queue, Kind.ORDER, ORDER_THREADS, release)
    late = Visitor(Kind.ORDER)
    queue.join(late)
    time.sleep(MOST_WAIT_S + 0.05)
    release.set()
    assert late.done.wait(SOON_S)
    assert late.outcome == "refused"
    assert queue.drain(SOON_S)
    assert queue.figures()[Kind.ORDER].refused == 1


def test_an_order_whose_client_is_gone_is_not_carried_out(queue, release):
    fill(queue, Kind.ORDER, ORDER_THREADS, release)
    gone, stays = Visitor(Kind.ORDER), Visitor(Kind.ORDER)
    queue.join(gone)
    queue.join(stays)
    gone.is_gone = True
    release.set()
    assert gone.done.wait(SOON_S)
    assert stays.done.wait(SOON_S)
    assert (gone.outcome, stays.outcome) == ("dropped", "carried out")
    assert queue.drain(SOON_S)
    assert queue.figures()[Kind.ORDER].dropped == 1


def test_a_request_that_raises_keeps_its_thread_for_the_next(queue):
    class Broken(Visitor):
        def carry_out(self) -> None:
            self.done.set()
            raise ValueError("broken")

    for _each in range(2 * (ORDER_THREADS + PAGE_THREADS)):
        answer(queue, Broken(Kind.ORDER))
    assert answer(queue, Visitor(Kind.ORDER)) == "carried out"
