"""A browser that has signed in is known by its cookie. Someone else's browser raises an alarm."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from django.urls import reverse

from tests.conftest import signed_in
from tests.factories import PASSWORD, UserFactory
from wallet.models import Delivery, Device, User
from wallet.signin import devices

pytestmark = pytest.mark.django_db

LOGIN = reverse("account_login")
ANDROID = "Mozilla/5.0 (Linux; Android 14; SM-A057F) AppleWebKit/537.36 Chrome/131.0 Safari/537.36"


@pytest.fixture
def jane(db) -> User:
    return UserFactory(email="jane@example.com")


def sign_in(client: Client, agent: str = ANDROID) -> None:
    given = {"login": "jane@example.com", "password": PASSWORD}
    answer = client.post(LOGIN, given, headers={"User-Agent": agent}, REMOTE_ADDR="192.0.2.7")
    assert answer.status_code == 302


def request_of(client: Client, user: User):
    """A request that this browser sends, signed in as this person."""
    request = RequestFactory().get("/")
    request.COOKIES = {name: morsel.value for name, morsel in client.cookies.items()}
    request.user = user
    return request


def alerts() -> list[str]:
    """What was sent about new devices, as (channel, text)."""
    sent = Delivery.objects.filter(message__topic="new_device").order_by("pk")
    return [f"{one.channel}: {one.text}" for one in sent]


def test_the_first_device_is_known_and_the_second_raises_an_alarm(jane, time_machine):
    time_machine.move_to("2026-11-20T08:00:00Z", tick=False)
    first, second = Client(), Client()
    sign_in(first)
    assert not devices.is_new(request_of(first, jane))
    assert alerts() == []

    jane.refresh_from_db()
    sign_in(second, "Mozilla/5.0 (Windows NT 10.0; rv:133.0) Gecko/20100101 Firefox/133.0")
    assert devices.is_new(request_of(second, jane))
    sms, mail = alerts()
    assert sms == (
        "sms: New sign-in to Nissmart: Firefox on Windows, 20 Nov 2026, 11:00. "
        "Not you? Sign it out: http://testserver/security/sessions/"
    )
    assert "Firefox on Windows" in mail

    # Signing in once more doesn't make it known, but a day does.
    sign_in(second)
    assert len(alerts()) == 2
    time_machine.move_to("2026-11-21T07:59:00Z", tick=False)
    assert devices.is_new(request_of(second, jane))
    time_machine.move_to("2026-11-21T08:00:01Z", tick=False)
    assert not devices.is_new(request_of(second, jane))
    assert [device.ip_address for device in devices.known_devices(jane)] == ["192.0.2.7"] * 2


def test_a_second_factor_makes_a_new_device_known(jane):
    sign_in(Client())
    client = Client()
    sign_in(client)
    devices.trust(request_of(client, jane))
    assert not devices.is_new(request_of(client, jane))


def test_sign_up_opens_a_known_device(client):
    given = {"name": "Jane", "email": "new@example.com", "phone": "", "password1": PASSWORD}
    client.post(reverse("account_signup"), given)
    jane = User.objects.get(name="Jane")
    assert not devices.is_new(request_of(client, jane))
    assert alerts() == []


def test_only_the_digest_of_the_token_is_stored_and_a_forged_cookie_names_no_device(jane, bob):
    client = Client()
    sign_in(client)
    cookie = client.cookies["device"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (
        True,
        "Lax",
        365 * 24 * 60 * 60,
    )
    token = cookie.value.partition(":")[0]
    device = Device.objects.get()
    assert device.digest == devices.digest_of(token)
    assert token not in str(vars(device))

    assert devices.is_new(request_of(client, bob))
    client.cookies["device"] = token
    assert devices.is_new(request_of(client, jane))
    client.cookies["device"] = f"{token}:1vAbCd:{'x' * 43}"
    assert devices.is_new(request_of(client, jane))


def test_two_people_share_a_browser(jane, bob):
    client = signed_in(bob)
    client.post(reverse("account_logout"))
    sign_in(client)
    for person in (jane, bob):
        assert not devices.is_new(request_of(client, person))
    assert len({device.digest for device in Device.objects.all()}) == 1


@pytest.mark.any_engine
@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (ANDROID, "Chrome on Android"),
        (f"{ANDROID} SamsungBrowser/27.0", "Samsung Internet on Android"),
        (f"{ANDROID} EdgA/131.0", "Edge on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Firefox/133.0", "Firefox on Linux"),
        ("Opera/9.80 (Android; Opera Mini/7.5.54678; U; en) Presto/2.5", "Opera Mini on Android"),
        ("Mozilla/5.0 (Mobile; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5", "Firefox on KaiOS"),
        ("curl/8.5.0", "Unknown browser"),
        ("", "Unknown browser"),
        ("<script>alert(1)</script>" * 900, "Unknown browser"),
    ],
)
def test_a_browser_has_a_readable_name(agent, name):
    request = RequestFactory().get("/", headers={"User-Agent": agent})
    request.user = AnonymousUser()
    assert devices.name_of(request) == name
