"""A refused withdrawal names the largest amount that fits, and the form does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ledger.errors import AmountRefused
from ledger.rails.simulated import Simulated
from tests.api.support.calls import by_token
from tests.books import nothing_moves
from tests.conftest import signed_in
from tests.factories import UserFactory, balance, funded, send, withdraw
from tests.ledger.support.prices import price
from tests.ledger.support.typed import order, press
from tests.pages import text
from wallet.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(monkeypatch) -> Callable[[int], User]:
    """A member who holds this much, on a rail for whole shillings, KES 10 to KES 2,000."""

    def make(cents: int) -> User:
        owner = funded(UserFactory(), cents) if cents else UserFactory()
        limits = {"takes_cents": False, "lowest_cents": 10_00, "highest_cents": 2_000_00}
        for name, value in limits.items():
            monkeypatch.setattr(Simulated, name, value)
        return owner

    return make


@pytest.mark.parametrize(
    ("cents", "bands", "most"),
    [
        (1_234_56, (), 1_234_00),
        (1_234_56, ((1_00, 10_00),), 1_224_00),
        # Just enough for the dearer band, and not enough for it.
        (1_030_00, ((1_00, 10_00), (1_000_00, 30_00)), 1_000_00),
        (1_029_99, ((1_00, 10_00), (1_000_00, 30_00)), 999_00),
        # Nothing costs from KES 900 on.
        (950_00, ((1_00, 10_00), (900_00, 0)), 950_00),
        (9_000_00, ((1_00, 10_00),), 2_000_00),
        (20_00, ((1_00, 10_00),), 10_00),
        (19_99, ((1_00, 10_00),), 0),
        (0, (), 0),
    ],
)
def test_the_largest_amount_leaves_and_one_more_shilling_does_not(member, cents, bands, most):
    owner, above = member(cents), max(most + 1_00, 10_00)
    if bands:
        price(*bands)
    with nothing_moves(), pytest.raises(AmountRefused) as refusal:
        withdraw(owner, above)
    said = str(refusal.value).replace("\u00a0", " ")
    if most == 2_000_00:
        assert "to KES 2,000.00 at a time" in said
    elif not most:
        assert said.endswith("That is too little to withdraw.")
    elif most == cents:
        assert said.endswith("Enter that or less.")
    else:
        assert said.endswith(f"You can withdraw up to KES {most // 100:,}.00 now.")
    if most:
        withdraw(owner, most)
        assert balance(owner) >= 0


def test_what_the_daily_limit_leaves_counts_too(member, settings, bob):
    settings.LIMIT_CENTS_OUT_PER_DAY = 1_000_00
    owner = member(5_000_00)
    send(owner, bob, 399_50)
    with pytest.raises(AmountRefused) as refusal:
        withdraw(owner, 601_00)
    assert (
        str(refusal.value)
        .replace("\u00a0", " ")
        .endswith("You have KES 600.50 left today. You can withdraw up to KES 600.00 now.")
    )
    withdraw(owner, 600_00)


def test_the_page_and_the_api_say_it(member, bob):
    price((1_00, 10_00))
    owner = member(505_50)
    client = signed_in(owner)
    page = client.get("/withdraw/")
    assert "You have KES 505.50 available. You can withdraw up to KES 495.00 now." in text(page)
    assert 'data-amount="500"' not in page.text
    assert 'data-amount="100"' in page.text
    refused = press(client, "withdraw", order("withdraw", bob, amount="506"))
    sentence = "You have KES 505.50 available. You can withdraw up to KES 495.00 now."
    assert sentence in text(refused)
    asked = {"user_id": owner.pk, "amount_cents": 506_00}
    body = by_token(owner).post("/api/withdraw", asked).json()
    assert body["detail"].replace("\u00a0", " ") == sentence
    # Sending is neither charged nor in whole shillings.
    assert "You can withdraw" not in text(client.get("/send/"))
