"""The text of the form and review pages: where the money goes and how much is available."""

import pytest

from tests.conftest import signed_in
from tests.factories import UserFactory, funded, send, withdraw
from tests.ledger.support.typed import MOVES, order, press, url
from tests.pages import elements, fields, text, words
from wallet import operations as wallet_operations
from wallet.context import SYSTEM
from wallet.money import format_amount

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

every_move = pytest.mark.parametrize("move", MOVES)
moves_out = pytest.mark.parametrize("move", ["transfer", "withdraw"])


def quick_amounts(response) -> list[str]:
    return [
        words(button)
        for button in elements(response, "button")
        if "data-amount" in dict(button.attributes)
    ]


def masked(user) -> str:
    local = "0" + user.phone.removeprefix("+254")
    return f"{local[:4]} *** {local[-3:]}"


def test_a_withdrawal_says_where_the_money_goes(alice, as_alice):
    record = withdraw(alice, 1_00)
    for page in (as_alice.get("/withdraw/"), press(as_alice, "withdraw", order("withdraw"))):
        assert f"Goes to Your own phone {masked(alice)}" in text(page)
        assert "Test mode" in text(page)
        assert alice.phone not in page.text
    receipt = text(as_alice.get(f"/activity/{record.reference}/"))
    assert "To M-PESA Test mode" in receipt


def test_a_withdrawal_without_a_phone_number_says_what_happens():
    client = signed_in(user := funded(UserFactory(phone=None), 500_00))
    for page in (client.get("/withdraw/"), press(client, "withdraw", order("withdraw"))):
        said = text(page)
        assert "There is no phone number on your profile." in said
        assert "no real money arrives" in said
        assert "/profile/" in [dict(link.attributes)["href"] for link in elements(page, "a")]
    record = withdraw(user, 1_00)
    assert "To M-PESA Test mode" in text(client.get(f"/activity/{record.reference}/"))


@pytest.mark.parametrize(
    ("cents", "offered"),
    [(99_99, []), (100_00, ["100"]), (999_99, ["100", "500"]), (1_000_00, ["100", "500", "1,000"])],
)
@moves_out
def test_quick_amounts_never_exceed_the_balance(move, cents, offered):
    client = signed_in(funded(UserFactory(), cents))
    page = client.get(url(move))
    assert quick_amounts(page) == [*offered, "Max"]
    *_others, most = [
        dict(button.attributes)["data-amount"]
        for button in elements(page, "button")
        if "data-amount" in dict(button.attributes)
    ]
    assert most == format_amount(cents)
    assert quick_amounts(client.get("/deposit/")) == ["100", "500", "1,000"]


@moves_out
def test_a_frozen_wallet_offers_no_form(as_alice, alice, move):
    wallet_operations.freeze(SYSTEM, alice.primary_account().pk)
    page = as_alice.get(url(move))
    assert "Your wallet is frozen" in text(page)
    assert "amount" not in fields(page)
    assert "Continue" not in text(page)
    assert "amount" in fields(as_alice.get("/deposit/"))


@every_move
def test_a_hidden_balance_stays_hidden_on_these_pages(as_alice, alice, bob, move):
    record = send(alice, bob, 1_00)
    as_alice.cookies["balance"] = "hidden"
    for page in (
        as_alice.get(url(move)),
        press(as_alice, move, order(move, bob)),
        as_alice.get(f"/activity/{record.reference}/"),
    ):
        for shown in ("999.00", "1,249.00", "749.00"):
            assert shown not in text(page)


@moves_out
def test_an_empty_wallet_says_so_and_leads_to_a_deposit(bob, move):
    as_bob = signed_in(bob)
    page = as_bob.get(url(move))
    assert "Your wallet is empty" in text(page)
    assert "amount" not in fields(page)
    # Who hides the balance hides that it's zero, too.
    as_bob.cookies["balance"] = "hidden"
    page = as_bob.get(url(move))
    assert "empty" not in text(page)
    assert "amount" in fields(page)


@moves_out
def test_a_refusal_does_not_name_a_hidden_balance(as_alice, bob, move):
    typed = order(move, bob) | {"amount": "1,000.01" if move == "transfer" else "1,001"}
    assert "You have KES 1,000.00 available" in text(press(as_alice, move, typed))
    as_alice.cookies["balance"] = "hidden"
    page = press(as_alice, move, typed)
    assert "There isn't enough for that. Enter less." in text(page)
    assert "1,000.00" not in page.text
    links = {dict(link.attributes)["href"] for link in elements(page, "a")}
    assert "/deposit/" in links


def test_the_form_announces_the_review_as_a_step_and_not_as_a_page(as_alice):
    said = text(as_alice.get("/transfer/"))
    assert "on the next page" not in said
    assert "You can check everything before any money moves." in said
