"""Sending to somebody again: from a receipt, or from those one has sent to lately."""

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

pytestmark = pytest.mark.django_db

URL = "/transfer/"


@pytest.fixture
def sent(alice, bob) -> Transaction:
    return send(alice, bob, 20_00, description="Lunch")


def again_link(client, record) -> str:
    page = client.get(f"/activity/{record.reference}/")
    (link,) = [link for link in elements(page, "a") if words(link) == "Send again"]
    return str(dict(link.attributes)["href"])


def picks(response) -> dict[str, str]:
    """Name and value of each button of the people one has sent to lately."""
    (group,) = elements(response, "div", class_="recent") or [None]
    if group is None:
        return {}
    return {
        words(list(find(button, "span"))[1]).split(" 07")[0]: dict(button.attributes)["value"]
        for button in find(group, "button", name="pick")
    }


def test_a_receipt_leads_to_the_same_person_and_amount(as_alice, bob, sent):
    link = again_link(as_alice, sent)
    for secret in (bob.phone, bob.phone[-9:], bob.email, "@", "%40"):
        assert secret not in link
    page = as_alice.get(link)
    assert "Bob O." in text(page)
    assert fields(page)["amount"] == "20.00"
    for secret in (bob.phone, bob.phone[-9:], bob.email, "Otieno"):
        assert secret not in page.text


def test_it_is_confirmed_like_any_other_and_sent_once(as_alice, bob, sent):
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


def test_it_is_the_same_person_whatever_their_phone_is_now(as_alice, bob, sent):
    old, bob.phone = bob.phone, "+254799000111"
    bob.save()
    other = UserFactory(name="Mallory New", phone=old)
    page = as_alice.get(again_link(as_alice, sent))
    confirm(as_alice, "transfer", fields(page))
    assert (balance(bob), balance(other)) == (40_00, 0)


@pytest.mark.parametrize("whose", ["received", "strangers", "deposit", "nobodys", "malformed"])
def test_only_the_payee_of_ones_own_transfer_is_known(as_alice, alice, bob, carol, whose):
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


def test_what_is_typed_wins_over_what_was_known(as_alice, bob, carol, sent):
    filled = order("transfer", carol, again=sent.reference)
    assert "Carol K." in text(press(as_alice, "transfer", filled))


def test_the_last_few_people_stand_by_the_field_newest_first(alice, as_alice):
    people = [UserFactory(name=f"{name} Last") for name in ("Ann", "Ben", "Cat", "Dan", "Eve")]
    for person in [*people, people[1]]:
        send(alice, person, 1_00)
    assert list(picks(as_alice.get(URL))) == ["Ben L.", "Eve L.", "Dan L.", "Cat L."]


def test_who_sent_to_one_or_has_closed_is_not_among_them(as_alice, alice, bob, carol, sent):
    send(funded(carol, 5_00), alice, 1_00)
    assert list(picks(as_alice.get(URL))) == ["Bob O."]
    bob.is_active = False
    bob.save()
    assert picks(as_alice.get(URL)) == {}


@pytest.mark.parametrize("headers", [None, htmx("move")])
def test_picking_one_keeps_what_was_typed(as_alice, bob, sent, headers):
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


def test_somebody_else_can_be_chosen_after_all(as_alice, sent):
    page = as_alice.get(URL, {"again": sent.reference, "amount": "5"})
    assert "recipient" not in fields(page)
    answer = as_alice.post(URL, fields(page) | {"pick": ""})
    assert fields(answer)["recipient"] == ""
    assert fields(answer)["amount"] == "5"


def test_enter_picks_nobody(as_alice, sent):
    """A browser presses the first button of the form, which is not one of the people."""
    form = next(
        form for form in elements(as_alice.get(URL), "form") if list(find(form, id="id_amount"))
    )
    first = next(find(form, "button", type="submit"))
    assert "name" not in dict(first.attributes)


def test_a_refused_order_keeps_its_payee(as_alice, sent):
    page = as_alice.get(again_url := f"{URL}?again={sent.reference}&amount=9999")
    assert again_url
    answer = press(as_alice, "transfer", fields(page))
    assert answer.status_code == 422
    assert "Bob O." in text(answer)
    assert fields(answer)["again"] == sent.reference


def test_a_receipt_of_money_received_does_not_offer_it(sent, bob):
    page = signed_in(bob).get(f"/activity/{sent.reference}/")
    assert "Send again" not in text(page)
