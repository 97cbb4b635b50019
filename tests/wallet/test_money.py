"""Amounts are read and written without losing a cent."""

import contextlib
import re
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import example, given
from hypothesis import strategies as st

from wallet.money import (
    CEILING_CENTS,
    format_amount,
    format_money,
    format_signed_money,
    parse_plain,
    parse_shillings,
)

any_cents = st.integers(min_value=1, max_value=CEILING_CENTS - 1)
digits = st.text(st.sampled_from("0123456789.,+- eE_\u0660\uff11\u200b\n"), max_size=16)


@pytest.mark.parametrize(
    ("typed", "cents"),
    [
        ("500", 500_00),
        ("0.01", 1),
        ("0.1", 10),
        ("0.10", 10),
        ("1,234.50", 1_234_50),
        ("1234.5", 1_234_50),
        ("12,345,678.90", 12_345_678_90),
        ("  500  ", 500_00),
        ("007", 7_00),
        ("99999999999.99", 99_999_999_999_99),
        ("Ksh 500", 500_00),
        ("500/=", 500_00),
        (".50", 50),
        ("KES\u00a01,234.50", 1_234_50),
    ],
)
def test_amounts_are_read_as_people_write_them(typed, cents):
    assert parse_shillings(typed) == cents


@pytest.mark.parametrize("typed", ["0", "0.0", "0.00", "000", "0,000"])
def test_zero_is_refused(typed):
    with pytest.raises(ValidationError) as refusal:
        parse_shillings(typed)
    assert refusal.value.messages == ["Enter an amount above zero."]


@pytest.mark.parametrize(
    "typed", ["", ".", ",", "1,23", "1,2345", "12,34,567", ",500", "1.", ".555"]
)
def test_malformed_amounts_are_refused(typed):
    with pytest.raises(ValidationError) as refusal:
        parse_shillings(typed)
    assert refusal.value.messages == ["Enter an amount in shillings, like 500 or 1,234.50."]


@given(any_cents)
@example(CEILING_CENTS - 1)
def test_a_formatted_amount_reads_back_as_the_same_cents(cents):
    assert parse_shillings(format_amount(cents)) == cents
    assert parse_shillings(format_amount(cents).replace(",", "")) == cents


@given(digits)
def test_nothing_is_rounded_and_only_amounts_are_read(typed):
    try:
        cents = parse_shillings(typed)
    except ValidationError:
        return
    plain = typed.strip(" ").replace(",", "")
    assert re.fullmatch(r"([0-9]{1,12}(\.[0-9]{1,2})?|\.[0-9]{1,2})", plain)
    assert Decimal(cents) == Decimal(plain) * 100
    assert 0 < cents < CEILING_CENTS


@given(any_cents, st.sampled_from(["Ksh {}", "{}/=", "KES\u00a0{}", "\u202a{}\u202c", "sh{} "]))
def test_a_currency_and_invisible_characters_change_nothing(cents, around):
    assert parse_shillings(around.format(format_amount(cents))) == cents


def test_an_amount_copied_from_a_page_can_be_pasted():
    assert parse_shillings(format_money(1_234_50)) == 1_234_50


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(typed):
    with contextlib.suppress(ValidationError):
        assert parse_shillings(typed) > 0


@pytest.mark.parametrize(
    ("cents", "money", "signed"),
    [
        (0, "KES\u00a00.00", "+KES\u00a00.00"),
        (5, "KES\u00a00.05", "+KES\u00a00.05"),
        (1_234_50, "KES\u00a01,234.50", "+KES\u00a01,234.50"),
        (-500_00, "\u2212KES\u00a0500.00", "\u2212KES\u00a0500.00"),
        (-1, "\u2212KES\u00a00.01", "\u2212KES\u00a00.01"),
    ],
)
def test_money_is_written_with_its_sign(cents, money, signed):
    assert format_money(cents) == money
    assert format_signed_money(cents) == signed


def test_a_bare_negative_amount_has_a_true_minus():
    assert format_amount(-1_000_05) == "\u22121,000.05"


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("300", 300_00),
        ("5.00", 5_00),
        ("1.5", 1_50),
        ("1.", 1_00),
        ("-1980.00", -1980_00),
        ("0", 0),
        ("0.01", 1),
        ("8959269.6000", 8959269_60),
        ("90071992547.99", 90071992547_99),
    ],
)
def test_an_amount_of_a_program_is_read_to_the_cent(text, cents):
    assert parse_plain(text) == cents


@pytest.mark.parametrize(
    "text", ["", "-", ".5", "1.005", "1e3", "NaN", "1,000", " 1", "+1", "٣", "1" * 12, "1.00x"]
)
def test_what_is_no_amount_of_a_program_is_a_value_error(text):
    with pytest.raises(ValueError, match="not an amount"):
        parse_plain(text)
