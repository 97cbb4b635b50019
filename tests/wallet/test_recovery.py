"""A forgotten password: by phone as well as by email, and strangers learn nothing."""

from __future__ import annotations

import re
import statistics
import time

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client
from django.urls import reverse

from tests.conftest import signed_in
from tests.factories import PASSWORD, UserFactory
from tests.ledger.support.crowd import IS_NIGHTLY
from tests.pages import fields, problems, problems_beside, text
from tests.wallet.support.codes import code_to
from wallet import contacts
from wallet.messages import Contact, sending
from wallet.models import Delivery, User

pytestmark = pytest.mark.django_db

RESET, CODE = reverse("account_reset_password"), reverse("account_reset_code")
LOGIN, SIGNUP = reverse("account_login"), reverse("account_signup")
PHONE = "+254712345678"
TOKEN = re.compile(r'(?<=name="csrfmiddlewaretoken" value=")\w+')
NEW = {"password1": "another-Long-one-2", "password2": "another-Long-one-2"}


@pytest.fixture
def jane(db) -> User:
    return UserFactory(name="Jane Wanjiru", email=None, phone=PHONE)


def ask(login: str = "0712 345 678") -> Client:
    client = Client()
    answer = client.post(RESET, {"email": login})
    assert (answer.status_code, answer.headers["Location"]) == (302, CODE)
    return client


def test_a_code_by_sms_leads_to_a_new_password_and_ends_other_sessions(jane):
    thief, client = signed_in(jane), ask()
    assert problems_beside(client.post(CODE, {"code": "1"}), "code")
    page = client.post(CODE, {"code": code_to(PHONE)}, follow=True)
    assert "password1" in fields(page)
    assert client.post(page.request["PATH_INFO"], NEW).status_code == 302
    assert thief.get("/activity/").status_code == 302
    answer = Client().post(LOGIN, {"login": PHONE, "password": NEW["password1"]})
    assert answer.headers["Location"] == "/"
    again = client.post(CODE, {"code": "1"})
    assert again.headers["Location"] == RESET


def test_an_unknown_phone_number_gets_the_same_pages_and_no_sms(jane, capsys):
    known, unknown = ask(), ask("0722 000 111")
    pages = [text(client.get(CODE)) for client in (known, unknown)]
    assert pages[0].replace("0712 345 678", "N") == pages[1].replace("0722 000 111", "N")
    wrong = [client.post(CODE, {"code": "12"}) for client in (known, unknown)]
    assert problems(wrong[0]) == problems(wrong[1])
    sending.send_all()
    assert capsys.readouterr().out.count("SMS to") == 1


def test_five_tries_and_ten_minutes(jane, time_machine):
    time_machine.move_to("2026-11-28T12:05:00Z")
    client = ask()
    right = code_to(PHONE)
    for _try in range(5):
        client.post(CODE, {"code": "x"})
    assert client.post(CODE, {"code": right}).status_code == 422
    client = ask()
    right = code_to(PHONE)
    time_machine.move_to("2026-11-28T12:16:00Z")
    assert client.post(CODE, {"code": right}).status_code == 422


def test_codes_to_set_a_password_are_limited_per_phone_number(jane, settings):
    settings.CODES_PER_HOUR = settings.CODES_PER_HOUR | {"contact": 2}
    ask()
    ask()
    answer = Client().post(RESET, {"email": "0712345678"})
    assert answer.status_code == 429
    assert "Too many codes were sent." in problems(answer)[0]


def test_who_only_typed_a_contact_gets_no_code_for_it():
    """A squatter's account isn't handed to the owner of the number, with what is in it."""
    contacts.sign_up(name="Squatter", password=PASSWORD, contacts=[Contact.of(PHONE)])
    client = ask()
    assert Delivery.objects.latest("pk").failure == "no account has it"
    assert client.post(CODE, {"code": code_to(PHONE)}).status_code == 422


class Hasher(PBKDF2PasswordHasher):
    """The real one, with fewer rounds: 200 tries with all of them would take minutes."""

    iterations = 20_000


def attempts() -> dict[str, tuple[str, dict[str, str], str, str]]:
    """What one posts, and the contacts of a known and of an unknown person: {n} makes them differ.

    LOGIN in a field is the contact.
    """
    phones, emails = (
        ("07120000{n}", "07130000{n}"),
        ("known{n}@example.com", "other{n}@example.com"),
    )
    sign_up = {"name": "Jane", "phone": "", "email": "", "password1": "a-Long-Enough-1"}
    wrong = {"login": "LOGIN", "password": "not-her-password"}
    return {
        "sign-up by phone": (SIGNUP, sign_up | {"phone": "LOGIN"}, *phones),
        "sign-up by mail": (SIGNUP, sign_up | {"email": "LOGIN"}, *emails),
        "sign-in by phone": (LOGIN, wrong, *phones),
        "sign-in by mail": (LOGIN, wrong, *emails),
        # It has several Unicode forms, and each is tried.
        "sign-in, accents": (LOGIN, wrong | {"password": "n\u00f3t-h\u00e9r-password"}, *phones),
        "reset by phone": (RESET, {"email": "LOGIN"}, *phones),
        "reset by mail": (RESET, {"email": "LOGIN"}, *emails),
    }


@pytest.mark.slow
@pytest.mark.any_engine
@pytest.mark.parametrize("name", attempts())
def test_known_and_unknown_people_take_the_same_time(name, settings):
    """Interleaved tries with a real hasher: same answer, and medians within 10 %.

    Of CPU time, which other programs don't change. Fewer tries than each night leave more room.
    """
    tries, room = (200, 1.1) if IS_NIGHTLY else (30, 1.2)
    settings.PASSWORD_HASHERS = [f"{__name__}.Hasher"]
    settings.CODES_PER_HOUR = dict.fromkeys(settings.CODES_PER_HOUR, 0)
    settings.ACCOUNT_RATE_LIMITS = False
    hashed = User(name="x")
    hashed.set_password("a-Long-Enough-1")
    for number in range(10, 10 + min(tries // 2, 50)):
        made = {"phone": f"+2547120000{number}", "email": f"known{number}@example.com"}
        User.objects.create_user(name=f"Member {number}", **made)
    User.objects.update(password=hashed.password)
    url, given, known, unknown = attempts()[name]
    took: tuple[list[float], list[float]] = ([], [])
    answers = set()
    for number in range(tries):
        is_unknown = number % 2
        login = (unknown if is_unknown else known).format(n=10 + number // 2 % 50)
        filled = {field: value.replace("LOGIN", login) for field, value in given.items()}
        client = Client()
        began = time.thread_time()
        answer = client.post(url, filled)
        took[is_unknown].append(time.thread_time() - began)
        page = TOKEN.sub("", answer.text.replace(login, ""))
        answers.add((answer.status_code, answer.headers.get("Location"), page))
    assert len(answers) == 1
    medians = [statistics.median(each) for each in took]
    assert max(medians) < room * min(medians), medians
