"""A member signs in by email or phone number, in any spelling, and out by a button."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client
from django.urls import reverse

from tests.conftest import signed_in
from tests.factories import PASSWORD, UserFactory, funded
from tests.pages import elements, fields, htmx, is_whole_page, problems, text, words
from tests.wallet.support import totp
from wallet.models import UsedStep, User

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

SECRET = "NISSMARTDEMOSECRET234567"
LOGIN, LOGOUT = reverse("account_login"), reverse("account_logout")


@pytest.fixture
def jane(db):
    return UserFactory(name="Jane Wanjiru", email="jane@example.com", phone="+254712345678")


def sign_in(client, login, password=PASSWORD, **more):
    return client.post(LOGIN, {"login": login, "password": password, **more})


def is_signed_in(client) -> bool:
    return "_auth_user_id" in client.session


@pytest.mark.parametrize(
    "login",
    [
        "jane@example.com",
        "JANE@Example.com",
        " jane@example.com ",
        "0712345678",
        "0712 345 678",
        "+254712345678",
        "+254 712-345-678",
        "254712345678",
        "712 345 678",
    ],
)
def test_any_spelling_of_the_email_or_phone_number_signs_in(client, jane, login):
    response = sign_in(client, login)
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert is_signed_in(client)


@pytest.mark.parametrize(
    "login", ["jane@example.com", "nobody@example.com", "0712 345 678", "0722 000 000"]
)
def test_a_wrong_password_and_an_unknown_person_get_the_same_answer(client, jane, login):
    response = sign_in(client, login, "not-the-password")
    assert problems(response) == ["The phone number, email or password isn't right."]
    assert fields(response)["login"] == login
    assert fields(response)["password"] == ""
    assert not is_signed_in(client)


@pytest.mark.parametrize("login", ["", "jane", "12", "@", "jane@", "\u0660\u0667", "a" * 300])
def test_an_invalid_login_is_refused(client, jane, login):
    response = sign_in(client, login)
    assert len(problems(response)) == 1
    assert not is_signed_in(client)


def test_a_person_without_a_password_cannot_sign_in(client):
    UserFactory(email="jane@example.com", password=None)
    sign_in(client, "jane@example.com", "")
    sign_in(client, "jane@example.com", "!")
    assert not is_signed_in(client)


def test_a_closed_account_gets_a_page_and_stays_signed_out(client, jane):
    jane.is_active = False
    jane.save()
    response = sign_in(client, "0712345678")
    assert not is_signed_in(client)
    if response.status_code == 302:
        response = client.get(response.headers["Location"])
    assert is_whole_page(response)


def test_closing_an_account_ends_its_session(jane):
    client = Client()
    sign_in(client, "0712345678")
    jane.is_active = False
    jane.save()
    assert client.get("/activity/").status_code == 302


def test_many_wrong_passwords_block_sign_in_for_a_while(client, jane):
    answers = [sign_in(client, "jane@example.com", "wrong") for _ in range(11)]
    assert problems(answers[-1]) == ["Too many attempts. Wait 15 minutes, then try again."]
    sign_in(client, "jane@example.com")
    assert not is_signed_in(client)


def test_signing_in_gives_the_session_a_new_id(client, jane):
    client.get(LOGIN)
    session = client.session
    session["planted"] = "yes"
    session.save()
    planted = session.session_key
    sign_in(client, "0712345678")
    assert client.cookies["sessionid"].value != planted
    client.cookies["sessionid"] = planted
    assert client.get("/activity/").status_code == 302


def test_only_a_post_signs_out(client, jane):
    sign_in(client, "0712345678")
    page = client.get(LOGOUT)
    assert page.status_code == 200
    assert "Sign out of Nissmart?" in text(page)
    assert is_signed_in(client)
    response = client.post(LOGOUT)
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert not is_signed_in(client)


def test_a_session_id_stops_working_after_signing_out(client, jane):
    sign_in(client, "0712345678")
    old = client.cookies["sessionid"].value
    client.post(LOGOUT)
    client.cookies["sessionid"] = old
    assert client.get("/activity/").status_code == 302


def test_sign_in_returns_to_the_page_that_needed_it(client, jane):
    asked = client.get("/transfer/?amount=50")
    assert asked.headers["Location"] == f"{LOGIN}?next=/transfer/%3Famount%3D50"
    page = client.get(asked.headers["Location"])
    assert fields(page)["next"] == "/transfer/?amount=50"
    assert sign_in(client, "0712345678", next="/transfer/?amount=50").headers["Location"] == (
        "/transfer/?amount=50"
    )


def test_an_htmx_request_without_a_session_redirects_the_whole_page(client):
    response = client.get(
        "/activity/?q=lunch",
        headers=htmx("activity", **{"HX-Current-URL": "http://testserver/activity/?type=DEPOSIT"}),
    )
    assert response.status_code == 200
    assert response.content == b""
    assert response.headers["HX-Redirect"] == f"{LOGIN}?next=/activity/%3Ftype%3DDEPOSIT"


def test_a_page_url_of_another_site_is_ignored(client):
    headers = htmx("activity", **{"HX-Current-URL": "https://evil.example/steal"})
    response = client.get("/activity/", headers=headers)
    assert response.headers["HX-Redirect"] == f"{LOGIN}?next=/activity/"


def landing(person: User, client: Client | None = None, **more: str) -> str:
    """Where this person of staff gets to with the password and a code that no one has used."""
    client = client or Client()
    asked = sign_in(client, person.email, **more)
    UsedStep.objects.all().delete()
    answer = client.post(asked.headers["Location"], {"code": totp.code(SECRET)})
    return answer.headers["Location"]


@pytest.mark.parametrize("role", ["finance", "auditor"])
def test_staff_land_on_the_panel_unless_their_own_wallet_holds_money(request, role):
    person = request.getfixturevalue(role)
    assert sign_in(Client(), person.email).headers["Location"] == "/accounts/2fa/"
    TOTP.activate(person, SECRET)
    assert landing(person) == "/panel/"
    assert landing(person, next="/profile/") == "/profile/"
    funded(person, 1_00)
    assert landing(person) == "/"


def test_an_operator_lands_on_the_admin_and_pages_link_to_it(client, operator):
    TOTP.activate(operator, SECRET)
    assert landing(operator, client) == "/admin/"
    for page in ("/", "/profile/"):
        links = elements(client.get(page), "a", href="/admin/")
        assert {words(link) for link in links} == {"Operator admin"}
    funded(operator, 1_00)
    assert landing(operator) == "/"


def test_only_operators_see_the_link_to_the_admin(as_alice, finance):
    for client in (as_alice, signed_in(finance)):
        for page in ("/", "/profile/"):
            assert not elements(client.get(page), "a", href="/admin/")
