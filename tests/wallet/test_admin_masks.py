"""Django admin masks phone numbers and emails, and shows them once, for a reason."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group, Permission
from django.urls import reverse
from django.utils import timezone

from ledger.leaving import operations as leaving
from tests.conftest import signed_in
from tests.factories import UserFactory
from tests.pages import problems_beside, text
from wallet import messages, naming
from wallet.context import Context
from wallet.messages import Contact, Topic
from wallet.models import AuditEvent, Delivery, FormerMember, NameRequest, User

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

PHONE, EMAIL = "+254733987654", "jane@example.com"
DAY = timedelta(days=1)
SECRETS = (PHONE, "0733987654", "0733 987 654", "733987654", EMAIL)


@pytest.fixture
def jane(db) -> User:
    return UserFactory(name="Jane Wanjiru", email=EMAIL, phone=PHONE)


def url(model: str, page: str, *args: object) -> str:
    return reverse(f"admin:wallet_{model}_{page}", args=args)


def masked(page) -> bool:
    return page.status_code in (200, 422) and not any(secret in page.text for secret in SECRETS)


def change(client, user: User, **changes: str):
    given = {"name": user.name, "email": "", "phone": "", "is_active": "on", "reason": "She asked."}
    given |= changes
    return client.post(url("user", "change", user.pk), given)


@pytest.fixture
def delivery(jane) -> Delivery:
    EmailAddress.objects.create(user=jane, email=EMAIL, primary=True)
    messages.alert(jane.pk, Topic.PASSWORD_CHANGED)
    messages.send_text(jane.pk, Contact.of(PHONE), "", f"Call {PHONE} or write to {EMAIL}.")
    return Delivery.objects.latest("pk")


def test_no_page_shows_a_whole_contact(as_operator, jane, delivery):
    change(as_operator, jane, name="Jane W")
    naming.ask(Context(jane.pk), name="Jane Kamau", reason="She married.")
    asked = NameRequest.objects.get()
    pages = [
        *(url(model, "changelist") for model in ("user", "account", "apitoken", "session")),
        *(url(model, "changelist") for model in ("delivery", "namerequest", "formermember")),
        *(url("user", page, jane.pk) for page in ("change", "history", "reveal", "sign_in_help")),
        *(url("delivery", page, delivery.pk) for page in ("change", "history", "reveal")),
        url("account", "change", jane.primary_account().pk),
        url("namerequest", "change", asked.pk),
    ]
    for page in pages:
        assert masked(as_operator.get(page)), page
    assert "0733 *** 654" in text(as_operator.get(url("user", "changelist")))
    assert "Call +254733***654 or write to j***@example.com." in text(
        as_operator.get(url("delivery", "change", delivery.pk))
    )
    group = Group.objects.create(name="helpers")
    jane.groups.add(group)
    assert masked(as_operator.get(reverse("admin:auth_group_delete", args=[group.pk])))


def test_staff_contacts_are_masked_for_other_operators_too(jane, as_operator):
    jane.groups.add(Group.objects.get(name="finance"))
    helper = UserFactory(is_staff=True)
    helper.user_permissions.add(Permission.objects.get(codename="change_user"))
    for client in (as_operator, signed_in(helper)):
        page = client.get(url("user", "change", jane.pk))
        assert masked(page)
        assert "j***@example.com" in page.text


@pytest.mark.parametrize("model", ["user", "delivery"])
def test_a_reveal_takes_a_reason_and_shows_them_once(as_operator, operator, jane, delivery, model):
    page = url(model, "reveal", jane.pk if model == "user" else delivery.pk)
    refused = as_operator.post(page, {"reason": "x"})
    assert masked(refused)
    assert problems_beside(refused, "reason")
    assert not AuditEvent.objects.acts().exists()
    shown = as_operator.post(page, {"reason": "She called about a payment."})
    assert PHONE in shown.text
    assert (EMAIL in shown.text) == (model == "user")
    event = AuditEvent.objects.acts().get()
    assert (event.action, event.subject, event.actor) == ("reveal", f"member {jane.pk}", operator)
    assert event.reason == "She called about a payment."
    assert not any(secret in str(event.facts) for secret in SECRETS)
    assert masked(as_operator.get(page))


def test_who_a_former_member_was_takes_a_reason(as_operator, jane):
    leaving.close(Context(jane.pk), jane.pk)
    former = FormerMember.objects.get()
    for name in ("change", "history", "reveal"):
        page = as_operator.get(url("formermember", name, former.pk))
        assert masked(page)
        assert "Jane" not in page.text
    shown = as_operator.post(url("formermember", "reveal", former.pk), {"reason": "A court asks."})
    assert all(each in shown.text for each in ("Jane Wanjiru", PHONE, EMAIL))
    assert AuditEvent.objects.acts().latest("pk").action == "see_former"


def test_a_reveal_needs_the_permission_and_an_existing_row(jane, as_operator, finance):
    helper = signed_in(UserFactory(is_staff=True))
    given = {"reason": "Out of interest"}
    assert helper.post(url("user", "reveal", jane.pk), given).status_code == 403
    assert signed_in(finance).post(url("user", "reveal", jane.pk), given).status_code == 302
    assert as_operator.post(url("user", "reveal", 999_999), given).status_code == 404


def test_an_empty_field_keeps_a_contact_and_a_word_removes_it(as_operator, jane):
    page = as_operator.get(url("user", "change", jane.pk))
    assert "Now: 0733 *** 654. Leave it empty to keep that" in text(page)
    change(as_operator, jane)
    jane.refresh_from_db()
    assert (jane.phone, jane.email) == (PHONE, EMAIL)
    assert not AuditEvent.objects.acts().filter(facts__after__has_key="phone").exists()
    refused = change(as_operator, jane, phone="0712", email="new@example.com")
    assert 'value="0712"' in refused.text
    assert 'value="new@example.com"' in refused.text
    assert masked(refused)
    change(as_operator, jane, phone="None", email="new@example.com")
    jane.refresh_from_db()
    assert (jane.phone, jane.email) == (None, "new@example.com")
    change(as_operator, jane, phone="0722 000 111")
    jane.refresh_from_db()
    assert jane.phone == "+254722000111"


@pytest.mark.parametrize("model", ["user", "delivery"])
def test_a_search_for_a_contact_needs_the_whole_of_it_and_is_counted(
    as_operator, jane, delivery, settings, model
):
    settings.CONTACT_LOOKUPS_PER_HOUR = 3
    searches = ("073398765", "3987", "jane@", "0733 987 654", EMAIL.upper(), "0799 999 999")
    pages = [text(as_operator.get(url(model, "changelist"), {"q": each})) for each in searches]
    assert ["Jane Wanjiru" in page for page in pages] == [False] * 3 + [True] * 2 + [False]
    assert ["You've looked up too many" in page for page in pages] == [False] * 5 + [True]
    assert AuditEvent.objects.filter(action="look_up").count() == 2


@pytest.mark.parametrize(
    "query",
    ["phone__startswith=%2B2547", "email__contains=ja", "user__phone__gt=0", "to__contains=1"],
)
def test_no_filter_guesses_what_is_masked(as_operator, delivery, query):
    for model in ("user", "account", "delivery", "formermember"):
        answer = as_operator.get(f"{url(model, 'changelist')}?{query}", follow=True)
        assert answer.status_code == 400 or answer.request["QUERY_STRING"] == ""


def test_no_filter_guesses_a_code_that_waits_to_be_sent(as_operator, jane):
    """Twenty such filters read a code, or the link that sets a new password."""
    messages.send_code(jane.pk, Contact.of(PHONE), "482913", send_before=timezone.now() + DAY)
    for query in ("text__contains=482913", "text__gt=4", "text=x", "subject__startswith=N"):
        assert as_operator.get(f"{url('delivery', 'changelist')}?{query}").status_code == 400
    # What the list shows may be filtered.
    shown = as_operator.get(f"{url('delivery', 'changelist')}?is_secret__exact=1")
    assert "Jane Wanjiru" in text(shown)
