"""A large payment, or one on a new device, asks for the second factor, for that order only."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.urls import reverse
from django.utils import timezone

from ledger.models import Transaction
from tests.api.support.calls import by_session, by_token
from tests.conftest import pass_second_factor, signed_in
from tests.factories import balance, funded, new_key
from tests.pages import fields, htmx, problems, text
from tests.wallet.support.totp import code
from wallet.models import Delivery, Device

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]

TRANSFER, WITHDRAW = reverse("ledger:transfer"), reverse("ledger:withdraw")
LARGE, LARGEST_SMALL = "50,000.01", "50,000.00"


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to("2026-11-22T12:00:10Z", tick=False)
    return time_machine


@pytest.fixture
def rich(alice):
    return funded(alice, 250_000_00)


@pytest.fixture
def client(rich):
    return signed_in(rich)


@pytest.fixture
def secret(rich):
    secret = generate_totp_secret()
    TOTP.activate(rich, secret)
    return secret


def filled_in(bob, amount=LARGE, **more):
    return {"amount": amount, "recipient": bob.email, "idempotency_key": new_key()} | more


def asks(page) -> bool:
    return "Confirm it's you" in text(page)


def sent_code() -> str:
    return re.match(r"\d{6}", Delivery.objects.latest("pk").text)[0]


def confirm(client, page):
    """Press the review's button."""
    assert "Check and confirm" in text(page)
    return client.post(TRANSFER, fields(page) | {"confirm": "1"})


def test_a_large_payment_asks_for_a_code_that_we_send(client, bob, rich):
    typed = filled_in(bob, description="Plot & fence")
    page = client.post(TRANSFER, typed)
    assert asks(page)
    assert "We sent a code by SMS to" in text(page)
    assert rich.phone not in page.text
    assert typed.items() <= fields(page).items()
    wrong = client.post(TRANSFER, fields(page) | {"code": "000000"}, headers=htmx("move"))
    assert (wrong.status_code, problems(wrong)) == (
        422,
        ["This code isn't right. Enter the one we sent last."],
    )
    assert typed.items() <= fields(wrong).items()
    assert Delivery.objects.count() == 1
    review = client.post(TRANSFER, fields(wrong) | {"code": sent_code()})
    before = balance(bob)
    receipt = confirm(client, review)
    assert receipt.status_code == 303
    assert confirm(client, review).headers["Location"] == receipt.headers["Location"]
    assert balance(bob) == before + 50_000_01
    assert Transaction.objects.filter(type="TRANSFER").count() == 1


@pytest.mark.parametrize("changed", [{"amount": "50,000.02"}, {"recipient": "carol"}, {}])
def test_it_counts_for_that_order_and_five_minutes(client, bob, carol, secret, clock, changed):
    page = client.post(TRANSFER, filled_in(bob))
    review = client.post(TRANSFER, fields(page) | {"code": code(secret)})
    if changed:
        clock.shift(4 * 60 + 59)
        assert "Check and confirm" in text(client.post(TRANSFER, fields(page)))
    else:
        clock.shift(5 * 60)
    other = fields(review) | changed | {"confirm": "1"}
    if "recipient" in changed:
        other |= {"recipient": carol.email, "payee": str(carol.pk)}
    again = client.post(TRANSFER, other)
    assert asks(again)
    assert not Transaction.objects.filter(type="TRANSFER").exists()
    fresh = client.post(TRANSFER, fields(again) | {"code": code(secret)})
    assert confirm(client, fresh).status_code == 303


def test_no_member_skips_it(client, bob):
    asked = client.post(TRANSFER, filled_in(bob, confirm="1"))
    assert asks(asked)
    assert asks(client.post(WITHDRAW, {"amount": LARGE, "idempotency_key": "k", "confirm": "1"}))
    assert not Transaction.objects.exclude(type="DEPOSIT").exists()


def test_the_app_and_recovery_codes_answer_it_once(client, bob, rich, secret):
    codes = RecoveryCodes.activate(rich).generate_codes()
    for entered, is_right in [
        ("000000", False),
        (code(secret), True),
        (code(secret), False),
        (codes[0], True),
        (codes[0], False),
    ]:
        page = client.post(TRANSFER, filled_in(bob))
        answer = client.post(TRANSFER, fields(page) | {"code": entered})
        assert (answer.status_code == 200) is is_right, entered
    assert not Delivery.objects.exists()


def test_guesses_are_counted(client, bob):
    page = client.post(TRANSFER, filled_in(bob))
    for _guess in range(10):
        page = client.post(TRANSFER, fields(page) | {"code": "000000"})
    page = client.post(TRANSFER, fields(page) | {"code": sent_code()})
    assert problems(page) == ["Too many attempts. Wait 15 minutes, then try again."]
    assert Delivery.objects.filter(is_secret=True).count() == 1


def test_the_page_says_why_and_sends_a_new_code(client, bob, clock):
    page = client.post(TRANSFER, filled_in(bob))
    assert "We ask before each payment above KES 50,000.00." in text(page)
    first = sent_code()
    for code_is_new, says in [(False, "Wait"), (True, "We sent a new code.")]:
        clock.shift(15 if says == "Wait" else 30)
        page = client.post(TRANSFER, fields(page) | {"new_code": "1", "code": "typed"})
        assert (page.status_code, problems(page)) == (200, [])
        assert says in text(page)
        assert (sent_code() != first) is code_is_new
    assert client.post(TRANSFER, fields(page) | {"code": first}).status_code == 422
    assert confirm(client, client.post(TRANSFER, fields(page) | {"code": sent_code()}))
    Device.objects.update(known_from=timezone.now() + timedelta(hours=24))
    assert "this device is new" in text(client.post(TRANSFER, filled_in(bob, "10")))


def test_a_code_for_another_order_or_from_long_ago_is_refused(client, bob, clock):
    first = client.post(TRANSFER, filled_in(bob))
    code_of_first = sent_code()
    clock.shift(10 * 60)
    page = client.post(TRANSFER, fields(first) | {"code": code_of_first})
    assert problems(page) == ["This code is too old. We sent a new one."]
    code_of_first = sent_code()
    other = client.post(TRANSFER, filled_in(bob, "60,000"))
    assert client.post(TRANSFER, fields(other) | {"code": code_of_first}).status_code == 422


def test_small_payments_and_deposits_do_not_ask(client, bob, settings):
    page = client.post(TRANSFER, filled_in(bob, LARGEST_SMALL))
    assert confirm(client, page).status_code == 303
    settings.STEP_UP_ABOVE_CENTS = 0
    assert asks(client.post(TRANSFER, filled_in(bob, "1")))
    deposit = client.post(reverse("ledger:deposit"), filled_in(bob, "1"))
    assert "Check and confirm" in text(deposit)


def test_a_new_device_asks_until_a_second_factor_is_entered_on_it(rich, bob):
    client = signed_in(rich)
    now = timezone.now()
    Device.objects.filter(user=rich).update(known_from=now + timedelta(hours=24))
    page = client.post(TRANSFER, filled_in(bob, "1"))
    assert asks(page)
    review = client.post(TRANSFER, fields(page) | {"code": sent_code()})
    assert confirm(client, review).status_code == 303
    assert not asks(client.post(TRANSFER, filled_in(bob, "1")))
    # Nor if it was entered at sign-in.
    Device.objects.filter(user=rich).update(known_from=now + timedelta(hours=24))
    assert asks(client.post(TRANSFER, filled_in(bob, "1")))
    pass_second_factor(client)
    assert not asks(client.post(TRANSFER, filled_in(bob, "1")))


def test_a_session_cannot_avoid_it_through_the_api(rich, bob):
    large = {"from_user_id": rich.pk, "to": bob.email, "amount_cents": 50_000_01}
    refused = by_session(rich).post("/api/transfer", large)
    assert (refused.status_code, refused.json()["code"]) == (403, "pin_needed")
    deposit = {"user_id": rich.pk, "amount_cents": 50_000_01}
    assert by_session(rich).post("/api/deposit", deposit).status_code == 201
    assert by_token(rich).post("/api/transfer", large).status_code == 201
