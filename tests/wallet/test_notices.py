"""Members get an email at their old address when their sign-in details change."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail
from django.urls import reverse

from tests.conftest import pass_second_factor, signed_in
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

PROFILE = reverse("wallet:profile")
NOW = {"name": "Jane Wanjiru", "phone": "+254712345678", "email": "jane@example.com"}
NEW_PASSWORD = "another-Long-one-2"


@pytest.fixture
def jane(db):
    return UserFactory(**NOW)


def sent_mail() -> list[tuple[list[str], str]]:
    return [(message.to, message.subject) for message in mail.outbox]


def save(user, **changes):
    answer = signed_in(user).post(PROFILE, NOW | {"password": PASSWORD} | changes)
    assert answer.status_code == 303


def test_a_new_password_is_announced(jane):
    given = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    answer = signed_in(jane).post(reverse("account_change_password"), given)
    assert answer.headers["Location"] == reverse("wallet:security")
    assert sent_mail() == [(["jane@example.com"], "Nissmart: Your password was changed")]
    assert "If it wasn't you, set a new password immediately." in mail.outbox[0].body
    assert NEW_PASSWORD not in mail.outbox[0].body


def test_a_new_phone_number_is_announced(jane):
    save(jane, phone="0722 000 111")
    assert sent_mail() == [(["jane@example.com"], "Nissmart: Your phone number was changed")]
    assert "722" not in mail.outbox[0].body


@pytest.mark.parametrize("email", ["new@example.com", ""])
def test_a_new_email_is_announced_at_the_old_one(jane, email):
    save(jane, email=email)
    assert sent_mail() == [(["jane@example.com"], "Nissmart: Your email was changed")]


def test_a_new_name_is_not_announced(jane):
    save(jane, name="Jane N.", phone="0712 345 678", email="JANE@example.com")
    assert sent_mail() == []


@pytest.mark.parametrize("phone", [NOW["phone"], "0722 000 111"])
def test_a_first_email_has_no_old_one_to_notify(phone):
    jane = UserFactory(**NOW | {"email": None})
    save(jane, phone=phone)
    assert sent_mail() == []


def test_turning_off_two_step_sign_in_is_announced(jane):
    secret = generate_totp_secret()
    TOTP.activate(jane, secret)
    client = signed_in(jane)
    pass_second_factor(client)
    assert client.post(reverse("mfa_deactivate_totp")).status_code in (302, 303)
    assert (["jane@example.com"], "Nissmart: Two-step sign-in was turned off") in sent_mail()


def test_a_change_by_an_operator_is_announced_without_their_ip_address(jane, operator):
    url = reverse("admin:wallet_user_change", args=[jane.pk])
    given = NOW | {"phone": "0722 000 111", "is_active": "on"}
    assert signed_in(operator).post(url, given, REMOTE_ADDR="203.0.113.77").status_code == 302
    assert sent_mail() == [(["jane@example.com"], "Nissmart: Your phone number was changed")]
    assert "by an operator" in mail.outbox[0].body
    assert "203.0.113.77" not in mail.outbox[0].body


def test_mail_that_cannot_be_sent_undoes_nothing(jane, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("no mail server")

    monkeypatch.setattr("django.core.mail.message.EmailMessage.send", refuse)
    save(jane, phone="0722 000 111")
    jane.refresh_from_db()
    assert jane.phone == "+254722000111"
