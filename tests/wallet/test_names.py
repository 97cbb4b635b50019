"""An act keeps the name that its person had then, and no one may use a reserved name."""

from __future__ import annotations

import csv
import io

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from adminpanel.reversals import operations as reversals
from adminpanel.transactions import notes
from tests.api.support.calls import bad_fields, by_token
from tests.conftest import signed_in
from tests.factories import UserFactory, send
from tests.pages import problems_beside, text
from wallet import naming
from wallet.context import Context
from wallet.models import AuditEvent, NameRequest, User
from wallet.names import refuse_house_names
from wallet.staff import audit, subjects

ASK = reverse("wallet:ask_for_name")
RESERVED = [
    "Nissmart", "NISSMART", " nissmart ", "The  System", "ｔｈｅ system", "Simulated rail",
    # and names that look like a reserved one
    "Níssmart", "nissmart.", "the-system", "Nissmart 🎉", "Dr Nissmart", "Simulated Rail ✅",
]  # fmt: skip


def rename(user: User, name: str):
    """Ask for the name, and let an operator approve it."""
    answer = signed_in(user).post(ASK, {"name": name, "reason": "I married."})
    if asked := NameRequest.objects.filter(user=user, state="open").first():
        boss = UserFactory(is_staff=True)
        naming.approve(Context(boss.pk, "127.0.0.1"), request_id=asked.pk)
    return answer


def actors_in_export(client: Client) -> list[str]:
    answer = client.get("/panel/audit/?format=csv&action=freeze")
    rows = csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig")))
    return [f"{row['actor']} {row['actor_id']}" for row in rows]


@pytest.mark.django_db
def test_an_act_keeps_the_name_of_its_time(finance, auditor, record_of_freezing):
    client = signed_in(auditor)
    for name in ("Joseph Kiprono", "Akinyi Odhiambo"):
        rename(finance, name)
        page = text(client.get("/panel/audit/?action=freeze"))
        assert f"Finance Person #{finance.pk}" in page
        assert actors_in_export(client) == [f"Finance Person {finance.pk}"]
        member = text(client.get(f"/panel/members/{record_of_freezing}/"))
        assert "by Finance Person" in member
        assert name not in member


@pytest.mark.django_db
def test_notes_and_proposals_keep_the_names_of_their_time(alice, bob, finance, wambui):
    record = send(alice, bob, 10_00)
    notes.write(Context(finance.pk), transaction_id=record.pk, text="She called.")
    proposal = reversals.propose(Context(wambui.pk, reason="Twice."), transaction_id=record.pk)
    for person in (finance, wambui):
        rename(person, "Joseph Kiprono")
    client = signed_in(finance)
    transaction_page = f"/panel/transactions/{record.reference}/"
    pages = [transaction_page, "/panel/reversals/", f"/panel/reversals/{proposal.pk}/"]
    shown = [text(client.get(page)) for page in pages]
    assert "Finance Person" in shown[0]
    assert all("Wambui Kariuki" in page for page in shown)
    reversals.deny(Context(finance.pk, reason="It was not."), proposal_id=proposal.pk)
    rename(finance, "Akinyi Odhiambo")
    for page in ("/panel/reversals/?tab=decided", pages[2]):
        assert "Joseph Kiprono" in text(signed_in(wambui).get(page))


@pytest.fixture
def record_of_freezing(alice, finance) -> int:
    audit.record(
        Context(finance.pk, reason="A grudge"), audit.Action.FREEZE, subjects.member(alice.pk)
    )
    return alice.pk


@pytest.mark.django_db
def test_an_old_event_without_a_name_shows_the_current_name(finance, auditor):
    AuditEvent.objects.create(action="freeze", subject="member 1", actor=finance)
    rename(finance, "Joseph Kiprono")
    assert actors_in_export(signed_in(auditor)) == [f"Joseph Kiprono {finance.pk}"]


@pytest.mark.any_engine
@pytest.mark.django_db
@pytest.mark.parametrize("name", RESERVED)
def test_a_reserved_name_is_refused_everywhere(alice, operator, name):
    with pytest.raises(ValidationError):
        refuse_house_names(name)
    said = "This name would read as one of ours. Enter yours."
    assert problems_beside(rename(alice, name), "name") == [said]
    given = {"name": name, "email": "x@example.com", "phone": "", "password1": "a-Long-Enough-1"}
    assert said in text(Client().post(reverse("account_signup"), given))
    in_admin = {"name": name, "email": "x@example.com", "phone": "", "is_active": "on"}
    page = signed_in(operator).post(reverse("admin:wallet_user_add"), in_admin)
    assert said in text(page)
    answer = by_token(UserFactory(), "service").post("/api/users", {"name": name})
    assert bad_fields(answer) == ["name"]
    assert not User.objects.filter(email="x@example.com").exists()


@pytest.mark.parametrize("name", ["Dennis Smart", "Theo System", "Wanjikũ"])
def test_similar_names_pass(name):
    refuse_house_names(name)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["Nissmart", "the SYSTEM", "Níssmart", "System ✓"])
def test_the_database_refuses_a_reserved_name(alice, name):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=alice.pk).update(name=name)
