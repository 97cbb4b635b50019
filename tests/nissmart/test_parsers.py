"""Whatever a stranger sends, a parser answers or refuses it, and what it answers is well-formed.

PARSER_CASES says how many inputs all parsers get together; `make nightly` asks for a million.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from adminpanel.reconciliation.formats.rows import Unreadable
from ledger.rails.mpesa import callbacks
from tests.adminpanel.support.statement_files import read
from wallet import account_numbers, money, phones
from wallet.web.paging import BadCursor, place

pytestmark = [pytest.mark.any_engine, pytest.mark.slow]

PARSERS = 6
CASES = int(os.environ.get("PARSER_CASES", "300")) // PARSERS
effort = settings(
    max_examples=CASES,
    deadline=None,
    derandomize=CASES < 1_000,
    suppress_health_check=list(HealthCheck),
    database=None,
)
# Near what is meant, and anything at all.
AMOUNT = r"(KES|Ksh\.?)? ?[0-9,. '\u00a0]{0,25}"
AMOUNTS = st.one_of(st.text(), st.from_regex(AMOUNT, fullmatch=True))
PHONES = st.one_of(st.text(), st.from_regex(r"[+(]?[0-9 ().\-]{0,20}", fullmatch=True))
CURSORS = st.one_of(st.text(), st.from_regex(r"[A-Za-z0-9_.~=:-]{0,80}", fullmatch=True))
NUMBERS = st.one_of(st.text(), st.from_regex(r"[0-9A-Z \-]{0,16}", fullmatch=True))
CELL = st.one_of(
    st.text(max_size=20),
    st.from_regex(r"-?[0-9,.]{1,14}", fullmatch=True),
    st.sampled_from(["Receipt No.", "Completion Time", "Paid In", "Withdrawn", "Date", "Amount"]),
    st.sampled_from(["2026-11-20 10:00:00", "20/11/2026", ":61:2611200C10,00NTRF", ":20:X", '"']),
)
TABLES = st.one_of(
    st.binary(max_size=400),
    st.lists(st.lists(CELL, max_size=8).map(",".join), max_size=12).map("\n".join).map(str.encode),
)
NAMES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["Body", "stkCallback", "Result", "ResultCode", "CheckoutRequestID", "Item"]),
    st.sampled_from(["TransAmount", "TransID", "BillRefNumber", "Key", "Value", "Name", "Amount"]),
    st.sampled_from(["ConversationID", "OriginatorConversationID", "ResultParameters"]),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=12,
)


@effort
@given(AMOUNTS)
@example("1e9")
@example("٣")
def test_an_amount_is_whole_cents_above_zero_or_refused(text):
    try:
        cents = money.parse_shillings(text)
    except ValidationError:
        return
    assert type(cents) is int
    assert cents > 0
    assert money.parse_shillings(money.format_amount(cents)) == cents


@effort
@given(PHONES)
def test_a_phone_number_has_one_form_or_is_refused(text):
    try:
        phone = phones.parse_phone(text)
    except ValidationError:
        return
    assert phone.startswith("+254")
    assert phones.parse_phone(phone) == phone


@effort
@given(NUMBERS)
def test_an_account_number_is_that_of_an_account_or_nothing(text):
    found = account_numbers.parse(text)
    assert found is None or account_numbers.parse(account_numbers.of(found)) == found


@effort
@given(CURSORS)
def test_a_cursor_is_a_place_or_refused(text):
    with suppress(BadCursor):
        place("proof", text)


@effort
@given(TABLES)
def test_a_statement_is_read_or_refused(raw):
    with suppress(Unreadable):
        read(raw)


@effort
@given(st.sampled_from(sorted(callbacks.READERS)), st.one_of(st.binary(max_size=200), JSON))
def test_a_callback_is_read_or_refused(kind, body: Any):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with suppress(ValueError):
        callbacks.parse(kind, raw)
