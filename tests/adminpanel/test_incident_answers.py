"""After an act on an incident, a notice says what changed, or that nothing did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from adminpanel.audit.words import to_text as words_of_event
from adminpanel.incidents import operations as incidents
from adminpanel.models import Incident
from tests.adminpanel.support.incidents import form, last_event_id, url
from tests.conftest import signed_in
from tests.factories import send
from tests.ledger.support.crowd import run_together
from tests.pages import elements, fields, htmx, is_part, is_whole_page, problems, words
from wallet.context import Context
from wallet.models import AuditEvent, User

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

UNCHANGED = "Nothing changed. The incident was already like this."


@pytest.fixture
def post(incident, wambui):
    """Posts an act as Wambui and returns the notice on the next page."""
    client = signed_in(wambui)

    def post(act: str, data: dict[str, object], headers: dict[str, str] | None = None) -> str:
        client.post(url(incident, act), data, headers=headers)
        (notice,) = elements(client.get(url(incident)), "li", class_="notice")
        return words(notice)

    return post


def test_the_notice_names_the_new_owner(incident, wambui, joseph, post):
    assert post("take", form("assign", incident)) == "Wambui Kariuki is now the owner."
    assert post("take", form("assign", incident)) == UNCHANGED
    to_joseph = form("assign", incident, owner=str(joseph.pk))
    assert post("assign", to_joseph) == "Joseph Kiprono is now the owner."
    assert post("assign", form("assign", incident, owner="")) == "The incident has no owner now."
    assert post("assign", form("assign", incident, owner="")) == UNCHANGED


@pytest.mark.parametrize("headers", [None, htmx("incident")])
def test_the_notice_names_linked_and_unlinked_transactions(record, alice, bob, post, headers):
    other = send(alice, bob, 1_00).reference
    both = {"link-transactions": f"{other} {record.reference}"}
    assert post("link", both, headers) == f"Linked {other}."
    assert post("link", both, headers) == UNCHANGED
    assert post(f"unlink/{other}", {}) == f"Unlinked {other}."
    assert post(f"unlink/{other}", {}) == UNCHANGED


def test_the_notice_names_the_new_state(incident, post):
    def changed() -> str:
        return post("change", form("change", incident, state="IN_REVIEW", severity="MEDIUM"))

    assert changed() == "State changed from open to in review."
    assert changed() == UNCHANGED


def test_the_notice_says_that_the_incident_is_resolved(incident, post):
    assert post("resolve", form("resolve", incident, resolution="It was right.")) == "Resolved."


def test_a_note_is_in_the_timeline_and_in_the_audit(incident, wambui, joseph, post):
    asked = {"note-text": "Alice was called.\r\nShe knows of it."}
    assert post("note", asked) == "Note added."
    event = AuditEvent.objects.acts().get(action="note")
    assert (event.subject, event.actor) == (f"incident {incident.pk}", wambui)
    assert (event.reason, event.ip_address) == ("Alice was called.\nShe knows of it.", "127.0.0.1")
    page = signed_in(joseph).get(url(incident))
    (track,) = elements(page, "ol", class_="track")
    assert "Note by Wambui Kariuki Alice was called. She knows of it." in words(track)


def count_notes() -> int:
    return AuditEvent.objects.filter(action="note").count()


def fill(incident: Incident, by: User) -> dict[str, str]:
    """The data of a fresh note form with a text."""
    key = fields(signed_in(by).get(url(incident)))["note-key"]
    return {"note-key": key, "note-text": "Alice was called."}


def test_a_resent_note_is_one_note_after_any_time(incident, wambui, joseph, time_machine):
    data = fill(incident, wambui)
    for _each in range(2):
        signed_in(wambui).post(url(incident, "note"), data)
    signed_in(joseph).post(url(incident, "note"), fill(incident, joseph))
    time_machine.move_to(timezone.now() + timedelta(hours=1))
    seen = last_event_id(incident)
    resolved = {"incident_id": incident.pk, "seen": seen, "resolution": "Done."}
    incidents.resolve(Context(joseph.pk), **resolved)
    assert signed_in(wambui).post(url(incident, "note"), data).status_code == 303
    assert count_notes() == 2


@pytest.mark.django_db(transaction=True)
def test_many_simultaneous_clicks_add_one_note(incident, wambui):
    data, clients = fill(incident, wambui), [signed_in(wambui) for _ in range(8)]

    def press(client: Client) -> Callable[[], object]:
        return lambda: client.post(url(incident, "note"), data)

    answers = run_together(*map(press, clients))
    assert {answer.status_code for answer in answers} == {303}
    assert count_notes() == 1


def test_the_same_text_from_a_new_page_is_another_note(incident, wambui):
    for _each in range(2):
        signed_in(wambui).post(url(incident, "note"), fill(incident, wambui))
    assert count_notes() == 2


def test_the_pages_do_not_show_the_deduplication_id(incident, wambui):
    signed_in(wambui).post(url(incident, "note"), fill(incident, wambui))
    event = AuditEvent.objects.acts().get(action="note")
    assert event.facts["request"] not in signed_in(wambui).get("/panel/audit/").text
    assert words_of_event(event) == ""


@pytest.mark.parametrize("headers", [None, htmx("incident")])
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Enter a note."),
        ("x" * 501, "at most 500 characters"),
        ("a\x07b", "ordinary signs only"),
    ],
)
def test_an_invalid_note_stays_as_typed(incident, wambui, headers, typed, sentence):
    response = signed_in(wambui).post(url(incident, "note"), {"note-text": typed}, headers=headers)
    assert response.status_code == 422
    assert len(problems(response)) == 1
    assert sentence in problems(response)[0]
    assert is_part(response, "incident") if headers else is_whole_page(response)
    (box,) = elements(response, "textarea", name="note-text")
    assert words(box) == typed
    assert not AuditEvent.objects.filter(action="note").exists()


@pytest.mark.parametrize("headers", [None, htmx("incident")])
def test_a_note_on_a_resolved_incident_is_refused_and_not_lost(incident, wambui, joseph, headers):
    incidents.resolve(
        Context(joseph.pk),
        incident_id=incident.pk,
        seen=last_event_id(incident),
        resolution="Done.",
    )
    asked = {"note-text": "Alice was called."}
    response = signed_in(wambui).post(url(incident, "note"), asked, headers=headers)
    assert response.status_code == 409
    (box,) = elements(response, "textarea", name="note-text")
    assert words(box) == "Alice was called."
    assert not AuditEvent.objects.filter(action="note").exists()
