"""Members reset a forgotten password by email and change a known one; strangers learn nothing."""

import re
import unicodedata

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from tests.conftest import signed_in
from tests.factories import PASSWORD, UserFactory
from tests.pages import elements, fields, is_whole_page, problems, problems_beside, text
from tests.wallet.support.totp import code
from wallet.messages import sending

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

RESET, CHANGE = reverse("account_reset_password"), reverse("account_change_password")
LOGIN = reverse("account_login")
NEW_PASSWORD = "another-Long-one-2"


@pytest.fixture
def jane(db):
    return UserFactory(name="Jane Wanjiru", email="jane@example.com", phone="+254712345678")


def ask(client, email="jane@example.com") -> str:
    """Ask for the email, and return the path of its link."""
    client.post(RESET, {"email": email})
    sending.send_all()
    return re.search(r"https?://testserver(/\S+)", mail.outbox[-1].body).group(1)


def may_sign_in(password) -> bool:
    client = Client()
    client.post(LOGIN, {"login": "0712345678", "password": password})
    return "_auth_user_id" in client.session


def choose(client, link, first=NEW_PASSWORD, second=NEW_PASSWORD):
    page = client.get(link, follow=True)
    url = page.request["PATH_INFO"]
    return page, client.post(url, {"password1": first, "password2": second})


def test_a_link_by_email_sets_a_new_password(client, jane):
    page, response = choose(client, ask(client))
    assert "Choose a new password" in text(page)
    assert response.status_code == 302
    done = client.get(response.headers["Location"])
    assert "Password changed" in text(done)
    assert may_sign_in(NEW_PASSWORD)
    assert not may_sign_in(PASSWORD)


def test_the_link_goes_only_to_the_members_email(client, jane):
    ask(client, "JANE@Example.com")
    assert [message.to for message in mail.outbox] == [["jane@example.com"]]
    assert mail.outbox[0].subject.startswith("Nissmart: ")
    assert "example.com/" not in mail.outbox[0].body


def test_the_url_of_the_link_does_not_stay_in_the_browser(client, jane):
    link = ask(client)
    shown = client.get(link)
    assert shown.status_code == 302
    assert link not in shown.headers["Location"]


def test_a_link_works_once(client, jane):
    link = ask(client)
    choose(client, link)
    page = Client().get(link, follow=True)
    assert "This link no longer works" in text(page)
    assert "password1" not in fields(page)


@pytest.mark.parametrize("link", ["1-set-password", "zz-000000-" + "0" * 32, "0-x", "-"])
def test_a_link_that_was_never_sent_sets_nothing(client, jane, link):
    page = client.get(f"/accounts/password/reset/key/{link}/", follow=True)
    assert page.status_code in (200, 404)
    assert is_whole_page(page)
    assert "password1" not in fields(page)


@pytest.mark.parametrize(
    ("first", "second", "field"),
    [("short", "short", "password1"), (NEW_PASSWORD, "other", "password2"), ("", "", "password1")],
)
def test_an_invalid_new_password_is_refused(client, jane, first, second, field):
    _page, response = choose(client, ask(client), first, second)
    assert problems_beside(response, field)
    assert may_sign_in(PASSWORD)


def test_an_unknown_email_gets_the_same_answer_as_a_known_one(client, jane):
    known = client.post(RESET, {"email": "jane@example.com"})
    unknown = client.post(RESET, {"email": "nobody@example.com"})
    pages = [client.get(answer.headers["Location"]) for answer in (known, unknown)]
    assert text(pages[0]) == text(pages[1])
    assert "Check your email" in text(pages[0])


@pytest.mark.parametrize("email", ["", "jane", "jane@", "a\0b@example.com", "a" * 400 + "@b.com"])
def test_an_invalid_email_is_refused(client, email):
    response = client.post(RESET, {"email": email})
    assert problems(response)
    assert not mail.outbox


def test_a_member_changes_the_password_and_stays_signed_in(jane):
    client = signed_in(jane)
    response = client.post(
        CHANGE,
        {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )
    assert response.status_code == 302
    assert client.get("/activity/").status_code == 200
    assert may_sign_in(NEW_PASSWORD)
    assert not may_sign_in(PASSWORD)


def test_operators_change_their_password_on_the_same_page(operator):
    """The admin's own page would neither revoke API tokens nor notify them."""
    answer = signed_in(operator).post("/admin/password_change/", {"old_password": PASSWORD})
    assert answer.headers["Location"] == reverse("account_change_password")


def test_a_change_needs_the_old_password(jane):
    response = signed_in(jane).post(
        CHANGE, {"oldpassword": "wrong", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    )
    assert problems_beside(response, "oldpassword")
    assert may_sign_in(PASSWORD)


@pytest.mark.parametrize("way", ["change", "reset"])
def test_a_new_password_ends_every_other_session(client, jane, way):
    other = signed_in(jane)
    assert other.get("/activity/").status_code == 200
    if way == "reset":
        choose(client, ask(client))
    else:
        signed_in(jane).post(
            CHANGE, {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
        )
    assert other.get("/activity/").status_code == 302


FORMS = ["account_login", "account_signup", "account_reset_password", "account_change_password"]


@pytest.mark.parametrize("name", FORMS)
def test_the_server_validates_forms_and_not_the_browser(client, jane, name):
    client = signed_in(jane) if "change" in name else client
    forms = elements(client.get(reverse(name)), "form", class_="door-form")
    assert forms
    assert all("novalidate" in dict(form.attributes) for form in forms)


def test_empty_fields_get_a_sentence(client):
    for name, sentences in [
        ("account_login", ["Enter your phone number or email.", "Enter your password."]),
        ("account_reset_password", ["Enter your phone number or email."]),
    ]:
        assert problems(client.post(reverse(name), {"email": ""})) == sentences


FORMS = [unicodedata.normalize(name, "naïve-Café-2") for name in ("NFC", "NFD")]


@pytest.mark.parametrize(("set_as", "typed_as"), [(0, 1), (1, 0)])
def test_the_same_password_in_another_unicode_form_is_the_same(jane, set_as, typed_as):
    jane.set_password(FORMS[set_as])
    assert jane.check_password(FORMS[typed_as])
    # From before there was one form.
    jane.password = make_password(FORMS[set_as])
    assert jane.check_password(FORMS[typed_as])
    assert not jane.check_password(FORMS[0].replace("é", "e"))


def test_digits_alone_are_fine_and_our_words_are_not():
    for password in ("24681357902", "correct horse mpesa battery", " spaces  count "):
        validate_password(password)
    for password in ("nissmart2026!", "M-Pesa-1234", "Safaricom&Nissmart"):
        with pytest.raises(ValidationError, match="Thieves try"):
            validate_password(password)


@pytest.mark.parametrize("name", ["account_reauthenticate", "mfa_reauthenticate"])
def test_confirming_who_you_are_changes_the_session_key(jane, name):
    TOTP.activate(jane, secret := generate_totp_secret())
    client = signed_in(jane)
    old = client.session.session_key
    client.post(reverse(name), {"password": PASSWORD, "code": code(secret)})
    assert client.session.session_key != old
    assert client.get("/profile/").status_code == 200
    client.cookies["sessionid"] = old
    assert client.get("/profile/").status_code == 302
