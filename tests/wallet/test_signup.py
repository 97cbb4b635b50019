"""Anyone can open a wallet with a name, a password, and a phone number or an email."""

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse

from tests.factories import PASSWORD, UserFactory
from tests.pages import fields, is_whole_page, problems, problems_beside, text
from tests.wallet.support.codes import code_to, prove
from wallet.models import Account, User

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

SIGNUP, VERIFY = reverse("account_signup"), reverse("wallet:verify")
JANE = {
    "name": "Jane Wanjiru",
    "phone": "0712 345 678",
    "email": "jane@example.com",
    "password1": PASSWORD,
}


def sign_up(client, **changes):
    return client.post(SIGNUP, {**JANE, **changes})


def signed_in_user(client) -> User | None:
    pk = client.session.get("_auth_user_id")
    return User.objects.get(pk=pk) if pk else None


def test_the_form_asks_for_no_more_than_it_needs(client):
    response = client.get(SIGNUP)
    assert is_whole_page(response)
    assert set(fields(response)) - {"csrfmiddlewaretoken", "next", "theme"} == set(JANE)


@pytest.mark.parametrize(
    ("given", "phone", "email"),
    [
        ({}, "+254712345678", "jane@example.com"),
        ({"email": ""}, "+254712345678", None),
        ({"phone": ""}, None, "jane@example.com"),
        ({"email": "Jane@Example.COM"}, "+254712345678", "jane@example.com"),
        ({"phone": "+254 712-345-678"}, "+254712345678", "jane@example.com"),
        ({"name": "  Jane  "}, "+254712345678", "jane@example.com"),
    ],
)
def test_signing_up_opens_an_empty_wallet_and_signs_in(client, given, phone, email):
    response = sign_up(client, **given)
    assert (response.status_code, response.headers["Location"]) == (302, VERIFY)
    for contact in filter(None, (phone, email)):
        prove(client, contact)
    user = User.objects.get()
    assert (user.phone, user.email) == (phone, email)
    assert user.name.startswith("Jane")
    assert (user.is_staff, user.is_superuser) == (False, False)
    account = user.primary_account()
    assert (account.kind, account.currency, account.balance_cents) == ("wallet", "KES", 0)
    assert signed_in_user(client) == user
    assert client.get("/").status_code == 200


def test_the_email_is_stored_where_password_reset_looks_for_it(client):
    sign_up(client, email="Jane@Example.com")
    assert not EmailAddress.objects.exists()
    prove(client, "jane@example.com")
    address = EmailAddress.objects.get()
    assert (address.email, address.primary) == ("jane@example.com", True)


@pytest.mark.parametrize(
    ("given", "field", "sentence"),
    [
        (
            {"phone": "", "email": ""},
            "phone",
            "Enter a phone number or an email. You sign in with it.",
        ),
        ({"name": ""}, "name", "Enter your name."),
        ({"name": "Jane\nWanjiru"}, "name", "Use letters, digits and ordinary signs only."),
        ({"phone": "12"}, "phone", "Enter a Kenyan phone number, like 0712 345 678."),
        ({"email": "jane"}, "email", "Enter an email address, like jane@example.com."),
        ({"password1": "short"}, "password1", None),
        ({"password1": "12345678901"}, "password1", None),
        ({"password1": "password123"}, "password1", None),
        ({"password1": ""}, "password1", None),
    ],
)
def test_an_invalid_field_shows_its_error_and_the_text_stays(client, given, field, sentence):
    response = sign_up(client, **given)
    assert not User.objects.exists()
    assert not Account.objects.filter(user__isnull=False).exists()
    beside = problems_beside(response, field)
    assert beside
    assert set(beside) <= set(problems(response))
    if sentence:
        assert beside == [sentence]
    kept = {**JANE, **given, "password1": ""}
    assert fields(response).items() >= kept.items()


@pytest.mark.parametrize(
    "given", [{"phone": "0712345678"}, {"phone": "+254 712 345 678"}, {"email": "JANE@example.com"}]
)
def test_the_form_does_not_say_who_has_an_account(client, given):
    jane = UserFactory(phone="+254712345678", email="jane@example.com")
    response = sign_up(client, **{"phone": "0722 000 111", "email": "new@example.com"} | given)
    assert (response.status_code, response.headers["Location"]) == (302, VERIFY)
    assert signed_in_user(client) != jane
    assert User.objects.filter(phone="+254712345678", email="jane@example.com").get() == jane


def test_two_people_may_both_leave_the_email_out(client):
    UserFactory(email=None, phone="+254722000111")
    sign_up(client, email="")
    prove(client, "+254712345678")
    assert User.objects.filter(email__isnull=True).count() == 2


def test_extra_posted_fields_grant_nothing(client):
    sign_up(client, is_staff="1", is_superuser="1", groups="1", balance_cents="100000")
    user = User.objects.get()
    assert (user.is_staff, user.is_superuser, user.groups.count()) == (False, False, 0)
    assert user.primary_account().balance_cents == 0


def test_a_member_who_is_signed_in_is_sent_home(as_alice):
    response = as_alice.get(SIGNUP)
    assert (response.status_code, response.headers["Location"]) == (302, "/")


def test_signing_up_continues_to_the_next_page(client):
    response = client.post(SIGNUP, {**JANE, "next": "/deposit/"})
    assert response.headers["Location"] == f"{VERIFY}?next=%2Fdeposit%2F"
    given = {"code": code_to("+254712345678"), "next": "/deposit/"}
    assert client.post(VERIFY, given).headers["Location"] == "/deposit/"


def test_many_attempts_from_one_ip_address_are_limited(client):
    for attempt in range(25):
        response = sign_up(client, name="", phone=f"07220001{attempt:02}")
        if response.status_code == 429:
            break
    assert response.status_code == 429
    assert is_whole_page(response)
    assert "Too many attempts" in response.text


def test_the_form_says_that_a_phone_number_or_an_email_is_enough(client):
    said = text(client.get(SIGNUP))
    assert "a phone number or an email. One is enough." in said
    assert "Optional if you enter an email." in said
    assert "Optional if you enter a phone number." in said
