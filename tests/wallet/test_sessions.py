"""A session ends when it's idle, old, or signed out, and never revives."""

from __future__ import annotations

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.test import Client
from django.urls import reverse

from tests.conftest import know_device, signed_in
from tests.factories import PASSWORD, UserFactory, new_key
from tests.pages import text
from tests.wallet.support.browsers import LOGIN, PAGE, is_in, sign_in
from wallet.models import Device, Session, User
from wallet.signin.session_store import SessionStore, digest_of

pytestmark = pytest.mark.django_db

LOGOUT, SESSIONS = reverse("account_logout"), reverse("wallet:sessions")


@pytest.fixture
def jane(db) -> User:
    return UserFactory(name="Jane", email="jane@example.com", phone="+254712345678")


@pytest.mark.parametrize(
    ("role", "keep", "idle_minutes", "hours"),
    [
        ("member", {}, 30, 24),
        ("member", {"remember": "on"}, 30 * 24 * 60, 90 * 24),
        ("finance", {"remember": "on"}, 15, 12),
        ("operator", {}, 15, 12),
    ],
)
def test_a_session_ends_when_idle_and_when_old(
    request, jane, role, keep, idle_minutes, hours, time_machine, settings
):
    time_machine.move_to("2026-11-20T08:00:00Z", tick=False)
    user = jane if role == "member" else request.getfixturevalue(role)
    idle = sign_in(user, **keep)
    used = sign_in(user, **keep)
    step_s = idle_minutes * 60 - 61
    key = idle.cookies["sessionid"].value
    for _ in range(3):
        time_machine.shift(step_s)
        assert is_in(used)
    assert not is_in(idle)
    # The clock is set back, and the session that has ended stays ended.
    time_machine.move_to("2026-11-20T08:00:01Z", tick=False)
    idle.cookies["sessionid"] = key
    assert not is_in(idle)

    time_machine.move_to("2026-11-20T08:00:00Z", tick=False)
    settings.SESSION_IDLE_MINUTES = dict.fromkeys(settings.SESSION_IDLE_MINUTES, 10**6)
    old = sign_in(user, **keep)
    time_machine.shift(hours * 3600 - 1)
    assert is_in(old)
    time_machine.shift(2)
    assert not is_in(old)


def test_the_last_use_is_written_once_a_minute_and_a_poll_is_no_use(
    jane, time_machine, django_assert_num_queries
):
    time_machine.move_to("2026-11-20T08:00:00Z", tick=False)
    client = sign_in(jane)
    client.get(PAGE)
    session = Session.objects.get(user=jane)
    time_machine.shift(59)
    client.get(PAGE)
    session.refresh_from_db()
    assert f"{session.used_at:%H:%M:%S}" == "08:00:00"
    time_machine.shift(1)
    client.get(PAGE, headers={"X-Background": "1"}, REMOTE_ADDR="192.0.2.8")
    session.refresh_from_db()
    assert f"{session.used_at:%H:%M:%S}" == "08:00:00"
    client.get(PAGE, REMOTE_ADDR="192.0.2.9")
    session.refresh_from_db()
    assert (f"{session.used_at:%H:%M:%S}", session.ip_address) == ("08:01:00", "192.0.2.9")
    time_machine.shift(30 * 60 - 1)
    client.get(PAGE, headers={"X-Background": "1"})
    time_machine.shift(1)
    assert not is_in(client)


def test_only_the_digest_of_the_key_is_stored_and_deleting_the_row_ends_the_session(jane):
    client = sign_in(jane)
    key = client.cookies["sessionid"].value
    session = Session.objects.get(user=jane)
    assert session.digest == digest_of(key)
    assert key not in str(vars(session))
    session.delete()
    assert not is_in(client)


def test_a_planted_or_stolen_id_opens_nothing(jane):
    client = Client()
    for planted in ["x" * 32, "", "a", "\0" * 32, "é" * 20, Session.__name__, "0" * 400]:
        client.cookies["sessionid"] = planted
        assert not is_in(client)
    visitor = Client()
    visitor.get(LOGIN)
    victim = Client()
    victim.session.save()
    planted = victim.session.session_key
    victim.post(LOGIN, {"login": jane.email, "password": PASSWORD})
    assert is_in(victim)
    assert victim.cookies["sessionid"].value != planted
    victim.cookies["sessionid"] = planted
    assert not is_in(victim)
    # What the database holds is no key.
    victim.cookies["sessionid"] = Session.objects.get(user=jane).digest
    assert not is_in(victim)


def test_a_request_under_way_does_not_revive_a_session_that_has_ended(jane):
    client = sign_in(jane)
    slow = SessionStore(client.cookies["sessionid"].value)
    assert slow[SESSION_KEY] == str(jane.pk)
    client.post(LOGOUT)
    slow["note"] = "x"
    with pytest.raises(UpdateError):
        slow.save()
    with pytest.raises(SessionInterrupted):
        slow.cycle_key()
    assert not Session.objects.filter(user=jane).exists()


def test_signing_out_clears_the_browser_and_another_tab_says_so(jane):
    client = Client(enforce_csrf_checks=True)
    client.get(LOGIN)
    given = {"login": jane.email, "password": PASSWORD}
    given["csrfmiddlewaretoken"] = client.cookies["csrftoken"].value
    client.post(LOGIN, given)
    # The second tab has this form open.
    client.get("/transfer/")
    token = client.cookies["csrftoken"].value
    order = {"amount": "250", "recipient": "bob@example.com", "idempotency_key": new_key()}
    order |= {"confirm": "1", "csrfmiddlewaretoken": token}

    answer = client.post(LOGOUT, {"csrfmiddlewaretoken": token})
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert client.cookies["device"].value
    assert "Clear-Site-Data" not in client.get("/").headers

    answer = client.post("/transfer/", order)
    assert "amount%3D250" in answer.headers["Location"]
    assert "You're signed out, so nothing was sent." in text(client.get(answer.headers["Location"]))


def test_a_member_sees_their_devices_and_signs_one_out(jane, carol):
    phone = Client(headers={"User-Agent": "Mozilla/5.0 (Linux; Android 14) Chrome/131.0"})
    phone.post(LOGIN, {"login": jane.email, "password": PASSWORD}, REMOTE_ADDR="192.0.2.1")
    laptop = sign_in(jane)
    page = text(phone.get(SESSIONS, REMOTE_ADDR="192.0.2.1"))
    assert "Chrome on Android This device 192.0.2.1 · since " in page
    assert "Unknown browser Last used" in page
    assert "127.0.0.1 · since" in page
    other = Session.objects.get(digest=digest_of(laptop.cookies["sessionid"].value))
    end = reverse("wallet:end_session", args=[other.pk])

    stranger = signed_in(carol)
    assert stranger.post(end).status_code == 404
    assert "192.0.2.1" not in text(stranger.get(SESSIONS))
    assert is_in(laptop)

    answer = phone.post(end)
    assert (answer.status_code, answer.headers["Location"]) == (303, SESSIONS)
    assert not is_in(laptop)
    assert is_in(phone)
    assert phone.post(end).status_code == 404
    # Its next sign-in is one from a new device.
    assert [device.name for device in Device.objects.filter(user=jane)] == ["Chrome on Android"]

    own = reverse("wallet:end_session", args=[Session.objects.get(user=jane).pk])
    answer = phone.post(own, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == "/"
    assert not is_in(phone)


def test_a_member_signs_out_everywhere_else(jane, bob):
    here, there, bobs = sign_in(jane), sign_in(jane), sign_in(bob)
    know_device(there, jane)
    assert here.post(reverse("wallet:end_other_sessions")).status_code == 303
    assert [is_in(client) for client in (here, there, bobs)] == [True, False, True]
    assert Device.objects.filter(user=jane).count() == 1
    assert "signed in on this device only" in text(here.get(SESSIONS))


def test_staff_keep_the_limits_of_their_role_after_a_new_session_key(finance, time_machine):
    """Changing the password renews the session's id, not its time."""
    time_machine.move_to("2026-11-20T08:00:00Z", tick=False)
    client = sign_in(finance)
    time_machine.shift(600)
    given = {"oldpassword": PASSWORD, "password1": "another-Long-one-2"}
    given["password2"] = given["password1"]
    key = client.cookies["sessionid"].value
    assert client.post(reverse("account_change_password"), given).status_code == 302
    assert client.cookies["sessionid"].value != key
    [session] = Session.objects.filter(user=finance)
    assert (session.is_staff, f"{session.began_at:%H:%M}") == (True, "08:00")
    assert session.device
