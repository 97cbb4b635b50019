"""Account numbers: one for each wallet, found in any spelling, never found by a mistake."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet import account_numbers
from wallet.models import Account, User

pytestmark = pytest.mark.any_engine

ids = st.integers(1, 10**15)


@given(ids)
def test_a_number_is_its_wallets_alone(account_id):
    number = account_numbers.of(account_id)
    assert re.fullmatch(r"NS[1-9][0-9]{5,16}", number)
    assert account_numbers.parse(number) == account_id


@given(ids, st.text(alphabet=" -./\u200b\u200f\u00a0\u2011#\t", max_size=3))
def test_spelling_does_not_matter(account_id, sign):
    number = account_numbers.of(account_id)
    for spelling in (number.lower(), sign.join(number), f"{sign}{number}{sign}"):
        assert account_numbers.parse(spelling) == account_id
    wide = "".join(chr(ord(each) + 0xFEE0) for each in number)
    assert account_numbers.parse(wide) == account_id


@given(st.integers(1, 10**7), st.data())
def test_a_slip_names_no_wallet(account_id, data):
    digits = account_numbers.of(account_id)[2:]
    at = data.draw(st.integers(0, len(digits) - 1))
    other = data.draw(st.sampled_from([each for each in "0123456789" if each != digits[at]]))
    slips = {digits[:at] + other + digits[at + 1 :]}
    if at:
        slips.add(digits[: at - 1] + digits[at] + digits[at - 1] + digits[at + 1 :])
    for slip in slips - {digits}:
        assert account_numbers.parse(f"NS{slip}") is None


@given(st.text(max_size=30))
def test_any_text_may_be_typed(text):
    assert account_numbers.parse(text) is None


@pytest.mark.parametrize(
    "text",
    ["", "NS", "NS1", "481972", "NSP481972", "NS481972X", "A/C NS481972", "NS٤٨١٩٧٢", "N" * 300],
)
def test_not_a_number(text):
    assert account_numbers.parse(text) is None


def test_the_first_numbers_have_six_digits():
    assert account_numbers.of(1) == "NS481972"
    assert len({account_numbers.of(one) for one in range(1, 3000)}) == 2999
    assert {len(account_numbers.of(one)) for one in (1, 89_999)} == {8}


@pytest.mark.django_db
def test_a_wallet_has_one(alice: User):
    account = Account.objects.wallet(alice.pk)
    assert account_numbers.parse(account.number) == account.pk
