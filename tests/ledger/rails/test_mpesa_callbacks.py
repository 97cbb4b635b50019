"""Reading callbacks: as documented, and as integrators have met them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ledger.rails import Alarm, Outcome
from tests.ledger.rails.support.reading import RAIL, read
from tests.ledger.rails.support.samples import (
    B2C_ITEMS,
    GENUINE,
    STATUS_ITEMS,
    STK_ITEMS,
    c2b,
    result,
    stk,
)

pytestmark = pytest.mark.any_engine


def test_an_stk_success():
    said = read("stk", stk())
    assert said.answer == (
        Outcome.SUCCEEDED,
        "NLJ7RT61SV",
        "ws_CO_191220191020363925",
        "",
        "",
        "",
        "",
        None,
    )
    assert said.amount_cents == 1_00
    assert said.paid_at == datetime(2019, 12, 19, 7, 21, 15, tzinfo=UTC)


@pytest.mark.parametrize("amount", ["300", 300, "300.00", 300.0, "300.0"])
@pytest.mark.parametrize("order", [STK_ITEMS, STK_ITEMS[::-1]], ids=["as printed", "reversed"])
def test_an_amount_may_be_written_in_any_way(amount, order):
    items = [one | {"Value": amount} if one["Name"] == "Amount" else one for one in order]
    said = read("stk", stk(CallbackMetadata={"Item": items}))
    assert (said.amount_cents, said.answer.receipt) == (300_00, "NLJ7RT61SV")


def test_an_amount_is_never_rounded():
    raw = json.dumps(stk()).replace('"Value": 1.0', '"Value": 90071992547.99').encode()
    assert read("stk", raw).amount_cents == 90071992547_99
    raw = json.dumps(stk()).replace('"Value": 1.0', '"Value": 1.005').encode()
    assert read("stk", raw).amount_cents is None


@pytest.mark.parametrize("amount", [None, "", "NaN", -5, 0, "1e3", [5], {"a": 1}, True, "5,00"])
def test_an_amount_that_is_none_is_not_guessed_but_looked_up(amount):
    items = [{"Name": "Amount", "Value": amount}, *STK_ITEMS[1:]]
    said = read("stk", stk(CallbackMetadata={"Item": items}))
    assert (said.answer.outcome, said.amount_cents) == (Outcome.PENDING, None)


@pytest.mark.parametrize("code", [1032, "1032"])
def test_an_stk_failure_has_no_details(code):
    said = read("stk", stk(ResultCode=code, ResultDesc="cancelled", CallbackMetadata=None))
    assert (said.answer.outcome, said.answer.code) == (Outcome.FAILED, "1032")
    assert said.answer.words == "cancelled"


@pytest.mark.parametrize("code", ["SFC_IC0003", 424242, "what?"])
def test_an_stk_code_without_a_fault_of_the_member_raises_an_alarm(code):
    said = read("stk", stk(ResultCode=code, CallbackMetadata=None)).answer
    assert said.outcome == Outcome.FAILED
    assert said.alarm in (Alarm.STOP, Alarm.LOOK)


@pytest.mark.parametrize("code", [0, "0"])
@pytest.mark.parametrize(
    "metadata", [None, {}, [], {"Item": None}, {"Item": STK_ITEMS[0]}], ids=str
)
def test_a_success_without_a_receipt_is_looked_up(code, metadata):
    said = read("stk", stk(ResultCode=code, CallbackMetadata=metadata)).answer
    assert (said.outcome, said.receipt, said.code) == (Outcome.PENDING, "", "0")
    assert said.alarm == Alarm.LOOK


@pytest.mark.parametrize("code", [False, None, "", [], 0.0, {}])
def test_nothing_but_a_zero_is_success(code):
    """0.0 reads as the text "0.0", an unknown code."""
    try:
        said = read("stk", stk(ResultCode=code))
    except ValueError:
        return
    assert said.answer.outcome == Outcome.FAILED


def test_a_payout_success():
    said = read("b2c-result", result(B2C_ITEMS))
    assert (said.answer.outcome, said.answer.receipt) == (Outcome.SUCCEEDED, "SG632NMUAB")
    assert (said.reference, said.answer.rail_id) == (
        "NSP-7K2Q9PXM",
        "AG_20240706_2010364430d9bbdaf872",
    )
    assert said.amount_cents == 10_00
    assert said.paid_at == datetime(2024, 7, 6, 19, 48, 52, tzinfo=UTC)


@pytest.mark.parametrize("items", [B2C_ITEMS[0], None, "none", [None, 3, *B2C_ITEMS, {"Key": 1}]])
def test_parameters_may_be_an_object_or_missing(items):
    said = read("b2c-result", result(items))
    assert (said.answer.outcome, said.answer.receipt) == (Outcome.SUCCEEDED, "SG632NMUAB")
    assert said.amount_cents == (10_00 if isinstance(items, list | dict) else None)


def test_a_transaction_id_on_a_failure_proves_nothing():
    said = read("b2c-result", result(ResultCode=2001, ResultParameters=None))
    assert (said.answer.outcome, said.answer.receipt) == (Outcome.FAILED, "")
    assert said.answer.alarm == Alarm.STOP


@pytest.mark.parametrize("code", [15, "17", 26, 100000001, "100000042"])
def test_a_system_code_leaves_a_payout_unknown(code):
    said = read("b2c-result", result(ResultCode=code)).answer
    assert (said.outcome, said.alarm) == (Outcome.UNKNOWN, Alarm.NONE)


def test_an_unknown_code_does_not_give_a_payouts_money_back():
    said = read("b2c-result", result(ResultCode="X99")).answer
    assert (said.outcome, said.alarm) == (Outcome.UNKNOWN, Alarm.LOOK)


@pytest.mark.parametrize(
    "body",
    [
        {"OriginatorConversationID": "NSP-7K2Q9PXM", "SecurityCredential": "x", "Amount": "10"},
        {"Request": {"OriginatorConversationID": "NSP-7K2Q9PXM"}},
        [{"Result": {}}],
        result(ResultCode=1),
        result(ResultCode=0),
    ],
    ids=str,
)
def test_a_timeout_is_never_an_outcome(body):
    if isinstance(body, list):
        with pytest.raises(ValueError, match="object"):
            read("b2c-timeout", body)
        return
    said = read("b2c-timeout", body)
    assert (said.answer.outcome, said.reference) == (Outcome.UNKNOWN, "NSP-7K2Q9PXM")


def test_a_status_tells_of_the_payment_not_of_the_question():
    said = read("status-result", GENUINE["status-result"])
    assert (said.answer.outcome, said.answer.receipt) == (Outcome.SUCCEEDED, "MBN31H462N")
    assert said.answer.rail_id == "AG_20180223_000041b09c22e613d6c9"
    assert said.answer.lookup_id == "AG_20240706_2010364430d9bbdaf872"
    assert (said.reference, said.amount_cents) == ("NSP-7K2Q9PXM", 300_00)


@pytest.mark.parametrize(
    ("written", "cents"),
    [
        ("Fee For B2C Payment|KES|5.00", 5_00),
        ("Fee For B2C Payment|KES|0.00", 0),
        ("Fee For B2C Payment|USD|5.00", None),
        ("Fee For B2C Payment|KES|-5.00", None),
        ("", None),
        ("|KES", None),
        ("5.00", None),
    ],
)
def test_a_status_may_say_what_the_payment_cost_us(written, cents):
    items = [one for one in STATUS_ITEMS if one["Key"] != "DebitPartyCharges"]
    items.append({"Key": "DebitPartyCharges", "Value": written})
    assert read("status-result", result(items)).answer.charge_cents == cents


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("600310 - Safaricom333", "600310"),
        ("600310", "600310"),
        # A phone number: the money went out. It is masked when it is kept.
        ("254708374149 - John Doe", "254708***149"),
        ("Safaricom333", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_status_may_say_who_got_the_money(written, number):
    items = [one for one in STATUS_ITEMS if one["Key"] != "CreditPartyName"]
    items.append({"Key": "CreditPartyName", "Value": written})
    said = RAIL.redact(json.dumps(result(items)).encode())
    assert RAIL.parse_callback("status-result", said.encode()).paybill == number


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("Completed", Outcome.SUCCEEDED),
        ("COMPLETED", Outcome.SUCCEEDED),
        ("Cancelled", Outcome.FAILED),
        ("declined", Outcome.FAILED),
        ("Expired", Outcome.FAILED),
        ("Initiated", Outcome.PENDING),
        ("Authorized", Outcome.PENDING),
        ("Pending Authorized", Outcome.PENDING),
        ("", Outcome.PENDING),
        ("Reversed", Outcome.PENDING),
    ],
)
def test_only_some_statuses_are_final(status, outcome):
    items = [one for one in STATUS_ITEMS if one["Key"] != "TransactionStatus"]
    items.append({"Key": "TransactionStatus", "Value": status})
    said = read("status-result", result(items)).answer
    assert (said.outcome, bool(said.receipt)) == (outcome, outcome == Outcome.SUCCEEDED)
    if outcome == Outcome.FAILED:
        assert str(RAIL.explain(said.code, is_payout=True))


@pytest.mark.parametrize(("code", "alarm"), [(2001, Alarm.STOP), ("1", Alarm.NONE)])
def test_a_failed_question_says_nothing_of_the_payment(code, alarm):
    said = read("status-result", result(STATUS_ITEMS, ResultCode=code)).answer
    assert (said.outcome, said.alarm, said.receipt) == (Outcome.UNKNOWN, alarm, "")


@pytest.mark.parametrize("code", [0, "0"])
def test_a_balance(code):
    said = read("balance-result", GENUINE["balance-result"] | {})
    assert said.balances == {
        "Working Account": 700_000_00,
        "Float Account": 0,
        "Utility Account": 228_037_00,
        "Charges Paid Account": -1_540_00,
    }
    assert not said.answer.outcome.is_final


@pytest.mark.parametrize("written", ["", "Working Account", "a|KES|lots", "a|USD|1.00|1.00", 5])
def test_a_balance_that_cannot_be_read_is_none(written):
    with pytest.raises(ValueError, match=r"amount|balance"):
        read("balance-result", result({"Key": "AccountBalance", "Value": written}))


def test_a_payment_to_the_paybill():
    said = read("c2b-confirmation", c2b())
    assert (said.answer.outcome, said.answer.receipt) == (Outcome.SUCCEEDED, "RKL51ZDR4F")
    assert (said.amount_cents, said.account_number) == (5_00, "Sample Transaction")
    assert (said.payer, said.reference) == ("NICHOLAS", "")
    assert said.paid_at == datetime(2023, 11, 21, 9, 13, 25, tzinfo=UTC)


# pragma: allowlist nextline secret
@pytest.mark.parametrize("phone", ["2547 ***** 126", "9f86d081884c7d65", 254712345678, None])
def test_the_payers_number_is_never_read(phone):
    assert read("c2b-confirmation", c2b(MSISDN=phone)) == read("c2b-confirmation", c2b())


@pytest.mark.parametrize("missing", ["TransID", "TransAmount"])
def test_a_payment_without_receipt_or_amount_is_no_payment(missing):
    with pytest.raises(ValueError, match="has no"):
        read("c2b-confirmation", c2b(**{missing: None}))
