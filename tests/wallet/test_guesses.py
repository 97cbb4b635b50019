"""Ten wrong guesses in 15 minutes, whatever the address, and the owner is never locked out."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection
from django.test import Client, RequestFactory
from django.urls import reverse

from tests.conftest import signed_in
from tests.factories import PASSWORD, UserFactory
from tests.pages import problems, problems_beside
from wallet.models import GuessCount, RateWindow, User
from wallet.signin import guesses
from wallet.signin.guesses import GUESSES, What, counted
from wallet.web.rates import TooManyRequests

LOGIN = reverse("account_login")
WRONG = "The phone number, email or password isn't right."


@pytest.fixture
def jane(db) -> User:
    return UserFactory(name="Jane", email="jane@example.com", phone="+254712345678")


def sign_in(client: Client, login: str, password: str = "wrong", address: str = "192.0.2.1"):
    return client.post(LOGIN, {"login": login, "password": password}, REMOTE_ADDR=address)


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def stranger(address: str = "192.0.2.1"):
    return RequestFactory().post("/", REMOTE_ADDR=address)


def guess(user: User | None, is_right: bool = False, address: str = "192.0.2.1", login: str = ""):
    with counted(stranger(address), What.PASSWORD, user, login) as made:
        made.is_right = is_right


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["jane@example.com", "unknown@example.com"])
def test_other_addresses_and_spellings_give_no_extra_guesses(jane, name, time_machine, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    time_machine.move_to("2026-11-20T08:00:00Z", tick=False)
    spellings = [name, name.upper(), f" {name} "]
    for number in range(GUESSES):
        client = Client(headers={"X-Forwarded-For": f"198.51.100.{number}"})
        answer = sign_in(client, spellings[number % 3], address=f"192.0.2.{number}")
        assert problems(answer) == [WRONG]
    client = Client(headers={"X-Forwarded-For": "203.0.113.1"})
    answer = sign_in(client, name, PASSWORD, "203.0.113.1")
    assert problems(answer) == ["Too many attempts. Wait 15 minutes, then try again."]
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    assert not is_signed_in(client)
    assert not any(name in row.key for row in GuessCount.objects.all())


@pytest.mark.django_db
def test_a_stranger_cannot_lock_the_owner_out(jane, time_machine):
    time_machine.move_to("2026-11-20T08:00:00Z", tick=False)
    owner = Client()
    sign_in(owner, "jane@example.com", PASSWORD)
    owner.post(reverse("account_logout"))
    for _ in range(GUESSES + 1):
        sign_in(Client(), "0712345678")
    sign_in(owner, "0712345678", PASSWORD)
    assert is_signed_in(owner)

    # On a new browser they wait for 15 minutes at most, although refused attempts go on.
    time_machine.move_to("2026-11-20T08:14:00Z", tick=False)
    assert "Wait 1 minute" in problems(sign_in(Client(), "0712345678", PASSWORD))[0]
    time_machine.move_to("2026-11-20T08:15:01Z", tick=False)
    new = Client()
    sign_in(new, "0712345678", PASSWORD)
    assert is_signed_in(new)


@pytest.mark.django_db
def test_a_known_browser_has_only_ten_guesses_too(jane):
    client = signed_in(jane)
    client.post(reverse("account_logout"))
    for _ in range(GUESSES):
        assert problems(sign_in(client, "jane@example.com")) == [WRONG]
    sign_in(client, "jane@example.com", PASSWORD)
    assert not is_signed_in(client)


@pytest.mark.django_db
def test_the_limit_counts_any_15_minutes(jane, time_machine):
    time_machine.move_to("2026-11-20T08:00:00Z", tick=False)
    guess(jane)
    time_machine.move_to("2026-11-20T08:14:59Z", tick=False)
    for _ in range(GUESSES - 1):
        guess(jane)
    time_machine.move_to("2026-11-20T08:15:01Z", tick=False)
    guess(jane)
    with pytest.raises(TooManyRequests):
        guess(jane)


@pytest.mark.django_db
def test_right_guesses_and_failed_requests_are_not_counted(jane, time_machine):
    time_machine.move_to("2026-11-20T08:00:00Z", tick=False)
    for _ in range(2 * GUESSES):
        guess(jane, is_right=True)
    for _ in range(2 * GUESSES):
        with pytest.raises(OperationalError), counted(stranger(), What.PASSWORD, jane):
            raise OperationalError("the server closed the connection")
    assert RateWindow.objects.get(key="guesses:192.0.2.1").count == 0
    for _ in range(GUESSES):
        with pytest.raises(ValidationError), counted(stranger(), What.PASSWORD, jane):
            raise ValidationError("wrong")
    with pytest.raises(TooManyRequests):
        guess(jane, is_right=True)


@pytest.mark.django_db
def test_a_guess_whose_request_died_counts_for_a_minute(jane, time_machine):
    time_machine.move_to("2026-11-20T08:00:00Z", tick=False)
    for _ in range(GUESSES):
        guesses.reserve(f"password:user {jane.pk}")
    with pytest.raises(TooManyRequests):
        guess(jane)
    time_machine.move_to("2026-11-20T08:01:01Z", tick=False)
    guess(jane, is_right=True)


@pytest.mark.django_db
def test_many_people_share_an_address_but_none_tries_every_account(jane, settings):
    """Ten wrong names a minute lock no neighbour out. Trying every account is stopped."""
    settings.GUESSES_PER_ADDRESS = 20
    for number in range(15):
        guess(None, login=f"07{number:08}")
    guess(jane, is_right=True)
    for number in range(15, 20):
        guess(None, login=f"07{number:08}")
    with pytest.raises(TooManyRequests):
        guess(jane, is_right=True)
    guess(jane, is_right=True, address="192.0.2.2")
    # A browser that has signed in before is free of its neighbours.
    client = signed_in(jane)
    client.post(reverse("account_logout"))
    sign_in(client, "jane@example.com", PASSWORD)
    assert is_signed_in(client)


@pytest.mark.any_engine
@pytest.mark.django_db
def test_a_customer_has_one_ipv6_network(settings):
    settings.GUESSES_PER_ADDRESS = 2
    for address in ("2001:db8::1", "2001:db8::2"):
        guess(None, login="x", address=address)
    with pytest.raises(TooManyRequests):
        guess(None, login="x", address="2001:db8::ffff:3")
    guess(None, login="x", address="2001:db8:0:1::1")


@pytest.mark.django_db
def test_every_page_that_asks_for_the_password_counts_together(jane):
    client = signed_in(jane)
    change = {"oldpassword": "wrong", "password1": "another-Long-one-2", "password2": ""}
    profile = {"name": "Jane", "phone": "", "email": "jane@example.com", "password": "wrong"}
    for number in range(GUESSES):
        if number % 3 == 0:
            client.post(reverse("account_change_password"), change)
        elif number % 3 == 1:
            client.post(reverse("account_reauthenticate"), {"password": "wrong"})
        else:
            client.post(reverse("wallet:profile"), profile)
    for name, field, given in [
        ("account_change_password", "oldpassword", change | {"oldpassword": PASSWORD}),
        ("account_reauthenticate", "password", {"password": PASSWORD}),
        ("wallet:profile", "", profile | {"password": PASSWORD}),
    ]:
        answer = client.post(reverse(name), given)
        found = problems_beside(answer, field) if field else problems(answer)
        assert found == ["Too many attempts. Wait 15 minutes, then try again."], name
        assert answer.status_code == 429, name
    jane.refresh_from_db()
    assert jane.phone


@pytest.mark.django_db
def test_a_new_password_forgets_the_guesses_at_the_old_one(jane):
    client = signed_in(jane)
    for _ in range(GUESSES):
        guess(jane)
    given = {"oldpassword": PASSWORD, "password1": "another-Long-one-2"}
    given["password2"] = given["password1"]
    answer = client.post(reverse("account_change_password"), given)
    assert problems(answer) == []
    new = Client()
    sign_in(new, "jane@example.com", given["password1"])
    assert is_signed_in(new)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("login", ["", "0700 000 000"])
def test_parallel_guesses_never_get_more_than_ten_checked(jane, login):
    checked, busy = [], []
    start = threading.Barrier(32)

    def one(number: int) -> None:
        start.wait()
        try:
            with counted(
                stranger(f"192.0.2.{number}"), What.PASSWORD, None if login else jane, login
            ):
                checked.append(number)
        except TooManyRequests:
            pass
        except OperationalError:
            # SQLite lets only one write at a time, and a slow machine lets some wait for too long.
            busy.append(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(one, range(32)))
    assert GUESSES - len(busy) <= len(checked) <= GUESSES
