"""No money leaves on a page without the member's PIN, and guessing one ends after five."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial

import pytest
from allauth.mfa.totp.internal.auth import (
    TOTP,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.conf import settings as django_settings
from django.contrib.auth.hashers import check_password
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from django.utils.crypto import salted_hmac

from tests.books import nothing_moves
from tests.conftest import signed_in
from tests.factories import PASSWORD, PIN, UserFactory, balance, funded
from tests.ledger.support.crowd import run_together
from tests.ledger.support.typed import confirm, order, press, record_of
from tests.pages import (
    elements,
    fields,
    htmx,
    is_part,
    key,
    problems,
    problems_beside,
    text,
    title,
)
from wallet.models import Account, AuditEvent, Delivery, Message, Pin, User
from wallet.signin import pin

pytestmark = pytest.mark.django_db

moves_out = pytest.mark.parametrize("move", ["transfer", "withdraw"])
URL, FORGOTTEN = "/security/pin/", "/security/pin/forgotten/"
NEW = {"pin": "7395", "pin_again": "7395"}
WRONG = "1357"


def guesses(user: User) -> int:
    return Pin.objects.get(user=user).guesses


# --- On the pages


@moves_out
def test_the_review_asks_for_it_and_a_wrong_one_keeps_the_review(as_alice, alice, bob, move):
    review = press(as_alice, move, order(move, bob))
    (field,) = elements(review, "input", name="pin")
    given = dict(field.attributes)
    assert (given["inputmode"], given["autocomplete"], given["type"]) == (
        *("numeric", "off"),
        "password",
    )
    sent = fields(review)
    del sent["csrfmiddlewaretoken"]
    for typed, left, sentence in (
        (" ", 0, "Enter your PIN, 4 to 6 digits."),
        ("12x4", 0, "Enter your PIN, 4 to 6 digits."),
        (WRONG, 1, "This PIN isn't right. Nothing has moved. Attempts left: 4."),
    ):
        for headers in (None, htmx("move")):
            with nothing_moves():
                again = confirm(as_alice, move, sent | {"pin": typed}, headers)
            assert again.status_code == 422
            assert problems_beside(again, "pin") == [sentence]
            assert is_part(again, "move") == bool(headers)
            assert fields(again).items() >= sent.items()
            Pin.objects.filter(guesses__gt=1).update(guesses=1)
            sentence = sentence.replace("left: 4", "left: 3")
        assert guesses(alice) == left
    assert record_of(confirm(as_alice, move, sent | {"pin": f" {PIN} "}))
    assert guesses(alice) == 0


def test_no_pin_is_asked_for_money_that_comes_in(as_alice):
    review = press(as_alice, "deposit", order("deposit"))
    assert "pin" not in fields(review)
    assert record_of(confirm(as_alice, "deposit", fields(review) | {"pin": WRONG}))


def test_a_repeated_order_is_answered_with_its_receipt(as_alice, bob):
    """Nothing moves then, so a PIN decides nothing."""
    filled = order("transfer", bob)
    first = record_of(confirm(as_alice, "transfer", filled))
    assert record_of(confirm(as_alice, "transfer", filled)) == first
    assert record_of(confirm(as_alice, "transfer", filled | {"pin": WRONG})) == first


def test_a_wrong_pin_counts_even_when_the_order_is_refused(as_alice, alice, bob):
    refused = confirm(as_alice, "transfer", order("transfer", bob, amount="9999", pin=WRONG))
    assert problems(refused) == ["You have KES 1,000.00 available. Enter that or less."]
    assert guesses(alice) == 1


@pytest.mark.any_engine
def test_five_wrong_ones_lock_it_for_a_quarter_of_an_hour(as_alice, alice, bob, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    for left in (4, 3, 2, 1):
        answer = confirm(as_alice, "transfer", order("transfer", bob, pin=WRONG))
        assert problems_beside(answer, "pin")[0].endswith(f"left: {left}.")
        assert "Nothing has moved yet." in text(answer)
    locked = ["Too many wrong PINs. Wait 15 minutes, then try again."]
    for typed in (WRONG, PIN):
        time_machine.shift(timedelta(seconds=4))
        answer = confirm(as_alice, "transfer", order("transfer", bob, pin=typed))
        assert problems_beside(answer, "pin") == locked
        # Many clicks lock it too, and another one of them may have moved money.
        assert "Nothing has moved yet." not in text(answer)
    # Once, and not for each try after it.
    assert Message.objects.filter(user=alice, topic="pin_locked").count() == 1
    # The page that changes it has the same count.
    answer = as_alice.post(URL, NEW | {"old_pin": PIN})
    assert problems_beside(answer, "old_pin") == locked
    time_machine.shift(timedelta(minutes=15))
    assert record_of(confirm(as_alice, "transfer", order("transfer", bob)))


@pytest.mark.any_engine
def test_a_member_without_one_sets_it_and_comes_back(as_alice, alice, bob):
    Pin.objects.all().delete()
    filled = order("transfer", bob, amount="12.50")
    for post in (press, confirm):
        sent = post(as_alice, "transfer", filled)
        assert sent.status_code == 303
    page = as_alice.get(sent.headers["Location"])
    assert title(page).startswith("Set your PIN")
    back = as_alice.post(URL, fields(page) | NEW)
    assert back.status_code == 303
    form = as_alice.get(back.headers["Location"])
    expected = {"amount": "12.50", "recipient": bob.email, "description": "Lunch"}
    assert fields(form).items() >= expected.items()
    assert key(form) != filled["idempotency_key"]
    assert record_of(confirm(as_alice, "transfer", fields(form) | {"pin": "7395"}))
    assert Account.objects.get(user=alice).lower_limit_until is None


# --- Set, change, forget


def test_the_first_one_needs_a_recent_password(alice):
    Pin.objects.all().delete()
    User.objects.update(created_at=timezone.now() - timedelta(hours=1))
    client = Client()
    client.force_login(alice)
    for answer in (client.get(URL), client.post(URL, NEW)):
        assert answer.headers["Location"] == "/accounts/reauthenticate/?next=%2Fsecurity%2Fpin%2F"
    assert "7395" not in str(dict(client.session))
    assert not Pin.objects.exists()


def test_a_change_needs_the_old_one_and_lowers_the_limit(as_alice, alice):
    answer = as_alice.post(URL, NEW | {"old_pin": WRONG})
    assert (answer.status_code, guesses(alice)) == (422, 1)
    assert as_alice.post(URL, NEW).status_code == 422
    assert as_alice.post(URL, NEW | {"old_pin": PIN}).headers["Location"] == "/security/"
    pin.check(alice.pk, "7395")
    with pytest.raises(pin.WrongPin):
        pin.check(alice.pk, PIN)
    assert AuditEvent.objects.acts().get().facts == {"what": "pin"}
    assert Account.objects.get(user=alice).lower_limit_until


@pytest.mark.any_engine
@pytest.mark.parametrize(
    "weak", ["0000", "1234", "4321", "7890", "111111", "1212", "123123", "1987", "345678"]
)
def test_one_that_is_easy_to_guess_is_refused(alice, weak):
    alice.phone = "+254712345678"
    with pytest.raises(pin.WeakPin):
        pin.refuse_weak(weak, alice)
    pin.refuse_weak(PIN, alice)


@pytest.mark.any_engine
def test_a_form_says_what_is_wrong_and_keeps_no_pin(as_alice):
    for typed, again, where in (
        *(("7395", "7396", "pin_again"), ("1234", "1234", "pin"), ("739", "739", "pin")),
        *(("73951234", "73951234", "pin"), ("٧٣٩٥", "٧٣٩٥", "pin")),
    ):
        answer = as_alice.post(URL, {"old_pin": PIN, "pin": typed, "pin_again": again})
        assert answer.status_code == 422
        assert problems_beside(answer, where)
        assert f'value="{typed}"' not in answer.text


def test_a_forgotten_one_is_replaced_with_password_and_second_factor(as_alice, alice):
    secret = generate_totp_secret()
    TOTP.activate(alice, secret)
    code = hotp_value(secret, next(iter(yield_hotp_counters_from_time())))
    code = f"{code:06}"
    given = NEW | {"password": PASSWORD, "code": code}
    assert as_alice.post(FORGOTTEN, given | {"password": "wrong"}).status_code == 422
    assert as_alice.post(FORGOTTEN, given | {"code": "000000"}).status_code == 422
    # A weak PIN doesn't use up the code.
    assert as_alice.post(FORGOTTEN, given | {"pin": "1234", "pin_again": "1234"}).status_code == 422
    assert as_alice.post(FORGOTTEN, given).status_code == 303
    pin.check(alice.pk, "7395")
    assert Account.objects.get(user=alice).lower_limit_until


def test_without_a_second_factor_a_code_is_sent(as_alice, alice):
    assert as_alice.post(FORGOTTEN, {"send": "1"}).status_code == 303
    delivery = Delivery.objects.get()
    assert (delivery.to, delivery.is_secret) == (alice.phone, True)
    (code,) = re.findall(r"\b\d{6}\b", delivery.text)
    assert code not in str(dict(as_alice.session))
    given = NEW | {"password": PASSWORD, "code": code}
    wrong = f"{(int(code) + 1) % 10**6:06}"
    assert as_alice.post(FORGOTTEN, given | {"code": wrong}).status_code == 422
    assert as_alice.post(FORGOTTEN, given).status_code == 303
    pin.check(alice.pk, "7395")
    assert as_alice.post(FORGOTTEN, given).status_code == 422


def test_the_code_goes_to_a_proved_contact_only(as_alice, alice):
    now = timezone.now()
    User.objects.filter(pk=alice.pk).update(
        phone_proved_at=None,
        email="alice@example.com",
        email_proved_at=now,
        prove_by=now + timedelta(days=30),
    )
    assert "Send a code to my email" in as_alice.get(FORGOTTEN).text
    as_alice.post(FORGOTTEN, {"send": "1"})
    assert Delivery.objects.get().to == "alice@example.com"


def test_codes_for_a_new_pin_are_counted_with_all_others(as_alice, alice, settings):
    settings.CODES_PER_HOUR = settings.CODES_PER_HOUR | {"contact": 1}
    for _twice in range(2):
        as_alice.post(FORGOTTEN, {"send": "1"})
    assert "Too many codes were sent." in as_alice.get(FORGOTTEN).text
    assert Delivery.objects.count() == 1


# --- In the database


def test_a_stolen_table_alone_tests_no_pin(alice):
    row = Pin.objects.get()
    assert not check_password(PIN, row.digest)
    assert PIN not in row.digest
    keyed = partial(salted_hmac, "wallet.pin", f"{alice.pk} {PIN}", algorithm="sha256")
    assert not check_password(keyed(secret="another").hexdigest(), row.digest)
    assert check_password(keyed(secret=django_settings.SECRET_KEY).hexdigest(), row.digest)


def test_it_stays_right_under_a_new_secret_key(alice, settings):
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "a new one"
    pin.check(alice.pk, PIN)
    settings.SECRET_KEY_FALLBACKS = []
    pin.check(alice.pk, PIN)


@pytest.mark.parametrize(
    ("wrong", "name"), [({"digest": ""}, "has_a_digest"), ({"guesses": 5}, "locked_after_five")]
)
def test_the_database_refuses_a_pin_without_its_lock(alice, wrong, name):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Pin.objects.update(**wrong)


@pytest.mark.django_db(transaction=True)
def test_sixteen_guesses_at_the_same_moment_are_sixteen():
    member = funded(UserFactory(), 100_00)
    wrong, right = partial(pin.check, member.pk, WRONG), partial(pin.check, member.pk, PIN)
    outcomes = run_together(*[wrong] * 15, right)
    kinds = [type(outcome) for outcome in outcomes]
    # The right one may have come in time, and then it began the count again.
    if issubclass(kinds[-1], pin.PinLocked):
        assert guesses(member) == 16
        assert kinds.count(pin.WrongPin) == 4
    else:
        assert kinds.count(pin.WrongPin) <= 8
    assert any(isinstance(each, pin.PinLocked) for each in run_together(*[wrong] * 6))


@pytest.mark.django_db(transaction=True)
def test_one_right_pin_pressed_twice_moves_money_once():
    payer, payee = funded(UserFactory(), 100_00), UserFactory()
    clients = [signed_in(payer) for _each in range(4)]
    filled = order("transfer", payee, amount="5")
    answers = run_together(*(partial(confirm, client, "transfer", filled) for client in clients))
    assert len({record_of(answer) for answer in answers}) == 1
    assert balance(payer) == 95_00
