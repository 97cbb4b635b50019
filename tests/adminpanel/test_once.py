"""A double click or a resent page makes one note or incident, not two."""

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
    """A form: its page, the URL it posts to, its fields, and the rows it makes."""

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


def count_rows(case: Case) -> int:
    """The number of rows. Each has one audit event."""
    count = case.model.objects.count()
    assert AuditEvent.objects.acts().count() == count
    return count


def fill(case: Case, by: User, **more: str) -> dict[str, str]:
    key = fields(signed_in(by).get(case.page))[case.key]
    return case.typed | {case.key: key} | more


@pytest.mark.django_db(transaction=True)
def test_many_simultaneous_clicks_make_one(case, wambui):
    data, clients = fill(case, wambui), [signed_in(wambui) for _ in range(8)]

    def press(client):
        return lambda: client.post(case.to, data)

    answers = run_together(*map(press, clients))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert count_rows(case) == 1


def test_sending_the_same_form_later_makes_no_second_one(case, wambui, joseph):
    data, client = fill(case, wambui), signed_in(wambui)
    first = client.post(case.to, data)
    signed_in(joseph).post(case.to, fill(case, joseph))
    again = client.post(case.to, data)
    assert again.headers["Location"] == first.headers["Location"]
    assert count_rows(case) == 2


def test_each_page_load_can_make_another(case, wambui):
    for _each in range(2):
        signed_in(wambui).post(case.to, fill(case, wambui))
    assert count_rows(case) == 2


def test_going_back_and_changing_the_words_makes_another(case, wambui):
    data = fill(case, wambui)
    for typed in (data, data | case.changed):
        signed_in(wambui).post(case.to, typed)
    assert count_rows(case) == 2


def test_another_persons_key_does_not_count(case, wambui, joseph):
    data = fill(case, wambui)
    for person in (wambui, joseph):
        signed_in(person).post(case.to, data)
    assert count_rows(case) == 2


def test_a_refused_form_keeps_its_key(case, wambui):
    data = fill(case, wambui)
    refused = signed_in(wambui).post(case.to, data | dict.fromkeys(case.typed, "\x07"))
    assert refused.status_code == 422
    assert fields(refused)[case.key] == data[case.key]


def test_the_database_refuses_the_same_request_twice(case, wambui):
    signed_in(wambui).post(case.to, fill(case, wambui))
    row = case.model.objects.get()
    row.pk, row._state.adding = None, True
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()
    row.request = uuid4()
    row.save()
    connection.check_constraints()
