"""A refused form says why in one sentence at its field, keeps the input, and moves nothing."""

import pytest
from django.test import Client

from ledger.models import Transaction
from tests.conftest import signed_in
from tests.factories import UserFactory, balance, deposit, funded, send
from tests.ledger.support.crowd import IS_NIGHTLY
from tests.ledger.support.typed import MOVES, confirm, order, press, url
from tests.pages import fields, htmx, is_part, is_whole_page, key, problems, problems_beside, title
from wallet import operations as wallet_operations
from wallet.context import SYSTEM
from wallet.errors import Busy

pytestmark = pytest.mark.django_db

every_move = pytest.mark.parametrize("move", MOVES)
moves_out = pytest.mark.parametrize("move", ["transfer", "withdraw"])


PAGE, PART = None, htmx("move")
EVERY_WAY = [(press, PAGE), (press, PART), (confirm, PAGE), (confirm, PART)]
# What was typed is refused by the same lines, whatever is wrong with it.
BOTH = EVERY_WAY if IS_NIGHTLY else [(press, PAGE), (confirm, PART)]


def assert_refused(client, move, filled, sentence, field="amount", ways=BOTH):
    """The review and the confirmation both refuse, as a whole page or as a part."""
    before = Transaction.objects.count()
    for press_button, headers in ways:
        response = press_button(client, move, filled, headers)
        assert response.status_code == 422
        assert problems(response) == [sentence]
        if field:
            assert problems_beside(response, field) == [sentence]
        kept = {name: value for name, value in filled.items() if name != "confirm"}
        assert fields(response).items() >= kept.items()
        if headers:
            assert is_part(response, "move")
        else:
            assert is_whole_page(response)
            assert title(response).startswith("Error: ")
    assert Transaction.objects.count() == before


@every_move
def test_an_amount_is_needed(as_alice, bob, move):
    filled = order(move, bob, amount="")
    assert_refused(as_alice, move, filled, "Enter an amount.", ways=EVERY_WAY)


@moves_out
def test_refuses_more_than_the_balance(as_alice, bob, move):
    sentence = "You have KES 1,000.00 available. Enter that or less."
    filled = order(move, bob, amount="1,000.01")
    assert_refused(as_alice, move, filled, sentence, ways=EVERY_WAY)


@moves_out
def test_no_money_leaves_a_frozen_wallet(as_alice, alice, bob, move):
    wallet_operations.freeze(SYSTEM, alice.primary_account().pk)
    sentence = (
        "This wallet is frozen, so money can't leave it. "
        "For help: help@nissmart.example or 0800 000 000."
    )
    assert_refused(as_alice, move, order(move, bob), sentence, field=None)
    wallet_operations.unfreeze(SYSTEM, alice.primary_account().pk)
    assert confirm(as_alice, move, order(move, bob)).status_code == 303


def test_a_frozen_wallet_still_receives_money(as_alice, alice, bob):
    wallet_operations.freeze(SYSTEM, alice.primary_account().pk)
    assert confirm(as_alice, "deposit", order("deposit")).status_code == 303
    giver = signed_in(funded(bob, 500_00))
    assert confirm(giver, "transfer", order("transfer", alice)).status_code == 303
    assert balance(alice) == 1_500_00


@every_move
def test_refuses_more_than_the_limit_per_transaction(as_alice, bob, move):
    sentence = "You can move up to KES 250,000.00 at a time. Enter that or less."
    assert_refused(as_alice, move, order(move, bob, amount="250000.01"), sentence)


@moves_out
def test_refuses_more_than_the_limit_per_day(as_alice, alice, bob, settings, move):
    settings.LIMIT_CENTS_OUT_PER_DAY = 600_00
    send(alice, bob, 500_00)
    sentence = "You can send and withdraw up to KES 600.00 a day. You have KES 100.00 left today."
    assert_refused(as_alice, move, order(move, bob, amount="100.01"), sentence)
    assert confirm(as_alice, move, order(move, bob, amount="100")).status_code == 303
    sentence = "You can send and withdraw up to KES 600.00 a day. You have KES 0.00 left today."
    assert_refused(as_alice, move, order(move, bob, amount="0.01"), sentence)


def test_refuses_a_deposit_above_the_balance_limit(as_alice, settings):
    settings.LIMIT_CENTS_BALANCE = 1_200_00
    sentence = "A wallet holds up to KES 1,200.00. You can add KES 200.00 more."
    assert_refused(as_alice, "deposit", order("deposit", amount="200.01"), sentence)


def test_a_payment_to_a_full_wallet_does_not_reveal_its_balance(as_alice, bob, settings):
    settings.LIMIT_CENTS_BALANCE = 1_200_00
    deposit(bob, 1_150_00)
    sentence = "This person's wallet can't take that much right now. Send less, or ask them."
    wanted = order("transfer", bob, amount="50.01")
    # The review doesn't refuse: it's free, so a sender could try amounts to find the balance.
    assert press(as_alice, "transfer", wanted).status_code == 200
    response = confirm(as_alice, "transfer", wanted)
    assert (response.status_code, problems(response)) == (422, [sentence])
    assert balance(bob) == 1_150_00


@pytest.mark.parametrize(
    ("recipient", "sentence"),
    [
        ("", "Enter the person's phone number or email."),
        ("   ", "Enter the person's phone number or email."),
        ("nobody@example.com", "No Nissmart member has this phone number or email. Check it."),
        ("0722 000 999", "No Nissmart member has this phone number or email. Check it."),
        ("Bob Otieno", "No Nissmart member has this phone number or email. Check it."),
        ("@", "No Nissmart member has this phone number or email. Check it."),
        ("%@%", "No Nissmart member has this phone number or email. Check it."),
        ("-1", "No Nissmart member has this phone number or email. Check it."),
    ],
)
def test_the_recipient_must_be_a_member(as_alice, bob, recipient, sentence):
    filled = order("transfer", recipient=recipient)
    if not recipient.strip():
        response = press(as_alice, "transfer", filled)
        assert problems_beside(response, "recipient") == [sentence]
    else:
        assert_refused(as_alice, "transfer", filled, sentence, field="recipient")


@pytest.mark.parametrize("login", ["email", "phone", "spelled"])
def test_the_recipient_must_be_another_member(alice, login):
    alice.phone = "+254712345678"
    alice.save()
    own = {"email": alice.email, "phone": alice.phone, "spelled": "0712 345 678"}[login]
    sentence = "This is your own wallet. Enter someone else's phone number or email."
    filled = order("transfer", recipient=own)
    assert_refused(signed_in(alice), "transfer", filled, sentence, field="recipient")


def test_a_closed_account_receives_no_money(as_alice, bob):
    bob.is_active = False
    bob.save()
    sentence = "This account is closed, so money can't move in or out of it."
    assert_refused(as_alice, "transfer", order("transfer", bob), sentence, field="recipient")


def test_two_errors_get_two_sentences(as_alice):
    response = press(as_alice, "transfer", order("transfer", amount="0", recipient="x"))
    assert response.status_code == 422
    assert sorted(problems(response)) == [
        "Enter an amount above zero.",
        "No Nissmart member has this phone number or email. Check it.",
    ]


@every_move
def test_a_note_has_a_maximum_length(as_alice, bob, move):
    response = press(as_alice, move, order(move, bob, description="n" * 141))
    assert response.status_code == 422
    assert len(problems_beside(response, "description")) == 1
    assert confirm(as_alice, move, order(move, bob, description="n" * 140)).status_code == 303


@every_move
def test_when_the_database_is_busy_the_form_may_be_sent_again(as_alice, bob, move, monkeypatch):
    def busy(*args, **kwargs):
        raise Busy

    monkeypatch.setattr("ledger.operations.execution.statements.read", busy)
    filled = order(move, bob)
    response = confirm(as_alice, move, filled)
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert problems(response) == [
        "Nissmart is busy right now. Nothing has moved. Try again in a moment."
    ]
    assert key(response) == filled["idempotency_key"]
    assert is_part(confirm(as_alice, move, filled, htmx("move")), "move")
    monkeypatch.undo()
    assert confirm(as_alice, move, fields(response)).status_code == 303


@every_move
def test_a_member_whose_account_closed_is_signed_out(alice, bob, move):
    client = Client()
    client.force_login(alice)
    alice.is_active = False
    alice.save()
    assert confirm(client, move, order(move, bob)).status_code == 302
    assert client.get(url(move)).status_code == 302
    assert Transaction.objects.count() == 1


@moves_out
def test_a_new_member_has_no_money_to_send(bob, carol, move):
    advice = "That is too little to withdraw." if move == "withdraw" else "Enter that or less."
    sentence = f"You have KES 0.00 available. {advice}"
    assert_refused(signed_in(carol), move, order(move, bob, amount="0.01"), sentence)


def test_a_member_cannot_take_money_from_another_account(as_alice, alice, bob):
    stranger = funded(UserFactory(), 900_00)
    theirs = str(stranger.primary_account().pk)
    confirm(
        as_alice,
        "transfer",
        order("transfer", bob, source_id=theirs, from_account=theirs, account_id=theirs, user="1"),
    )
    assert (balance(alice), balance(bob), balance(stranger)) == (750_00, 250_00, 900_00)
