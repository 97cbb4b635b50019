"""Only an operator may help a member who can't sign in, and that is audited."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail
from django.test import Client
from django.urls import reverse

from tests.conftest import pass_second_factor, signed_in
from tests.factories import PASSWORD, UserFactory
from tests.pages import elements, fields, problems_beside, text, words
from wallet.messages import sending
from wallet.models import AuditEvent, User

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

NEW_PASSWORD = "another-Long-one-2"
REASON = "Showed their ID at the counter"


@pytest.fixture
def jane(db):
    """She has a phone number and no email, and has forgotten her password."""
    return UserFactory(name="Jane Wanjiru", email=None, phone="+254712345678")


def url(user: User) -> str:
    return reverse("admin:wallet_user_sign_in_help", args=[user.pk])


def link_for(client: Client, user: User) -> str:
    answer = client.post(url(user), {"reason": REASON, "make_link": "x"})
    assert (answer.status_code, answer.headers["Location"]) == (303, url(user))
    (code,) = elements(client.get(url(user)), "code", class_="handed")
    return words(code).removeprefix("http://testserver")


def may_sign_in(password: str, phone: str = "0712345678") -> bool:
    client = Client()
    client.post(reverse("account_login"), {"login": phone, "password": password})
    return "_auth_user_id" in client.session


def test_the_persons_page_links_to_the_help(as_operator, jane):
    page = as_operator.get(reverse("admin:wallet_user_change", args=[jane.pk]))
    assert url(jane) in [dict(link.attributes).get("href") for link in elements(page, "a")]


def test_a_link_sets_a_new_password_once(as_operator, jane):
    link = link_for(as_operator, jane)
    theirs = Client()
    form = theirs.get(link, follow=True)
    given = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert theirs.post(form.request["PATH_INFO"], given).status_code == 302
    assert may_sign_in(NEW_PASSWORD)
    assert not may_sign_in(PASSWORD)
    assert "password1" not in fields(Client().get(link, follow=True))


def test_the_link_is_shown_once(as_operator, jane):
    link = link_for(as_operator, jane)
    again = as_operator.get(url(jane))
    assert link not in again.text
    assert not elements(again, "code", class_="handed")


def test_the_audit_says_who_and_why_but_never_the_link(as_operator, jane, operator):
    link = link_for(as_operator, jane)
    event = AuditEvent.objects.acts().get()
    assert (event.action, event.subject, event.actor) == (
        "password_link",
        f"member {jane.pk}",
        operator,
    )
    assert (event.reason, event.ip_address) == (REASON, "127.0.0.1")
    assert link.rstrip("/").rpartition("-")[2] not in str(vars(event))


def test_a_reason_is_required(as_operator, jane):
    answer = as_operator.post(url(jane), {"reason": " ", "make_link": "x"})
    assert answer.status_code == 422
    assert problems_beside(answer, "reason") == ["Enter how you checked who is asking."]
    answer = as_operator.post(url(jane), {"reason": "x", "make_link": "x"})
    assert problems_beside(answer, "reason") == ["Enter a reason of at least 5 characters."]
    assert not AuditEvent.objects.acts().exists()


def test_a_member_with_an_email_gets_a_notice(as_operator):
    jane = UserFactory(email="jane@example.com")
    link = link_for(as_operator, jane)
    sending.send_all()
    message = next(sent for sent in mail.outbox if "password" in sent.subject)
    assert message.to == ["jane@example.com"]
    assert "made a link to set a new password" in message.body
    assert link not in message.body


def test_an_operator_can_turn_off_two_step_sign_in(as_operator, jane):
    TOTP.activate(jane, generate_totp_secret())
    assert "Turn off two-step sign-in" in as_operator.get(url(jane)).text
    as_operator.post(url(jane), {"reason": REASON, "remove_two_step": "x"})
    assert not Authenticator.objects.filter(user=jane).exists()
    assert AuditEvent.objects.acts().get().action == "remove_two_step"
    page = as_operator.get(url(jane))
    assert "Two-step sign-in is off." in text(page)
    assert "Turn off two-step sign-in" not in page.text
    as_operator.post(url(jane), {"reason": REASON, "remove_two_step": "x"})
    assert AuditEvent.objects.acts().count() == 1


@pytest.mark.parametrize("who", ["finance", "auditor", "operator", "closed"])
def test_staff_and_closed_accounts_get_no_link(request, as_operator, jane, who):
    jane.is_active = False
    jane.save()
    person = jane if who == "closed" else request.getfixturevalue(who)
    page = text(as_operator.get(url(person)))
    assert "Password links aren't for staff or closed accounts." in page
    refused = as_operator.post(url(person), {"reason": REASON, "make_link": "x"})
    assert refused.status_code == 422
    assert not AuditEvent.objects.acts().exists()


def test_only_superusers_may_help(jane, alice, finance):
    helper = UserFactory(is_staff=True)
    for user, expected in [(helper, 403), (alice, 302), (finance, 302)]:
        client = signed_in(user)
        for answer in (client.get(url(jane)), client.post(url(jane), {"reason": REASON})):
            assert answer.status_code == expected
    assert not AuditEvent.objects.acts().exists()
    assert url(jane) not in signed_in(helper).get("/admin/").text


def test_the_operator_must_confirm_their_password(operator, jane):
    client = Client()
    client.force_login(operator)
    pass_second_factor(client)
    for answer in (client.get(url(jane)), client.post(url(jane), {"reason": REASON})):
        assert "/reauthenticate/" in answer.headers["Location"]
    assert not AuditEvent.objects.acts().exists()


def test_an_unknown_person_is_not_found(as_operator):
    assert (
        as_operator.get(reverse("admin:wallet_user_sign_in_help", args=[999_999])).status_code
        == 404
    )
