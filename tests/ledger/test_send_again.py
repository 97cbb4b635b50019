"""Send to the same person again: from a receipt, or from the list of recent payees."""

import pytest

from ledger.models import Transaction
from tests.conftest import signed_in
from tests.factories import UserFactory, balance, deposit, funded, send
from tests.ledger.support.typed import confirm, order, press, record_of
from tests.pages import (
    elements,
    fields,
    find,
    htmx,
    is_part,
    key,
    problems,
    problems_beside,
    text,
    words,
)

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

URL = "/transfer/"


@pytest.fixture
def sent(alice, bob) -> Transaction:
    return send(alice, bob, 20_00, description="Lunch")


def again_link(client, record) -> str:
    page = client.get(f"/activity/{record.reference}/")
    (link,) = [link for link in elements(page, "a") if words(link) == "Send again"]
    return str(dict(link.attributes)["href"])


def picks(response) -> dict[str, str]:
    """Name and value of each button in the list of recent payees."""
    (group,) = elements(response, "div", class_="recent") or [None]
    if group is None:
        return {}
    return {
        words(list(find(button, "span"))[1]).split(" 07")[0]: dict(button.attributes)["value"]
        for button in find(group, "button", name="pick")
    }


def test_a_receipt_links_to_a_form_with_the_same_person_and_amount(as_alice, bob, sent):
    link = again_link(as_alice, sent)
    for secret in (bob.phone, bob.phone[-9:], bob.email, "@", "%40"):
        assert secret not in link
    page = as_alice.get(link)
    assert "Bob O." in text(page)
    assert fields(page)["amount"] == "20.00"
    for secret in (bob.phone, bob.phone[-9:], bob.email, "Otieno"):
        assert secret not in page.text


def test_sending_again_needs_a_confirmation_and_happens_once(as_alice, bob, sent):
    page = as_alice.get(again_link(as_alice, sent))
    review = press(as_alice, "transfer", fields(page))
    for shown in ("Nothing has moved yet.", "Bob O.", "KES 20.00"):
        assert shown in text(review)
    assert bob.phone not in review.text
    receipt = confirm(as_alice, "transfer", fields(review))
    assert record_of(receipt).to_account == bob.primary_account()
    assert (
        confirm(as_alice, "transfer", fields(review)).headers["Location"]
        == (receipt.headers["Location"])
    )
    assert balance(bob) == 40_00


def test_sending_again_pays_the_same_person_even_with_a_new_phone_number(as_alice, bob, sent):
    old, bob.phone = bob.phone, "+254799000111"
    bob.save()
    other = UserFactory(name="Mallory New", phone=old)
    page = as_alice.get(again_link(as_alice, sent))
    confirm(as_alice, "transfer", fields(page))
    assert (balance(bob), balance(other)) == (40_00, 0)


@pytest.mark.parametrize("whose", ["received", "strangers", "deposit", "nobodys", "malformed"])
def test_only_the_members_own_transfers_can_be_sent_again(as_alice, alice, bob, carol, whose):
    funded(bob, 10_00)
    reference = {
        "received": lambda: send(bob, alice, 1_00).reference,
        "strangers": lambda: send(bob, carol, 1_00).reference,
        "deposit": lambda: deposit(alice, 1_00).reference,
        "nobodys": lambda: "NS-00000000",
        "malformed": lambda: "'; --" * 900,
    }[whose]()
    page = as_alice.get(URL, {"again": reference})
    assert page.status_code == 200
    for name in ("Bob O.", "Carol K.", "Alice W."):
        assert name not in text(page)
    answer = confirm(as_alice, "transfer", order("transfer", again=reference))
    assert answer.status_code == 422
    assert problems_beside(answer, "recipient") == ["Enter the person's phone number or email."]


def test_a_typed_recipient_wins_over_the_earlier_payee(as_alice, bob, carol, sent):
    filled = order("transfer", carol, again=sent.reference)
    assert "Carol K." in text(press(as_alice, "transfer", filled))


def test_the_last_four_payees_are_listed_newest_first(alice, as_alice):
    people = [UserFactory(name=f"{name} Last") for name in ("Ann", "Ben", "Cat", "Dan", "Eve")]
    for person in [*people, people[1]]:
        send(alice, person, 1_00)
    assert list(picks(as_alice.get(URL))) == ["Ben L.", "Eve L.", "Dan L.", "Cat L."]


def test_senders_and_closed_members_are_not_listed(as_alice, alice, bob, carol, sent):
    send(funded(carol, 5_00), alice, 1_00)
    assert list(picks(as_alice.get(URL))) == ["Bob O."]
    bob.is_active = False
    bob.save()
    assert picks(as_alice.get(URL)) == {}


@pytest.mark.parametrize("headers", [None, htmx("move")])
def test_picking_a_payee_keeps_the_input(as_alice, bob, sent, headers):
    page = as_alice.get(URL)
    typed = {"amount": "12.34", "description": "Tea & cake", "idempotency_key": key(page)}
    answer = as_alice.post(URL, typed | {"pick": picks(page)["Bob O."]}, headers=headers)
    assert answer.status_code == 200
    if headers:
        assert is_part(answer, "move")
    assert fields(answer).items() >= typed.items()
    assert "Bob O." in text(answer)
    assert not problems(answer)
    receipt = confirm(as_alice, "transfer", fields(answer))
    assert record_of(receipt).to_account == bob.primary_account()


def test_the_member_can_still_choose_another_recipient(as_alice, sent):
    page = as_alice.get(URL, {"again": sent.reference, "amount": "5"})
    assert "recipient" not in fields(page)
    answer = as_alice.post(URL, fields(page) | {"pick": ""})
    assert fields(answer)["recipient"] == ""
    assert fields(answer)["amount"] == "5"


def test_the_enter_key_picks_no_payee(as_alice, sent):
    """On Enter a browser presses the form's first button, and that isn't one of the payees."""
    form = next(
        form for form in elements(as_alice.get(URL), "form") if list(find(form, id="id_amount"))
    )
    first = next(find(form, "button", type="submit"))
    assert "name" not in dict(first.attributes)


def test_a_refused_payment_keeps_its_payee(as_alice, sent):
    page = as_alice.get(again_url := f"{URL}?again={sent.reference}&amount=9999")
    assert again_url
    answer = press(as_alice, "transfer", fields(page))
    assert answer.status_code == 422
    assert "Bob O." in text(answer)
    assert fields(answer)["again"] == sent.reference


def test_a_receipt_of_received_money_does_not_offer_to_send_again(sent, bob):
    page = signed_in(bob).get(f"/activity/{sent.reference}/")
    assert "Send again" not in text(page)
