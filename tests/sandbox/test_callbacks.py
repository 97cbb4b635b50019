"""Callbacks are retried, and they don't hold up the simulator."""

from __future__ import annotations

import pytest

from tests.sandbox.support.daraja import PHONE


def test_a_callback_is_sent_at_most_three_times(daraja, receiver):
    receiver.answers["b2c"] = [(500, {}), (404, b""), (503, {})]
    daraja.b2c()
    daraja.advance()
    assert len(receiver.bodies("b2c")) == 1
    daraja.advance(5)
    assert len(receiver.bodies("b2c")) == 2
    daraja.advance(3600)
    assert len(receiver.bodies("b2c")) == 3


def test_retries_stop_at_the_first_200(daraja, receiver):
    receiver.answers["b2c"] = [(500, {})]
    daraja.b2c()
    daraja.advance(3600)
    assert len(receiver.bodies("b2c")) == 2
    statuses = [(one["attempt"], one["status"]) for one in daraja.control("callbacks")]
    assert statuses == [(1, 500), (2, 200)]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/b2c", "http://[::1]:1/"])
def test_an_unreachable_receiver_is_recorded(daraja, url):
    daraja.b2c(ResultURL=url)
    daraja.advance(3600)
    assert [one["status"] for one in daraja.control("callbacks")] == [None] * 3
    assert len(daraja.book()) == 1


def test_a_slow_receiver_does_not_hold_up_an_answer(daraja, receiver):
    receiver.delay_s["b2c"] = 0.3
    daraja.b2c()
    assert daraja.stk().status == 200
    assert receiver.bodies("b2c") == []
    daraja.advance()
    assert len(receiver.bodies("b2c")) == 1


def test_the_clock_does_not_go_back(daraja):
    daraja.advance(50)
    before = daraja.control("clock")["now"]
    daraja.control("clock", {"advance_s": -20})
    assert daraja.control("clock")["now"] == before


def test_advancing_does_the_work_in_order(daraja, receiver):
    """Two hours in one step: a callback one hour late, then its retry after five seconds."""
    receiver.answers["b2c"] = [(500, {})]
    daraja.scenario(id="NSP-1", faults=["late"], delay_s=60)
    daraja.b2c()
    daraja.stk(PhoneNumber=PHONE)
    daraja.advance(7200)
    times = [(one["url"][-3:], one["at"][11:19]) for one in daraja.control("callbacks")]
    assert times == [("stk", "09:01:00"), ("b2c", "10:01:00"), ("b2c", "10:01:05")]
    assert daraja.control("clock")["now"].startswith("2026-10-01T11:00:00")


def test_a_running_clock_needs_no_advancing(daraja, receiver):
    daraja.control("clock", {"frozen": False})
    daraja.scenario(id="NSP-1", delay_s=0.05)
    daraja.b2c()
    with receiver.changed:
        assert receiver.changed.wait_for(lambda: receiver.raw, timeout=10)
    state = daraja.control("clock", {"frozen": True})
    assert (state["frozen"], state["scheduled"]) == (True, 0)
