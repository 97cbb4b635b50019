"""Payouts over M-PESA, against the simulator: each is paid at most once, whatever is lost."""

from __future__ import annotations

import pytest

from ledger import rails
from ledger.rails import Alarm, Instruction, Lookup, Outcome, recording
from ledger.rails.mpesa import configuration
from nissmart.sandbox.merchant import Merchant
from tests.ledger.rails.support.wire import CALLBACK_SECRET

# The wire, which no database changes.
pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

REFERENCE = "NSP-7K2Q9PXM"
ONCE = [("b2c", REFERENCE, 1200)]


def test_a_payout_is_accepted_then_paid(wire, asked):
    answer = wire.rail.disburse(asked)
    assert (answer.outcome, answer.receipt) == (Outcome.ACCEPTED, "")
    said = wire.callback()
    assert said.answer.outcome == Outcome.SUCCEEDED
    assert (said.reference, said.answer.rail_id) == (REFERENCE, answer.rail_id)
    assert said.amount_cents == 1_200_00
    (row,) = wire.daraja.book()
    assert said.answer.receipt == row["receipt"]
    assert said.paid_at.isoformat() == row["at"]
    assert wire.paid() == ONCE


@pytest.mark.parametrize("fault", ["drop_after", "error_after", "html_after"])
def test_after_a_lost_answer_the_same_reference_is_accepted_and_paid_once(wire, asked, fault):
    wire.daraja.scenario(id=REFERENCE, faults=[fault])
    assert wire.rail.disburse(asked).outcome == Outcome.UNKNOWN
    assert wire.rail.disburse(asked).outcome == Outcome.ACCEPTED
    assert wire.callback().answer.outcome == Outcome.SUCCEEDED
    assert wire.paid() == ONCE


@pytest.mark.parametrize(
    "fault", ["drop_before", "unavailable", "html", "soap", "empty", "maintenance"]
)
def test_what_cannot_be_understood_is_unknown(wire, asked, fault):
    wire.daraja.scenario(id=REFERENCE, faults=[fault])
    answer = wire.rail.disburse(asked)
    assert (answer.outcome, answer.alarm) == (Outcome.UNKNOWN, Alarm.NONE)
    assert answer.words
    assert "<" not in answer.words
    assert wire.paid() == []


@pytest.mark.parametrize(("fault", "alarm"), [("spike", ""), ("busy", ""), ("quota", "look")])
def test_what_the_gateway_turned_away_may_be_sent_again(wire, asked, fault, alarm):
    wire.daraja.scenario(id=REFERENCE, faults=[fault])
    answer = wire.rail.disburse(asked)
    assert (answer.outcome, answer.alarm) == (Outcome.NOT_TAKEN, alarm)
    assert wire.rail.disburse(asked).outcome == Outcome.ACCEPTED


def test_a_connection_refused_has_sent_nothing(wire, asked, mpesa_settings):
    wire.rail.ask_balance()
    mpesa_settings.MPESA_BASE_URL = "http://127.0.0.1:9"
    answer = wire.rail.disburse(asked)
    assert (answer.outcome, answer.code, answer.alarm) == (Outcome.NOT_TAKEN, "connection", "")


@pytest.mark.parametrize(
    ("result", "outcome", "alarm"),
    [
        ("1", Outcome.FAILED, Alarm.FLOAT),
        ("2040", Outcome.FAILED, Alarm.NONE),
        ("11", Outcome.FAILED, Alarm.LOOK),
        ("2001", Outcome.FAILED, Alarm.STOP),
        ("8006", Outcome.FAILED, Alarm.STOP),
        ("17", Outcome.UNKNOWN, Alarm.NONE),
        ("100000007", Outcome.UNKNOWN, Alarm.NONE),
        ("424242", Outcome.UNKNOWN, Alarm.LOOK),
    ],
)
def test_a_result_code_decides(wire, asked, result, outcome, alarm):
    wire.daraja.scenario(id=REFERENCE, result=result)
    wire.rail.disburse(asked)
    answer = wire.callback().answer
    assert (answer.outcome, answer.alarm, answer.code) == (outcome, alarm, result)
    assert answer.receipt == ""


@pytest.mark.parametrize("fault", ["timeout_echo", "timeout_result"])
def test_a_queue_timeout_is_unknown_and_the_result_may_follow(wire, asked, fault):
    wire.daraja.scenario(id=REFERENCE, faults=[fault])
    wire.rail.disburse(asked)
    said = wire.callback()
    assert (said.answer.outcome, said.reference) == (Outcome.UNKNOWN, REFERENCE)
    (timeout,) = wire.callbacks()
    assert "SecurityCredential" not in wire.rail.redact(timeout.raw).replace(
        '"SecurityCredential": "[hidden]"', ""
    )
    wire.daraja.advance(60)
    assert [one.said.answer.outcome for one in wire.callbacks()] == ["unknown", "succeeded"]


def test_duplicates_and_string_codes_read_the_same(wire, asked):
    wire.daraja.scenario(id=REFERENCE, faults=["duplicate", "string_codes"])
    wire.rail.disburse(asked)
    first, *others = (one.said for one in wire.callbacks())
    assert first.answer.outcome == Outcome.SUCCEEDED
    assert others == [first, first]


def test_a_forged_callback_names_another_payment(wire, asked):
    wire.daraja.scenario(id=REFERENCE, faults=["forged"])
    answer = wire.rail.disburse(asked)
    forged, real = (one.said for one in wire.callbacks())
    assert forged.reference not in ("", REFERENCE)
    assert forged.answer.rail_id != answer.rail_id == real.answer.rail_id


@pytest.mark.parametrize(
    ("amount_cents", "phone", "code"),
    [
        (9_00, "+254712000001", "amount"),
        (250_001_00, "+254712000001", "amount"),
        (20_50, "+254712000001", "amount"),
        (20_00, "+254200000001", "phone"),
        (20_00, "", "phone"),
    ],
)
def test_what_m_pesa_cannot_take_is_never_sent(wire, amount_cents, phone, code):
    for call in (wire.rail.disburse, wire.rail.collect):
        answer = call(Instruction(REFERENCE, amount_cents, phone))
        assert (answer.outcome, answer.code) == (Outcome.REJECTED, code)
        assert str(wire.rail.explain(code, is_payout=True))
    assert wire.events == []


def test_the_status_of_a_payout_comes_by_callback(wire, asked):
    wire.daraja.scenario(id=REFERENCE, api="b2c", faults=["drop_after", "no_callback"])
    assert wire.rail.disburse(asked).outcome == Outcome.UNKNOWN
    wire.daraja.advance()
    answer = wire.rail.query(Lookup(REFERENCE, is_payout=True))
    assert (answer.outcome, bool(answer.lookup_id)) == (Outcome.PENDING, True)
    (delivered,) = wire.callbacks()
    said = delivered.said
    assert (delivered.kind, delivered.reference) == ("status-result", REFERENCE)
    assert (said.answer.outcome, said.reference) == (Outcome.SUCCEEDED, REFERENCE)
    assert said.answer.lookup_id == answer.lookup_id
    assert said.amount_cents == 1_200_00
    assert said.answer.receipt == wire.daraja.book()[0]["receipt"]


@pytest.mark.parametrize(
    ("result", "outcome"), [("2040", Outcome.FAILED), ("", Outcome.PENDING)], ids=str
)
def test_a_status_says_failed_only_when_that_is_final(wire, asked, result, outcome):
    plan = {"result": result} if result else {"delay_s": 500}
    wire.daraja.scenario(id=REFERENCE, api="b2c", **plan)
    wire.daraja.scenario(id=REFERENCE, api="b2c", faults=["no_callback"])
    wire.rail.disburse(asked)
    wire.daraja.advance()
    wire.daraja.receiver.raw.clear()
    wire.rail.query(Lookup(REFERENCE, is_payout=True))
    assert wire.callback().answer.outcome == outcome


def test_a_payout_that_m_pesa_never_saw_may_be_sent(wire, asked):
    wire.daraja.scenario(id=REFERENCE, faults=["drop_before"])
    wire.rail.disburse(asked)
    answer = wire.rail.query(Lookup(REFERENCE, is_payout=True))
    (delivered,) = wire.callbacks()
    assert delivered.said.answer.outcome == Outcome.NOT_TAKEN
    assert delivered.said.answer.lookup_id == answer.lookup_id
    assert delivered.reference == REFERENCE


@pytest.mark.parametrize("fault", ["drop_before", "html", "spike", "empty", "soap", "quota"])
def test_a_question_without_an_answer_says_nothing_of_the_payment(wire, asked, fault):
    wire.rail.disburse(asked)
    wire.daraja.scenario(api="status", faults=[fault])
    assert wire.rail.query(Lookup(REFERENCE, is_payout=True)).outcome == Outcome.UNKNOWN


def test_the_balance_comes_by_callback(wire):
    answer = wire.rail.ask_balance()
    said = wire.callback()
    assert said.answer.lookup_id == answer.lookup_id != ""
    assert said.balances["Utility Account"] == Merchant.float_shillings * 100
    assert said.amount_cents is None


def test_a_wrong_password_of_ours_stops_the_queue(wire, asked, mpesa_settings):
    mpesa_settings.MPESA_INITIATOR_PASSWORD = "wrong"
    wire.rail.disburse(asked)
    answer = wire.callback().answer
    assert (answer.outcome, answer.code, answer.alarm) == (Outcome.FAILED, "2001", Alarm.STOP)
    assert wire.paid() == []


def test_each_request_and_answer_is_recorded_without_secrets_and_phones(wire, asked):
    wire.rail.disburse(asked)
    assert wire.kinds() == ["token-answer", "b2c-request", "b2c-answer"]
    assert [event.reference for event in wire.events] == ["", REFERENCE, REFERENCE]
    assert [event.status_code for event in wire.events] == [200, None, 200]
    kept = " ".join(event.body for event in wire.events)
    for secret in ("712000001", "Sandbox#2026", "sandbox-consumer", CALLBACK_SECRET):
        assert secret not in kept
    assert configuration.current().security_credential not in kept
    assert kept.count("[hidden]") == 4
    assert '"254712***001"' in kept


def test_what_cannot_be_recorded_is_not_sent(wire, asked):
    def full(event: recording.Event) -> None:
        if event.kind == "b2c-request":
            raise OSError("no room")

    with recording.to(full), pytest.raises(OSError, match="no room"):
        wire.rail.disburse(asked)
    wire.daraja.advance()
    assert wire.paid() == []


def test_an_answer_that_cannot_be_recorded_counts(wire, asked):
    def full(event: recording.Event) -> None:
        if event.kind == "b2c-answer":
            raise OSError("no room")

    with recording.to(full):
        assert wire.rail.disburse(asked).outcome == Outcome.ACCEPTED


def test_without_settings_nothing_is_sent_and_the_queue_stops(asked):
    answer = rails.of("mpesa").disburse(asked)
    assert (answer.outcome, answer.alarm) == (Outcome.NOT_TAKEN, Alarm.STOP)
    assert "MPESA_BASE_URL" in answer.words
