"""Deposits over M-PESA, against the simulator: a prompt, a PIN, a callback with a receipt."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from ledger.models import RailEvent
from ledger.rails import Alarm, Instruction, Lookup, Outcome

# The wire, which no database changes.
pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

REFERENCE = "NSP-7K2Q9PXM"
MSISDN = "254712000001"


def lookup(rail_id: str) -> Lookup:
    return Lookup(REFERENCE, is_payout=False, rail_id=rail_id)


def test_a_deposit_is_accepted_then_paid_with_the_pin(wire, asked):
    answer = wire.rail.collect(asked)
    assert (answer.outcome, answer.rail_id[:6]) == (Outcome.ACCEPTED, "ws_CO_")
    assert wire.callbacks() == []
    wire.daraja.act("pin")
    (delivered,) = wire.callbacks()
    said = delivered.said
    assert (delivered.kind, delivered.reference) == ("stk", REFERENCE)
    assert (said.answer.outcome, said.answer.rail_id) == (Outcome.SUCCEEDED, answer.rail_id)
    (row,) = wire.daraja.book()
    assert (said.answer.receipt, said.amount_cents) == (row["receipt"], 1_200_00)
    assert said.paid_at.isoformat() == row["at"]
    assert row["reference"] == REFERENCE


def test_an_account_reference_has_room_for_the_beginning_of_a_longer_reference(wire):
    wire.rail.collect(Instruction("NSP-7K2Q9PXM01234567", 20_00, "+" + MSISDN))
    wire.daraja.act("pin")
    (row,) = wire.daraja.book()
    assert row["reference"] == REFERENCE
    assert wire.callbacks()[0].reference == "NSP-7K2Q9PXM01234567"


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ("1", "balance is too low"),
        ("1019", "expired"),
        ("1032", "cancelled"),
        ("1037", "couldn't reach your phone"),
        ("2001", "PIN was wrong"),
        ("4", "daily limit"),
        ("17", "Wait 2 minutes"),
    ],
)
def test_a_result_code_ends_it_with_words_for_the_member(wire, asked, result, words):
    wire.daraja.scenario(phone=MSISDN, result=result)
    answer = wire.rail.collect(asked)
    said = wire.callback().answer
    assert (said.outcome, said.code, said.alarm) == (Outcome.FAILED, result, Alarm.NONE)
    assert said.rail_id == answer.rail_id
    assert words in str(wire.rail.explain(said.code, is_payout=False))


@pytest.mark.parametrize(
    ("result", "alarm"), [("SFC_IC0003", Alarm.STOP), ("2028", Alarm.STOP), ("4711", Alarm.LOOK)]
)
def test_a_code_that_is_not_the_members_fault_raises_an_alarm(wire, asked, result, alarm):
    wire.daraja.scenario(phone=MSISDN, result=result)
    wire.rail.collect(asked)
    said = wire.callback().answer
    assert (said.outcome, said.code, said.alarm) == (Outcome.FAILED, result, alarm)


def test_a_lost_answer_is_unknown_and_the_callback_still_finds_the_payment(wire, asked):
    wire.daraja.scenario(phone=MSISDN, faults=["drop_after"])
    assert wire.rail.collect(asked).outcome == Outcome.UNKNOWN
    assert wire.rail.query(lookup("")).outcome == Outcome.UNKNOWN
    wire.daraja.act("pin")
    (delivered,) = wire.callbacks()
    assert (delivered.reference, delivered.said.answer.outcome) == (REFERENCE, Outcome.SUCCEEDED)


def test_a_callback_may_come_before_the_answer(wire, asked):
    wire.daraja.control("phones", {"action": "pin"})
    wire.daraja.scenario(phone=MSISDN, faults=["callback_first"])
    answer = wire.rail.collect(asked)
    assert wire.callback().answer.rail_id == answer.rail_id


def test_a_busy_phone_is_a_refusal_that_the_member_can_act_on(wire, asked):
    wire.rail.collect(asked)
    answer = wire.rail.collect(asked._replace(reference="NSP-22222222"))
    assert (answer.outcome, answer.code) == (Outcome.REJECTED, "busy-phone")
    assert answer.alarm == Alarm.NONE
    assert "wait a minute" in str(wire.rail.explain(answer.code, is_payout=False))


@pytest.mark.parametrize(
    ("setting", "value"), [("MPESA_PASSKEY", "another"), ("MPESA_SHORTCODE", "600111")]
)
def test_wrong_settings_are_refused_and_stop_the_queue(wire, asked, mpesa_settings, setting, value):
    setattr(mpesa_settings, setting, value)
    answer = wire.rail.collect(asked)
    assert (answer.outcome, answer.code, answer.alarm) == (
        Outcome.REJECTED,
        "settings",
        Alarm.STOP,
    )


def test_a_wrong_amount_is_read_as_it_came(wire, asked):
    wire.daraja.scenario(phone=MSISDN, faults=["wrong_amount"])
    wire.rail.collect(asked)
    wire.daraja.act("pin")
    assert wire.callback().amount_cents == 1_201_00


def test_a_query_while_the_prompt_is_open_is_pending(wire, asked):
    answer = wire.rail.collect(asked)
    asked_again = wire.rail.query(lookup(answer.rail_id))
    assert (asked_again.outcome, asked_again.code) == (Outcome.PENDING, "")


@pytest.mark.parametrize(("action", "code"), [("cancel", "1032"), ("wrong_pin", "2001")])
def test_a_query_says_why_it_failed(wire, asked, action, code):
    answer = wire.rail.collect(asked)
    wire.daraja.act(action)
    said = wire.rail.query(lookup(answer.rail_id))
    assert (said.outcome, said.code) == (Outcome.FAILED, code)


def test_a_paid_prompt_whose_callback_is_lost_gets_its_receipt_by_a_status_query(wire, asked):
    wire.daraja.scenario(phone=MSISDN, faults=["no_callback"])
    answer = wire.rail.collect(asked)
    wire.daraja.act("pin")
    said = wire.rail.query(lookup(answer.rail_id))
    assert (said.outcome, said.code, said.receipt) == (Outcome.PENDING, "0", "")
    (delivered,) = wire.callbacks()
    found = delivered.said
    assert (delivered.kind, delivered.reference) == ("status-result", REFERENCE)
    assert (found.answer.outcome, found.answer.rail_id) == (Outcome.SUCCEEDED, answer.rail_id)
    assert found.answer.lookup_id == said.lookup_id != ""
    assert found.answer.receipt == wire.daraja.book()[0]["receipt"]
    # Daraja's id of the push, which is no reference of ours.
    assert found.reference == ""


def test_a_query_that_lies_about_success_credits_nothing(wire, asked):
    wire.daraja.scenario(api="stk_query", faults=["query_wrong"])
    answer = wire.rail.collect(asked)
    wire.daraja.act("cancel")
    said = wire.rail.query(lookup(answer.rail_id))
    assert (said.outcome, said.receipt) == (Outcome.PENDING, "")


@pytest.mark.parametrize("fault", ["drop_before", "html", "soap", "empty", "spike", "unavailable"])
def test_a_query_without_an_answer_is_unknown(wire, asked, fault):
    answer = wire.rail.collect(asked)
    wire.daraja.scenario(api="stk_query", faults=[fault])
    assert wire.rail.query(lookup(answer.rail_id)).outcome == Outcome.UNKNOWN


def test_a_deposit_can_be_looked_up_by_its_receipt(wire, asked):
    wire.rail.collect(asked)
    wire.daraja.act("pin")
    receipt = wire.callback().answer.receipt
    wire.daraja.receiver.raw.clear()
    wire.rail.query(Lookup(REFERENCE, is_payout=False, receipt=receipt))
    assert wire.callback().answer.receipt == receipt


def test_payments_that_members_start_are_reported_once_registered(wire):
    assert wire.rail.register_urls().outcome == Outcome.SUCCEEDED
    assert wire.rail.register_urls().outcome == Outcome.SUCCEEDED
    receipt = wire.daraja.pay_bill(70, account="ns 482913")
    asked, confirmed = wire.callbacks()
    assert (asked.kind, asked.said.answer.outcome) == ("c2b-validation", Outcome.PENDING)
    assert (confirmed.kind, confirmed.said.answer) == (
        "c2b-confirmation",
        asked.said.answer._replace(outcome=Outcome.SUCCEEDED, receipt=receipt, rail_id=""),
    )
    assert confirmed.said.account_number == "ns 482913"
    assert confirmed.said.amount_cents == 70_00
    assert confirmed.said.payer
    assert confirmed.said.paid_at is not None


def test_the_command_registers_and_keeps_what_was_said(wire, settings):
    said = StringIO()
    for _again in range(2):
        call_command("register_callbacks", stdout=said)
    assert "M-PESA now reports the payments that members start at the paybill." in said.getvalue()
    bodies = RailEvent.objects.filter(kind__startswith="c2b-register").values_list(
        "body", flat=True
    )
    assert len(bodies) == 4
    assert settings.MPESA_CALLBACK_SECRET not in "".join(bodies)
    settings.RAIL = "simulated"
    with pytest.raises(CommandError, match="there is nothing to register"):
        call_command("register_callbacks", stdout=said)


def test_a_deposit_by_prompt_is_also_confirmed_as_a_payment_with_the_same_receipt(wire, asked):
    wire.rail.register_urls()
    wire.rail.collect(asked)
    wire.daraja.act("pin")
    stk, c2b = sorted(wire.callbacks(), key=lambda one: one.kind, reverse=True)
    assert (stk.kind, c2b.kind) == ("stk", "c2b-confirmation")
    assert stk.said.answer.receipt == c2b.said.answer.receipt
    assert c2b.said.account_number == REFERENCE


@pytest.mark.parametrize("fault", ["drop_before", "html", "empty"])
def test_a_registration_without_an_answer_is_unknown(wire, fault):
    wire.daraja.scenario(api="c2b_register", faults=[fault])
    assert wire.rail.register_urls().outcome == Outcome.UNKNOWN
