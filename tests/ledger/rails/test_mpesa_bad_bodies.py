"""Callback bodies that no gateway should send: each is read or is a ValueError, nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.rails import Callback, Outcome
from ledger.rails.mpesa.callbacks import READERS
from ledger.rails.mpesa.redaction import mask_phones
from tests.ledger.rails.support.reading import RAIL, read
from tests.ledger.rails.support.samples import GENUINE, STK_ITEMS, c2b, result, stk

pytestmark = pytest.mark.any_engine

KINDS = sorted(GENUINE)
every_kind = pytest.mark.parametrize("kind", KINDS)


SOAP = b"<soapenv:Envelope><soapenv:Body><soapenv:Fault/></soapenv:Body></soapenv:Envelope>"
BAD = {
    "empty": b"",
    "html": b"<html><body>502 Bad Gateway</body></html>",
    "soap": SOAP,
    "soap as json": b'{"Envelope":{"Body":{"Fault":{"faultcode":""}}}}',
    "null": b"null",
    "list": b"[]",
    "number": b"12",
    "string": b'"paid"',
    "2 MB": b'{"Body": "' + b"a" * 2_000_000 + b'"}',
    "deep": b"[" * 100_000,
    "deep object": b'{"Body":' * 5_000 + b"1" + b"}" * 5_000,
    "bad utf-8": b'{"Body": "\xff\xfe"}',
    "utf-16": '{"Body": {}}'.encode("utf-16"),
    "half": json.dumps(stk()).encode()[:-30],
    "long number": b'{"Body": ' + b"9" * 10_000 + b"}",
    "form": b"Body=stkCallback",
    "no parts": b'{"Body": {}, "Result": {}}',
    "wrong types": b'{"Body": {"stkCallback": [1]}, "Result": "paid", "TransID": {}}',
}


@every_kind
@pytest.mark.parametrize("raw", BAD.values(), ids=BAD)
def test_a_body_that_cannot_be_read_is_a_value_error(kind, raw):
    """Those that need no field of it may take it: a timeout says nothing in any case."""
    try:
        said = read(kind, raw)
    except ValueError:
        return
    assert kind.endswith("-timeout")
    assert said is None or said.answer.outcome == Outcome.UNKNOWN


@every_kind
def test_a_body_of_another_kind_is_never_a_payment(kind):
    for other, body in GENUINE.items():
        if other.partition("-")[0] == kind.partition("-")[0]:
            continue
        try:
            said = read(kind, body)
        except ValueError:
            continue
        # All results have one envelope, and only the address says what they are about.
        assert said is None or "result" in other + kind or "timeout" in other + kind


LONG_RECEIPT = {"Name": "MpesaReceiptNumber", "Value": "R" * 65}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("c2b-confirmation", c2b(TransID="R" * 65)),
        ("c2b-confirmation", c2b(TransAmount="9" * 30)),
        ("c2b-validation", c2b(TransAmount="100000000000.01")),
        ("b2c-result", result(TransactionID="R" * 65)),
        ("stk", stk(CallbackMetadata={"Item": [STK_ITEMS[0], LONG_RECEIPT]})),
    ],
)
def test_what_the_books_cannot_hold_is_a_value_error(kind, body):
    """It would fail at each try for a day, before all that waits behind it."""
    with pytest.raises(ValueError, match="has no"):
        read(kind, body)


def test_a_receipt_in_another_spelling_is_the_same():
    said = read("c2b-confirmation", c2b(TransID="rkl51zdr4f"))
    assert said.answer.receipt == "RKL51ZDR4F"


def test_a_kind_that_is_none():
    with pytest.raises(ValueError, match="no kind"):
        read("reversal-result", result())


NAMES = [
    *("Body", "stkCallback", "CallbackMetadata", "Item", "Result", "ResultCode", "Key", "Name"),
    *("ResultParameters", "ResultParameter", "Value", "CheckoutRequestID", "ConversationID"),
    *("OriginatorConversationID", "TransID", "TransAmount"),
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["0", "KES", "254712345678", "1.00", "Completed", "a|KES|1"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(NAMES),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)


@given(
    st.sampled_from(KINDS), st.binary(max_size=200) | JSON.map(lambda one: json.dumps(one).encode())
)
def test_any_body_at_all_is_read_or_a_value_error(kind, raw):
    kept = RAIL.redact(raw)
    assert "\0" not in kept
    kept.encode()
    said = outcome_of(kind, raw)
    if isinstance(said, Callback):
        assert bool(said.answer.receipt) == (said.answer.outcome == Outcome.SUCCEEDED)
        assert said.amount_cents is None or said.amount_cents > 0


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, Any]:
    """A genuine callback in which one part, anywhere, is something else."""
    kind = draw(st.sampled_from(KINDS))
    body = json.loads(json.dumps(GENUINE[kind]))
    place: Any = body
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = draw(st.sampled_from(keys))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or draw(st.booleans()):
            break
        place = inner
    place[key] = draw(JSON)
    return kind, body


@given(damaged())
def test_a_genuine_body_with_one_part_damaged_is_read_or_a_value_error(damage):
    kind, body = damage
    raw = json.dumps(body).encode()
    said, kept = outcome_of(kind, raw), outcome_of(kind, RAIL.redact(raw).encode())
    assert without_phones(kept) == without_phones(said)


def without_phones(said: object) -> object:
    """A payer may have typed a phone number as account number."""
    return mask_phones(repr(said))


def outcome_of(kind: str, raw: bytes) -> Callback | type[ValueError] | None:
    try:
        return RAIL.parse_callback(kind, raw)
    except ValueError:
        return ValueError


@every_kind
def test_a_genuine_body_reads_the_same_once_redacted(kind):
    raw = json.dumps(GENUINE[kind]).encode()
    assert read(kind, RAIL.redact(raw).encode()) == read(kind, raw)


def test_the_samples_are_of_every_kind():
    assert set(GENUINE) == set(READERS)
