"""Whose a phone number or an email is: who enters the code that was sent there."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from ledger import errors
from ledger.payouts.arrivals import wallet_of
from tests.conftest import signed_in
from tests.factories import PASSWORD, UserFactory, balance, deposit, funded, new_key, send
from tests.pages import problems, problems_beside, text
from wallet import contacts
from wallet.api import tokens
from wallet.contacts import Entered
from wallet.context import SYSTEM, Context
from wallet.messages import Contact, sending
from wallet.models import Account, Claim, User

pytestmark = pytest.mark.django_db

SIGNUP, VERIFY = reverse("account_signup"), reverse("wallet:verify")
LOGIN, PROFILE = reverse("account_login"), reverse("wallet:profile")
PHONE, EMAIL = "+254712345678", "jane@example.com"
JANE = {"name": "Jane Wanjiru", "phone": "0712 345 678", "email": "", "password1": PASSWORD}


@pytest.fixture(autouse=True)
def outbox(tmp_path, settings):
    """The messages that OUTBOX_FILE has once the worker has sent what is queued."""
    settings.OUTBOX_FILE = str(tmp_path / "outbox.jsonl")

    def read() -> list[dict[str, str]]:
        sending.send_all()
        with open(settings.OUTBOX_FILE) as file:
            return [json.loads(line) for line in file]

    return read


@pytest.fixture
def code(outbox):
    def find(to: str = PHONE) -> str:
        sent = [line for line in outbox() if line["to"] == to and "Nissmart code" in line["text"]]
        [found] = re.findall(r"\b\d{6}\b", sent[-1]["text"])
        return found

    return find


def sign_up(**changes: str) -> Client:
    client = Client()
    response = client.post(SIGNUP, JANE | changes)
    assert (response.status_code, response.headers["Location"]) == (302, VERIFY)
    return client


def enter(client: Client, code: str):
    return client.post(VERIFY, {"code": code})


def user_of(client: Client) -> User:
    return User.objects.get(pk=client.session["_auth_user_id"])


def may_sign_in(login: str, password: str = PASSWORD) -> bool:
    client = Client()
    client.post(LOGIN, {"login": login, "password": password})
    return "_auth_user_id" in client.session


@pytest.mark.parametrize(
    ("given", "to", "field"),
    [({}, PHONE, "phone"), ({"phone": "", "email": "Jane@Example.com"}, EMAIL, "email")],
)
def test_a_new_member_proves_a_contact_and_then_moves_money(alice, code, given, to, field):
    """The walk of a new user by phone alone and by email alone."""
    client = sign_up(**given)
    jane = user_of(client)
    assert (jane.phone, jane.email, jane.must_prove) == (None, None, True)
    assert "Verify your phone number or email before" in text(client.get("/"))
    order = {"amount": "100", "recipient": alice.phone}
    for page in ("/deposit/", "/transfer/", "/withdraw/"):
        assert f"{VERIFY}?next={page}" in client.get(page).text
        answer = client.post(page, order | {"idempotency_key": new_key()})
        assert answer.status_code == 422
        assert any("Verify your phone number or email first." in one for one in problems(answer))
    with pytest.raises(errors.NothingProved):
        deposit(jane, 100_00)
    with pytest.raises(errors.NothingProved):
        send(jane, alice, 1_00)
    with pytest.raises(errors.RecipientUnproved):
        send(alice, jane, 1_00)
    assert wallet_of(jane.primary_account().number) is None
    assert User.objects.with_address(to) is None
    assert may_sign_in(to)
    wrong = enter(client, "12")
    assert problems_beside(wrong, "code") == ["This code isn't right. Enter the one we sent last."]
    right = enter(client, f" {code(to)[:3]} {code(to)[3:]}")
    assert (right.status_code, right.headers["Location"]) == (303, "/")
    jane.refresh_from_db()
    assert getattr(jane, field) == to
    assert (jane.must_prove, jane.prove_by, jane.claims.count()) == (False, None, 0)
    assert "Verify your phone number or email before" not in text(client.get("/"))
    assert User.objects.with_address(to) == jane
    assert may_sign_in(to)
    deposit(jane, 100_00)
    send(alice, jane, 1_00)
    assert balance(jane) == 101_00


def test_either_code_is_enough_and_the_other_contact_waits(code):
    client = sign_up(email=EMAIL)
    assert enter(client, code(EMAIL)).status_code == 303
    jane = user_of(client)
    assert (jane.phone, jane.email, jane.must_prove) == (None, EMAIL, False)
    assert "isn't yours yet" in text(client.get(PROFILE))
    enter(client, code(PHONE))
    assert user_of(client).phone == PHONE


def test_a_squatter_keeps_nothing_of_a_number_that_its_owner_proves(alice, code):
    """End to end: typed by a stranger first, then proved by its owner."""
    squatter = sign_up(name="Squatter")
    owner = sign_up(name="Owner")
    assert may_sign_in(PHONE)
    enter(owner, code())
    jane = user_of(owner)
    assert (jane.name, jane.phone) == ("Owner", PHONE)
    # The squatter's password, code and session reach nothing of hers.
    assert enter(squatter, code()).status_code == 422
    assert user_of(squatter).phone is None
    assert squatter.get("/profile/tokens/").headers["Location"].startswith(VERIFY)
    assert contacts.signing_in(PHONE) == jane
    send(alice, jane, 5_00)
    assert balance(user_of(squatter)) == 0


def test_proving_takes_a_number_from_an_account_that_only_typed_it(code):
    """From before there were codes: it stops at that moment, with what strangers sent to it."""
    squatter = funded(from_before(UserFactory(phone=PHONE, email=None)), 50_00)
    thief = signed_in(squatter)
    owner = sign_up()
    enter(owner, code())
    squatter.refresh_from_db()
    assert (squatter.phone, squatter.is_stopped) == (None, True)
    assert user_of(owner).phone == PHONE
    assert "Verify your phone number or email first." in text(thief.get("/withdraw/"))
    with pytest.raises(errors.NothingProved):
        send(squatter, user_of(owner), 1_00)


def test_a_number_that_has_an_account_is_revealed_only_to_who_has_it(alice, code, outbox):
    """The page, its status and its address are the same; the message there says it."""
    taken = sign_up(phone=alice.phone)
    unknown = sign_up()
    pages = [text(one.get(VERIFY)) for one in (taken, unknown)]
    assert re.sub(r"\d", "", pages[0]) == re.sub(r"\d", "", pages[1])
    assert "But you already have an account" in outbox()[0]["text"]
    assert "But you already" not in outbox()[1]["text"]
    answer = enter(taken, code(alice.phone))
    assert answer.headers["Location"] == LOGIN
    assert "That number or email has another account. Sign in to it" in text(taken.get(LOGIN))
    assert "_auth_user_id" not in taken.session
    assert contacts.signing_in(alice.phone) == alice
    assert User.objects.filter(is_active=False).count() == 1


def test_five_wrong_codes_end_it_and_a_new_one_waits_half_a_minute(code, time_machine):
    time_machine.move_to("2026-11-28T12:00:10Z", tick=False)
    client = sign_up()
    right = code()
    for _try in range(5):
        assert enter(client, "000000" if right != "000000" else "000001").status_code == 422
    answer = enter(client, right)
    assert problems_beside(answer, "code") == ["This code no longer works. Ask for a new one."]
    soon = client.post(VERIFY, {"resend": "1"})
    assert (soon.status_code, soon.headers["Retry-After"]) == (429, "31")
    time_machine.shift(31)
    assert client.post(VERIFY, {"resend": "1"}).status_code == 303
    time_machine.shift(601)
    assert enter(client, code()).status_code == 422
    client.post(VERIFY, {"resend": "1"})
    assert enter(client, code()).status_code == 303


def test_codes_are_limited_per_contact_and_ip_address(settings):
    for _each in range(5):
        sign_up()
    answer = Client().post(SIGNUP, JANE)
    assert answer.status_code == 429
    assert "Too many codes were sent." in text(answer)
    assert User.objects.count() == 5
    settings.CODES_PER_HOUR = settings.CODES_PER_HOUR | {"address": 7}
    sign_up(phone="0712345000")
    assert Client().post(SIGNUP, JANE | {"phone": "0712345001"}).status_code == 429


def test_a_code_is_stored_as_a_keyed_hash(code, settings):
    client = sign_up()
    claim = Claim.objects.get()
    assert code() not in str(vars(claim))
    with override_settings(SECRET_KEY="another"):
        assert contacts.enter(SYSTEM, claim.user_id, code()) == Entered.WRONG
    assert enter(client, code()).status_code == 303


def from_before(user: User, days: int = 30) -> User:
    """As the migration leaves those who typed their contacts before there were codes."""
    User.objects.filter(pk=user.pk).update(
        prove_by=timezone.now() + timedelta(days=days), phone_proved_at=None, email_proved_at=None
    )
    user.refresh_from_db()
    return user


def test_members_from_before_have_thirty_days(alice, code, time_machine):
    time_machine.move_to(timezone.now())
    jane = from_before(funded(UserFactory(phone=PHONE, email=EMAIL), 10_00))
    client = signed_in(jane)
    assert "Verify your phone number and email by" in text(client.get("/"))
    assert User.objects.with_address(PHONE) == jane
    send(jane, alice, 1_00)
    time_machine.shift(timedelta(days=31))
    assert User.objects.with_address(PHONE) is None
    for source, target, refusal in (
        (jane, alice, errors.NothingProved),
        (alice, jane, errors.RecipientUnproved),
    ):
        with pytest.raises(refusal):
            send(source, target, 1_00)
    assert may_sign_in(PHONE)
    client = signed_in(jane)
    assert client.post(VERIFY, {"resend": "1"}).status_code == 303
    assert enter(client, code()).status_code == 303
    send(alice, jane, 1_00)
    # The email that was only typed doesn't count.
    assert (User.objects.with_address(PHONE), User.objects.with_address(EMAIL)) == (jane, None)


def test_a_new_phone_number_counts_once_its_code_is_entered(code, outbox):
    jane = UserFactory(name="Jane", phone="+254722000111", email=EMAIL)
    client = signed_in(jane)
    given = {"name": "Jane", "phone": "0712 345 678", "email": EMAIL, "password": PASSWORD}
    answer = client.post(PROFILE, given)
    assert answer.headers["Location"].startswith(VERIFY)
    assert user_of(client).phone == "+254722000111"
    enter(client, code())
    assert user_of(client).phone == PHONE
    alerted = [line["to"] for line in outbox() if "was changed" in line["text"]]
    assert sorted(alerted) == sorted([PHONE, EMAIL, "+254722000111"])


def test_the_profile_says_whose_a_number_is_only_after_the_right_password(alice, settings):
    jane = UserFactory(name="Jane", phone=PHONE, email=EMAIL)
    settings.CODES_PER_HOUR = settings.CODES_PER_HOUR | {"account": 3}
    client = signed_in(jane)
    given = {"name": "Jane", "phone": alice.phone, "email": EMAIL}
    for password in ("", "wrong"):
        answer = client.post(PROFILE, given | {"password": password})
        assert "already has an account" not in text(answer)
    taken = [client.post(PROFILE, given | {"password": PASSWORD}) for _try in range(4)]
    assert [answer.status_code for answer in taken] == [422] * 3 + [429]
    sentence = ["This phone number already has an account."]
    assert problems_beside(taken[0], "phone") == sentence


def test_a_member_who_mistyped_corrects_the_number(code):
    client = sign_up(phone="0712 000 000")
    given = {"name": JANE["name"], "phone": JANE["phone"], "email": "", "password": PASSWORD}
    assert client.post(PROFILE, given).headers["Location"].startswith(VERIFY)
    enter(client, code())
    assert (user_of(client).phone, user_of(client).must_prove) == (PHONE, False)
    assert may_sign_in(PHONE)
    assert not may_sign_in("0712 000 000")


@pytest.mark.parametrize("field", ["phone", "email"])
def test_the_database_knows_no_contact_without_a_proof(field):
    jane = UserFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=jane.pk).update(**{f"{field}_proved_at": None})
    with pytest.raises(IntegrityError), transaction.atomic():
        Claim.objects.create(user=jane, channel="sms", value="0712")
    assert Account.objects.filter(user=jane).exists()


def test_a_program_may_ask_that_its_member_proves_the_number(alice, code):
    service = UserFactory(email=None, phone=None)
    _token, secret = tokens.issue(user_id=service.pk, scope="service", name="Shop")
    shop = Client(headers={"Authorization": f"Bearer {secret}"})

    def call(path: str, **body: object):
        return shop.post(f"/api/{path}", body, content_type="application/json")

    vouched = call("users", name="Ann", phone="0722 000 111").json()
    assert vouched["phone"] == "+254722000111"
    assert call("deposit", user_id=vouched["id"], amount_cents=1_00).status_code == 201
    opened = call("users", name="Jane", phone="0712 345 678", verify=True)
    assert (opened.status_code, opened.json()["phone"]) == (201, None)
    member_id = opened.json()["id"]
    for refused, expected in (
        (call("deposit", user_id=member_id, amount_cents=1_00), "contact_unproved"),
        (
            call("transfer", from_user_id=alice.pk, to_user_id=member_id, amount_cents=1_00),
            "recipient_unproved",
        ),
    ):
        assert (refused.status_code, refused.json()["code"]) == (400, expected)
    client = Client()
    client.post(reverse("account_reset_password"), {"email": PHONE})
    page = client.post(reverse("account_reset_code"), {"code": code()}, follow=True)
    assert "password1" in page.text
    assert User.objects.get(phone=PHONE).pk == member_id
    assert call("deposit", user_id=member_id, amount_cents=1_00).status_code == 201


def test_the_first_number_of_an_account_is_no_change_and_a_later_one_is():
    """A payout soon after a change waits for approval."""
    phone, email = Contact.of("+254712345678"), Contact.of("jane@example.com")
    user = contacts.sign_up(name="Jane", password="violet-orchard-88", contacts=[phone])
    contacts.confirm(Context(user.pk), user.pk, phone)
    user.refresh_from_db()
    assert (user.phone, user.phone_changed_at) == (phone.value, None)
    other = contacts.sign_up(name="Jane", password="violet-orchard-88", contacts=[email])
    contacts.confirm(Context(other.pk), other.pk, email)
    contacts.confirm(Context(other.pk), other.pk, Contact.of("+254712345679"))
    other.refresh_from_db()
    assert other.phone_changed_at
