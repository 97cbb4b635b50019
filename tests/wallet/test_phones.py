"""Every spelling of a Kenyan phone number is the same number."""

import re

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from wallet.phones import mask, national, parse_phone, to_stored

JANE = "+254712345678"
SPELLINGS = [
    "0712345678",
    "0712 345 678",
    "0712-345-678",
    "(0712) 345678",
    "712345678",
    "254712345678",
    "+254712345678",
    "+254 712 345 678",
    "+254 (0) 712 345 678",
    "000254712345678",
    "00254712345678",
    "00254 712 345 678",
    "00 254 712 345678",
    " 00-254-712-345-678",
    "tel:+254712345678",
    "  0712 345 678  ",
    # pasted from a phone book, a chat, a web page, a business card
    "\u202a0712345678\u202c",
    "\u202d+254 712 345 678\u202c",
    "\u200e0712345678",
    "\u2068+254712345678\u2069",
    "\u00a00712\u00a0345\u202f678\u2007",
    "0712\u2011345\u2011678",
    "0712\u2013345\u2212678",
    "0712345678\u200b",
    "\ufeff0712\u00ad345\u2060678",
    "Tel:0712345678",
    "TEL. 0712 345 678",
    "Tel 0712 345 678",
    "tel:\u00a000254\u2011712345678",
]
REFUSED = [
    "",
    "1",
    "0712",
    "07123456789",
    "0712 345 67",
    "0812 345 678",
    "+255712345678",
    "+1 212 555 0100",
    "0712345678 ext 5",
    "0712345678;ext=5",
    "jane",
    "\u0660\u0667\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668",
    "\uff10\uff17\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18",
    "0712 345\u202e 678",
    "0712345\n678",
    "telephone 0712345678",
    "tel0712345678",
    "phone: 0712345678",
    "0712 345 67B",
    "+254712345678" * 4,
    "00255712345678",
    "0000254712345678",
    "00254",
    "00 254 12",
    "0" * 41,
]


@pytest.mark.parametrize("typed", SPELLINGS)
def test_every_spelling_is_the_same_number(typed):
    assert parse_phone(typed) == JANE


@pytest.mark.parametrize("typed", REFUSED)
def test_other_numbers_are_refused(typed):
    with pytest.raises(ValidationError) as refusal:
        parse_phone(typed)
    assert refusal.value.messages == ["Enter a Kenyan phone number, like 0712 345 678."]


@given(st.integers(min_value=700_000_000, max_value=729_999_999))
def test_a_formatted_number_reads_back_as_the_same_number(local):
    phone = f"+254{local}"
    assert parse_phone(phone) == phone
    assert parse_phone(national(phone)) == phone


@given(st.text(max_size=60) | st.text(st.sampled_from("0123456789+-() "), max_size=20))
def test_any_text_is_read_or_refused(typed):
    try:
        phone = parse_phone(typed)
    except ValidationError:
        return
    assert re.fullmatch(r"\+254[0-9]{7,10}", phone)
    assert parse_phone(phone) == phone


def test_a_number_is_shown_in_national_form():
    assert national(JANE) == "0712 345 678"


def test_a_masked_number_hides_its_middle_digits():
    assert mask(JANE) == "0712 *** 678"
    assert "345" not in mask(JANE)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("0712 345 678", "+254712345678"),
        ("0712 345", "+254712345"),
        ("+254 712", "+254712"),
        ("254712345678", "+254712345678"),
        ("(0712) 345-678", "+254712345678"),
        ("Jane", "Jane"),
        ("Jane 0712", "Jane 0712"),
        ("07", "07"),
        ("NS-07123456", "NS-07123456"),
        ("\u0660\u0667\u0661\u0662", "\u0660\u0667\u0661\u0662"),
        ("", ""),
        ("\u202a0712\u00a0345", "+254712345"),
        ("Tel: 0712\u2011345", "+254712345"),
    ],
)
def test_a_number_or_its_start_is_searched_in_stored_form(typed, stored):
    assert to_stored(typed) == stored
