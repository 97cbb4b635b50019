"""Members get an email at their old address when their sign-in details change."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail
from django.urls import reverse

from tests.conftest import pass_second_factor, signed_in
from tests.factories import PASSWORD, UserFactory
from tests.wallet.support.codes import prove
from wallet.messages import sending
from wallet.models import Delivery

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

PROFILE = reverse("wallet:profile")
NOW = {"name": "Jane Wanjiru", "phone": "+254712345678", "email": "jane@example.com"}
NEW_PASSWORD = "another-Long-one-2"


@pytest.fixture
def jane(db):
    return UserFactory(**NOW)


def sent_mail() -> list[tuple[list[str], str]]:
    return [(message.to, message.subject) for message in mail.outbox]


def announced() -> set[tuple[str, str]]:
    """Where each alert goes, and its subject if it's a mail."""
    return set(Delivery.objects.values_list("to", "subject"))


def save(user, **changes):
    answer = signed_in(user).post(PROFILE, NOW | {"password": PASSWORD} | changes)
    assert answer.status_code == 303


def change(user, contact: str, **changes) -> None:
    """Save this, and enter the code that goes to the new contact."""
    client = signed_in(user)
    client.post(PROFILE, NOW | {"password": PASSWORD} | changes)
    prove(client, contact)


def test_a_new_password_is_announced(jane):
    given = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    answer = signed_in(jane).post(reverse("account_change_password"), given)
    assert answer.headers["Location"] == reverse("wallet:security")
    mail = ("jane@example.com", "Nissmart: Your password was changed")
    assert announced() == {("+254712345678", ""), mail}
    assert sent_mail() == []
    assert NEW_PASSWORD not in str(list(Delivery.objects.values()))


def alerts() -> set[tuple[str, str]]:
    """To whom a change was announced, and how, once the worker has sent it."""
    sending.send_all()
    found = Delivery.objects.filter(message__isnull=False, state="sent")
    return set(found.values_list("to", "message__topic"))


def test_a_new_phone_number_is_announced_at_the_old_one_too(jane):
    change(jane, "+254722000111", phone="0722 000 111")
    assert alerts() == {
        (contact, "phone_changed")
        for contact in (NOW["phone"], "+254722000111", "jane@example.com")
    }
    assert sent_mail() == [(["jane@example.com"], "Nissmart: Your phone number was changed")]
    assert "722" not in mail.outbox[0].body


def test_a_new_email_is_announced_at_the_old_one_too(jane):
    change(jane, "new@example.com", email="new@example.com")
    assert alerts() == {
        (contact, "email_changed")
        for contact in (NOW["phone"], "new@example.com", "jane@example.com")
    }


def test_the_end_of_an_email_is_announced_there(jane):
    save(jane, email="")
    assert alerts() == {
        (contact, "email_changed") for contact in (NOW["phone"], "jane@example.com")
    }


def test_a_new_name_is_not_announced(jane):
    save(jane, name="Jane N.", phone="0712 345 678", email="JANE@example.com")
    assert sent_mail() == []


def test_turning_off_two_step_sign_in_is_announced(jane):
    secret = generate_totp_secret()
    TOTP.activate(jane, secret)
    client = signed_in(jane)
    pass_second_factor(client)
    assert client.post(reverse("mfa_deactivate_totp")).status_code in (302, 303)
    assert ("jane@example.com", "Nissmart: Two-step sign-in was changed") in announced()
    assert sent_mail() == []


def test_a_change_by_an_operator_is_announced_without_their_ip_address(jane, operator):
    url = reverse("admin:wallet_user_change", args=[jane.pk])
    given = NOW | {"phone": "0722 000 111", "is_active": "on", "reason": "Lost SIM"}
    assert signed_in(operator).post(url, given, REMOTE_ADDR="203.0.113.77").status_code == 302
    assert mail.outbox == []
    sending.send_due("email")
    subjects = {
        "Nissmart: Your phone number was changed",
        "Nissmart: Our staff helped with your sign-in",
    }
    assert {sent.subject for sent in mail.outbox} == subjects
    assert all(sent.to == ["jane@example.com"] for sent in mail.outbox)
    assert any("by an operator" in sent.body for sent in mail.outbox)
    assert not any("203.0.113.77" in sent.body for sent in mail.outbox)


def test_mail_that_cannot_be_sent_undoes_nothing(jane, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("no mail server")

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
    change(jane, "+254722000111", phone="0722 000 111")
    sending.send_all()
    jane.refresh_from_db()
    assert jane.phone == "+254722000111"
    assert Delivery.objects.get(channel="email").state == "failed"
