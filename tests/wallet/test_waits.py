"""What a process remembers about locks that other sessions hold."""

from __future__ import annotations

import time

import pytest

from wallet.db import waits
from wallet.db.waits import Wait, Waits

pytestmark = pytest.mark.any_engine


@pytest.fixture
def known(monkeypatch) -> Waits:
    monkeypatch.setattr(waits, "FORGET_AFTER_S", 0.5)
    return Waits(threads=8)


def find_blocked(known: Waits, name: int) -> Wait:
    """An order that finds the same session at two probes."""
    wait = Wait([name], timeout_s=5)
    wait.still_held({name: "a session"})
    known.keep_waiting(wait, wait.still_held({name: "a session"}))
    return wait


def test_a_blocked_lock_is_forgotten_when_no_order_has_seen_it_for_a_while(known):
    find_blocked(known, 1)
    assert known.known_blocked([1, 2]) == {1}
    time.sleep(0.5)
    assert known.known_blocked([1, 2]) == set()


def test_only_an_order_that_sees_the_lock_held_renews_the_mark(known):
    find_blocked(known, 1)
    time.sleep(0.3)
    newcomer = Wait([1], timeout_s=5)
    known.keep_waiting(newcomer, known.known_blocked([1]))
    time.sleep(0.3)
    assert known.known_blocked([1]) == set()
    find_blocked(known, 1)
    time.sleep(0.3)
    find_blocked(known, 1)
    time.sleep(0.3)
    assert known.known_blocked([1]) == {1}


def test_a_lock_that_this_process_took_is_known_to_be_free(known):
    find_blocked(known, 1)
    known.mark_free([1])
    assert known.known_blocked([1]) == set()
