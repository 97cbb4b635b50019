"""A member's profile. A new phone number or email needs the password."""

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse

from tests.conftest import signed_in
from tests.factories import PASSWORD, UserFactory
from tests.pages import fields, htmx, is_whole_page, problems, problems_beside, text, title
from tests.wallet.support.codes import prove
from wallet.messages import sending

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

PROFILE = reverse("wallet:profile")
NAME = "Jane Wanjiru"
NOW = {
    "phone": "+254712345678",
    "email": "jane@example.com",
    "password": "",
}


@pytest.fixture
def jane(db):
    return UserFactory(name=NAME, phone=NOW["phone"], email=NOW["email"])


def save(user, headers=None, **changes):
    return signed_in(user).post(PROFILE, {**NOW, **changes}, headers=headers)


def change(user, contact: str, **changes) -> None:
    """Change this, and enter the code that goes to the new contact."""
    client = signed_in(user)
    assert client.post(PROFILE, NOW | changes | {"password": PASSWORD}).status_code == 303
    prove(client, contact)


def details(user) -> tuple[str, str | None, str | None]:
    user.refresh_from_db()
    return user.name, user.phone, user.email


def test_the_form_shows_the_current_values_without_a_password(jane):
    response = signed_in(jane).get(PROFILE)
    assert is_whole_page(response)
    assert fields(response).items() >= NOW.items()
    assert "Sign-in, devices and API tokens" in text(response)
    assert "Sign out" in text(response)


def test_the_profile_needs_a_session(client):
    assert client.get(PROFILE).headers["Location"].startswith(reverse("account_login"))


def test_the_page_says_that_the_profile_is_saved(jane):
    client = signed_in(jane)
    client.post(PROFILE, NOW)
    assert "Your profile is saved." in text(client.get(PROFILE))


def test_htmx_is_redirected_to_the_page(jane):
    response = save(jane, headers=htmx())
    assert (response.status_code, response.headers["HX-Redirect"]) == (200, PROFILE)


@pytest.mark.parametrize(
    ("changes", "after"),
    [
        ({"phone": "0722 000 111"}, ("Jane Wanjiru", "+254722000111", "jane@example.com")),
        ({"phone": ""}, ("Jane Wanjiru", None, "jane@example.com")),
        ({"email": ""}, ("Jane Wanjiru", "+254712345678", None)),
        ({"email": "New@Example.com"}, ("Jane Wanjiru", "+254712345678", "new@example.com")),
    ],
)
def test_a_new_phone_number_or_email_needs_the_password(jane, changes, after):
    for wrong, sentence in (
        ("", "Enter your current password to change your phone number or email."),
        ("not-the-password", "This password isn't right. Enter it again."),
    ):
        response = save(jane, **changes, password=wrong)
        assert response.status_code == 422
        assert problems_beside(response, "password") == [sentence]
        assert fields(response).items() >= changes.items()
        assert fields(response)["password"] == ""
        assert details(jane) == ("Jane Wanjiru", "+254712345678", "jane@example.com")
    client = signed_in(jane)
    assert client.post(PROFILE, NOW | changes | {"password": PASSWORD}).status_code == 303
    for contact in set(after[1:]) - {None, NOW["phone"], NOW["email"]}:
        assert details(jane) == ("Jane Wanjiru", NOW["phone"], NOW["email"])
        prove(client, contact)
    assert details(jane) == after


@pytest.mark.parametrize("spelling", ["0712345678", "0712 345 678", "+254 712 345 678"])
def test_the_same_phone_number_in_another_spelling_is_no_change(jane, spelling):
    assert save(jane, phone=spelling).status_code == 303


def test_the_same_email_in_another_case_is_no_change(jane):
    assert save(jane, email="JANE@example.com").status_code == 303
    assert details(jane)[2] == "jane@example.com"


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"phone": "12"}, "phone", "Enter a Kenyan phone number, like 0712 345 678."),
        ({"email": "jane"}, "email", "Enter an email address, like jane@example.com."),
        ({"phone": "0722000111"}, "phone", "This phone number already has an account."),
        ({"email": "TAKEN@example.com"}, "email", "This email already has an account."),
        (
            {"phone": "", "email": ""},
            "phone",
            "Keep a phone number or an email. You sign in with it.",
        ),
    ],
)
def test_an_invalid_field_shows_its_error_and_changes_nothing(jane, changes, field, sentence):
    UserFactory(phone="+254722000111", email="taken@example.com")
    response = save(jane, **changes, password=PASSWORD)
    assert response.status_code == 422
    assert title(response).startswith("Error: ")
    beside = problems_beside(response, field)
    assert len(beside) == 1
    assert beside[0] in problems(response)
    if sentence:
        assert beside == [sentence]
    assert details(jane) == (NAME, NOW["phone"], NOW["email"])


def test_extra_posted_fields_change_nothing(jane):
    save(
        jane, name="Mallory", is_staff="1", is_superuser="1", is_active="", created_at="2020-01-01"
    )
    jane.refresh_from_db()
    assert (jane.is_staff, jane.is_superuser, jane.is_active) == (False, False, True)
    assert jane.name == NAME


def test_password_reset_goes_to_the_new_email(client, jane):
    EmailAddress.objects.create(user=jane, email=jane.email, primary=True, verified=True)
    change(jane, "new@example.com", email="new@example.com")
    for email in ("jane@example.com", "new@example.com"):
        client.post(reverse("account_reset_password"), {"email": email})
    sending.send_all()
    reset = [message.to for message in mail.outbox if "/password/reset/key/" in message.body]
    assert reset == [["new@example.com"]]


def test_only_the_new_phone_number_signs_in(jane):
    change(jane, "+254722000111", phone="0722 000 111")

    def may_sign_in(login):
        client = Client()
        client.post(reverse("account_login"), {"login": login, "password": PASSWORD})
        return "_auth_user_id" in client.session

    assert may_sign_in("0722000111")
    assert not may_sign_in("0712345678")


def test_too_many_wrong_passwords_get_a_page_that_says_how_long_to_wait(jane, time_machine):
    time_machine.move_to("2026-11-20T08:00:00Z", tick=False)
    client = signed_in(jane)
    wrong = {**NOW, "phone": "0722 000 002", "password": "wrong"}
    answers = [client.post(PROFILE, wrong) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
    assert "Wait 15 minutes, then try again." in text(answers[-1])
    assert answers[-1].headers["Retry-After"] == "900"
