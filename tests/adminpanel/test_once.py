"""A note or an incident that is sent twice, by a double click or a page sent again, is one."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, models, transaction

from adminpanel.models import Incident, Note
from ledger.models import Transaction
from tests.adminpanel.support.incidents import OPEN
from tests.conftest import signed_in
from tests.ledger.support.crowd import run_together
from tests.pages import fields
from wallet.models import AuditEvent, User

pytestmark = pytest.mark.django_db


@dataclass
class Case:
    """A form: the page it stands on, where it goes, and what is typed into it."""

    page: str
    to: str
    key: str
    typed: dict[str, str]
    changed: dict[str, str]
    model: type[models.Model]


@pytest.fixture(params=["note", "incident"])
def case(request, record: Transaction) -> Case:
    if request.param == "incident":
        typed = {"title": "Paid twice", "severity": "LOW", "transactions": record.reference}
        return Case(OPEN, OPEN, "key", typed, {"severity": "HIGH"}, Incident)
    page = f"/panel/transactions/{record.reference}/"
    typed = {"note-text": "Called."}
    return Case(page, f"{page}notes/", "note-key", typed, {"note-text": "Called him."}, Note)


def made(case: Case) -> int:
    """How many there are, each with its act."""
    count = case.model.objects.count()
    assert AuditEvent.objects.count() == count
    return count


def filled(case: Case, by: User, **more: str) -> dict[str, str]:
    key = fields(signed_in(by).get(case.page))[case.key]
    return case.typed | {case.key: key} | more


@pytest.mark.django_db(transaction=True)
def test_many_clicks_at_once_make_one(case, wambui):
    data, clients = filled(case, wambui), [signed_in(wambui) for _ in range(8)]

    def press(client):
        return lambda: client.post(case.to, data)

    answers = run_together(*map(press, clients))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert made(case) == 1


def test_sent_again_later_it_is_still_one(case, wambui, joseph):
    data, client = filled(case, wambui), signed_in(wambui)
    first = client.post(case.to, data)
    signed_in(joseph).post(case.to, filled(case, joseph))
    again = client.post(case.to, data)
    assert again.headers["Location"] == first.headers["Location"]
    assert made(case) == 2


def test_each_page_asks_for_one_of_its_own(case, wambui):
    for _each in range(2):
        signed_in(wambui).post(case.to, filled(case, wambui))
    assert made(case) == 2


def test_going_back_and_changing_the_words_asks_for_another(case, wambui):
    data = filled(case, wambui)
    for typed in (data, data | case.changed):
        signed_in(wambui).post(case.to, typed)
    assert made(case) == 2


def test_somebody_elses_key_names_nothing(case, wambui, joseph):
    data = filled(case, wambui)
    for person in (wambui, joseph):
        signed_in(person).post(case.to, data)
    assert made(case) == 2


def test_a_refused_form_keeps_its_key(case, wambui):
    data = filled(case, wambui)
    refused = signed_in(wambui).post(case.to, data | dict.fromkeys(case.typed, "\x07"))
    assert refused.status_code == 422
    assert fields(refused)[case.key] == data[case.key]


def test_the_database_keeps_each_request_once_too(case, wambui):
    signed_in(wambui).post(case.to, filled(case, wambui))
    row = case.model.objects.get()
    row.pk, row._state.adding = None, True
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()
    row.request = uuid4()
    row.save()
    connection.check_constraints()
