"""A member asks for another name, and an operator decides. Staff names differ."""

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.urls import reverse

from tests.conftest import signed_in, staff
from tests.factories import UserFactory
from tests.pages import fields, problems_beside, text
from wallet import naming
from wallet.context import Context
from wallet.errors import Refusal, TooLate
from wallet.models import AuditEvent, NameRequest, ProtectedName, User

pytestmark = pytest.mark.django_db

ASK = reverse("wallet:ask_for_name")
PROFILE = reverse("wallet:profile")
GIVEN = {"name": "Alice Kamau", "reason": "I married."}


@pytest.fixture
def asked(alice) -> NameRequest:
    return naming.ask(Context(alice.pk), **GIVEN)


def decide(client, asked: NameRequest, decision: str, answer: str = ""):
    url = reverse("admin:wallet_namerequest_change", args=[asked.pk])
    return client.post(url, {"decision": decision, "answer": answer}, follow=True)


def test_a_member_asks_and_an_operator_approves(as_alice, as_operator, alice, operator):
    page = as_alice.get(PROFILE)
    assert "Alice Wanjiku" in text(page)
    assert "Ask for another name" in text(page)
    assert "name" not in fields(page)
    answer = as_alice.post(ASK, GIVEN)
    assert (answer.status_code, answer.headers["Location"]) == (303, PROFILE)
    asked = NameRequest.objects.get()
    page = text(as_alice.get(PROFILE))
    assert "You asked for Alice Kamau. We're looking at it." in page
    assert "Ask for another name" not in page
    alice.refresh_from_db()
    assert alice.name == "Alice Wanjiku"
    decide(as_operator, asked, "approve")
    alice.refresh_from_db()
    assert alice.name == "Alice Kamau"
    event = AuditEvent.objects.acts().get()
    assert (event.action, event.subject, event.actor) == (
        "approve_name",
        f"member {alice.pk}",
        operator,
    )
    assert event.facts == {"before": {"name": "Alice Wanjiku"}, "after": {"name": "Alice Kamau"}}
    page = text(as_alice.get(PROFILE))
    assert "You asked for" not in page
    assert "Ask for another name" in page


def test_a_denial_has_an_answer_that_the_member_reads(as_alice, as_operator, alice, asked):
    assert "Enter why not." in text(decide(as_operator, asked, "deny"))
    decide(as_operator, asked, "deny", "Your ID shows another name.")
    assert "We can't change it to that: Your ID shows another name." in text(as_alice.get(PROFILE))
    alice.refresh_from_db()
    assert alice.name == "Alice Wanjiku"
    event = AuditEvent.objects.acts().get()
    assert (event.action, event.reason) == ("deny_name", "Your ID shows another name.")
    assert as_alice.post(ASK, GIVEN).status_code == 303


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"name": ""}, "name", "Enter your name."),
        ({"name": "A" * 81}, "name", "Enter at most 80 characters."),
        ({"name": "Jane\n Jones"}, "name", "Use letters, digits and ordinary signs only."),
        ({"name": "Jane\u200b"}, "name", "This name has invisible characters. Type it again."),
        ({"name": "KCB Care"}, "name", "This name reads like KCB. Enter your own, as on your ID."),
        ({"name": "Alice Wanjiku"}, "name", "This is your name already."),
        ({"reason": ""}, "reason", "Enter why your name changes."),
        ({"reason": "x" * 301}, "reason", "Enter at most 300 characters."),
    ],
)
def test_a_refused_request_keeps_what_was_typed(as_alice, changes, field, sentence):
    answer = as_alice.post(ASK, GIVEN | changes)
    assert answer.status_code == 422
    assert problems_beside(answer, field) == [sentence]
    assert fields(answer).items() >= {**GIVEN, **changes}.items()
    assert not NameRequest.objects.exists()


def test_one_request_at_a_time_and_only_with_a_proved_contact(as_alice, alice, asked):
    answer = as_alice.post(ASK, GIVEN)
    assert answer.status_code == 422
    assert "You've asked for another name already." in text(answer)
    with pytest.raises(IntegrityError), transaction.atomic():
        NameRequest.objects.create(user=alice, name_before="A", name="B", reason="C")
    with pytest.raises(naming.ContactMissing):
        naming.ask(Context(UserFactory(phone=None, email=None).pk), **GIVEN)


def test_a_near_name_is_left_to_the_operator_who_sees_why(alice, as_operator):
    asked = naming.ask(Context(alice.pk), name="Alice Safarcom", reason="My father's name")
    assert asked.near == "Safaricom"
    url = reverse("admin:wallet_namerequest_changelist")
    assert "Safaricom" in text(as_operator.get(url))
    decide(as_operator, asked, "approve")
    assert User.objects.get(pk=alice.pk).name == "Alice Safarcom"


def test_the_rules_are_checked_again_at_the_approval(alice, as_operator, asked):
    one = reverse("admin:wallet_protectedname_add")
    as_operator.post(one, {"name": "Kamau Bank", "within_words": ""})
    as_operator.post(one, {"name": "Kamau", "within_words": ""})
    assert AuditEvent.objects.filter(action="protect_name", subject="names").count() == 2
    assert "This name reads like Kamau." in text(decide(as_operator, asked, "approve"))
    assert User.objects.get(pk=alice.pk).name == "Alice Wanjiku"
    page = as_operator.post(one, {"name": "K-A-M-A-U"})
    assert "“Kamau” is on the list and reads like it." in text(page)
    with pytest.raises(IntegrityError), transaction.atomic():
        ProtectedName.objects.create(name="Ќамаu", skeleton="kamau")


def test_a_request_is_decided_once_and_by_someone_else(alice, finance, operator, asked):
    own = naming.ask(Context(operator.pk), name="Olive Kamau", reason="She married.")
    with pytest.raises(Refusal, match="your own name"):
        naming.approve(Context(operator.pk), request_id=own.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        naming.decide(Context(operator.pk), own, "approved")
    naming.approve(Context(operator.pk), request_id=asked.pk)
    with pytest.raises(TooLate):
        naming.deny(Context(operator.pk), request_id=asked.pk, answer="No.")


def test_only_operators_decide(as_finance, as_alice, asked):
    url = reverse("admin:wallet_namerequest_change", args=[asked.pk])
    for client in (as_finance, as_alice, signed_in(UserFactory(is_staff=True))):
        assert client.post(url, {"decision": "approve"}).status_code in (302, 403)
    asked.refresh_from_db()
    assert asked.state == "open"


def test_two_members_of_staff_never_have_names_that_look_the_same(as_operator, alice, operator):
    staff("finance", "Wambui Kariuki")
    url = reverse("admin:wallet_user_change", args=[alice.pk])
    given = {"name": "Wambui Karıukı", "email": alice.email, "phone": "", "is_active": "on"}
    given["reason"] = "They showed their ID"
    for role in ({"groups": [Group.objects.get(name="auditor").pk]}, {"is_staff": "on"}):
        page = as_operator.post(url, given | role)
        assert "Staff names must differ." in text(page)
    # Two members may have the same name.
    assert as_operator.post(url, given).status_code == 302
    joseph = staff("auditor", "Joseph Kiprono")
    with pytest.raises(naming.NameRefused, match="Wambui Kariuki"):
        naming.ask(Context(joseph.pk), name="WAMBUI  Kariuki.", reason="I like it.")
