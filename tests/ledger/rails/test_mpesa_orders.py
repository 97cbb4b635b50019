"""With RAIL=mpesa, orders take M-PESA: they wait, and are within its limits."""

from __future__ import annotations

import pytest

from ledger.errors import RailAmount
from tests.books import assert_books_right, nothing_moves
from tests.conftest import signed_in
from tests.factories import balance, deposit, withdraw
from tests.ledger.support.later import end, sent
from tests.ledger.support.moves import lines
from tests.pages import text
from tests.tampering import violations

pytestmark = pytest.mark.django_db
FLOAT = -5


@pytest.fixture(autouse=True)
def _mpesa(alice, settings) -> None:
    """Alice got her money over the simulated rail."""
    settings.RAIL = "mpesa"


def test_a_payout_waits_for_m_pesa_and_leaves_its_float(alice):
    record = withdraw(alice, 300_00)
    assert (record.rail, record.status, balance(alice)) == ("mpesa", "PENDING", 700_00)
    end(sent(record), "SUCCESS")
    assert lines(record)[-1] == (FLOAT, 300_00, None)
    assert_books_right()
    assert violations() == []


def test_a_deposit_waits_for_m_pesa(alice):
    record = deposit(alice, 250_000_00)
    assert (record.rail, record.status, balance(alice)) == ("mpesa", "PENDING", 1_000_00)


@pytest.mark.parametrize("cents", [9_00, 20_50, 10_01])
def test_m_pesa_takes_whole_shillings_from_ten(alice, cents):
    for move in (deposit, withdraw):
        with nothing_moves(), pytest.raises(RailAmount) as refusal:
            move(alice, cents)
        said = str(refusal.value).replace("\u00a0", " ")
        assert said.startswith("M-PESA takes whole shillings, KES 10.00 to KES 250,000.00")


def test_pages_say_m_pesa_and_no_word_of_a_test(alice):
    record = withdraw(alice, 300_00)
    page = text(signed_in(alice).get(f"/activity/{record.reference}/"))
    assert "simulated" not in page.lower()
    assert "Test mode" not in page
