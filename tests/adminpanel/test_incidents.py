"""Incidents: opened by hand or by a check, assigned, changed, and resolved with an explanation."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from adminpanel.incidents import checks
from adminpanel.incidents import operations as incidents
from adminpanel.models import Incident
from tests.adminpanel.support.incidents import OPEN, form, last_event_id, url
from tests.books import nothing_moves
from tests.conftest import signed_in, staff
from tests.factories import send
from tests.pages import elements, htmx, is_part, is_whole_page, problems, text, words
from wallet.context import Context
from wallet.models import AuditEvent

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]


def timeline(response) -> list[str]:
    """The timeline's lines, one for each step."""
    (track,) = elements(response, "ol", class_="track")
    return [words(line) for line in track.children if not isinstance(line, str)]


def test_finance_opens_an_incident_by_hand(wambui, alice, bob):
    records = [send(alice, bob, 1_00) for _ in range(3)]
    first, second, third = (record.reference for record in records)
    typed = {
        "title": "Paid twice",
        "description": "Alice called.\r\nSo did Bob.",
        "severity": "HIGH",
        "transactions": f"{first}, {second.lower()}\r\n\r\n{third}\n{first}",
    }
    response = signed_in(wambui).post(OPEN, typed)
    made = Incident.objects.get()
    assert (response.status_code, response.headers["Location"]) == (303, url(made))
    assert (made.title, made.severity, made.state) == ("Paid twice", "HIGH", "OPEN")
    assert made.description == "Alice called.\nSo did Bob."
    assert made.opened_by == wambui
    assert set(made.transactions.all()) == set(records)
    event = AuditEvent.objects.acts().get()
    assert (event.action, event.subject) == ("open_incident", f"incident {made.pk}")
    assert (event.actor, event.ip_address) == (wambui, "127.0.0.1")
    assert sorted(event.facts["linked"]) == sorted([first, second, third])


def test_a_transactions_page_opens_an_incident_about_it_and_lists_it(wambui, record):
    client, page = signed_in(wambui), f"/panel/transactions/{record.reference}/"
    assert "No incidents yet." in text(client.get(page))
    opening = f"{OPEN}?transaction={record.reference}"
    links = [dict(link.attributes)["href"] for link in elements(client.get(page), "a")]
    assert opening in links
    (box,) = elements(client.get(opening), "textarea", name="transactions")
    assert words(box) == record.reference
    client.post(OPEN, {"title": "Odd", "severity": "LOW", "transactions": record.reference})
    assert "Odd" in text(client.get(page))
    made = Incident.objects.get()
    incidents.resolve(
        Context(wambui.pk),
        incident_id=made.pk,
        seen=last_event_id(made),
        resolution="It was right.",
    )
    assert "Odd Resolved resolved " in text(client.get(page))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"title": ""}, "Enter a title."),
        ({"title": "x" * 121}, "at most 120 characters"),
        ({"title": "a\x07b"}, "ordinary signs only"),
        ({"description": "x" * 2001}, "at most 2000 characters"),
        ({"description": "a\0b"}, "ordinary signs only"),
        ({"severity": "AWFUL"}, "Select a valid choice"),
        ({"transactions": "NS-00000000"}, "No transaction has the reference NS-00000000."),
        ({"transactions": "hello"}, "“hello” isn't a reference."),
        ({"transactions": "NS-0000000O"}, "isn't a reference."),
        ({"transactions": "\0"}, "ordinary signs only"),
        ({"transactions": "x" * 5000}, "at most 2000 characters"),
        ({"transactions": "NS-00000000 " * 3 + "1 " * 600}, "isn't a reference"),
        ({"transactions": " ".join(f"NS-000000{n:02}" for n in range(51))}, "up to 50"),
    ],
)
def test_an_invalid_field_gets_one_sentence_and_keeps_its_text(wambui, wrong, sentence):
    typed = {"title": "Paid twice", "severity": "MEDIUM", "description": "Alice called."} | wrong
    for headers in (None, htmx("open")):
        response = signed_in(wambui).post(OPEN, typed, headers=headers)
        assert response.status_code == 422
        assert len(problems(response)) == 1
        assert sentence in problems(response)[0]
        assert is_part(response, "open") if headers else is_whole_page(response)
        if "description" not in wrong:
            assert "Alice called." in response.text
    assert not Incident.objects.exists()


def test_a_failed_check_has_one_incident_until_it_is_resolved(wambui):
    first = checks.open_for_check("balances", "Balances differ", "Two accounts.")
    again = checks.open_for_check("balances", "Balances differ", "Three accounts.")
    other = checks.open_for_check("entries", "Entries do not sum to zero", "")
    assert first == again != other
    assert (first.check_name, first.severity, first.opened_by) == ("balances", "HIGH", None)
    assert first.description == "Two accounts."
    assert AuditEvent.objects.filter(subject=f"incident {first.pk}", actor=None).count() == 1
    page = signed_in(wambui).get(url(first))
    assert "Opened by the check “balances”" in timeline(page)[0]
    incidents.resolve(
        Context(wambui.pk), incident_id=first.pk, seen=last_event_id(first), resolution="Put right."
    )
    third = checks.open_for_check("balances", "Balances differ", "Again.")
    assert third not in (first, other)


def test_a_check_may_open_an_incident_inside_a_transaction():
    with transaction.atomic():
        checks.open_for_check("balances", "x" * 200, "y" * 3000)
    assert len(Incident.objects.get().title) == 120


def test_finance_takes_an_incident_and_gives_it_away(incident, wambui, joseph):
    client = signed_in(joseph)
    response = client.post(url(incident, "take"), form("assign", incident))
    assert response.status_code == 303
    incident.refresh_from_db()
    assert incident.owner == joseph
    client.post(url(incident, "assign"), form("assign", incident, owner=str(wambui.pk)))
    client.post(url(incident, "assign"), form("assign", incident, owner=""))
    incident.refresh_from_db()
    assert incident.owner is None
    lines = timeline(client.get(url(incident)))
    for line, expected in zip(
        lines,
        [
            "Opened by Wambui Kariuki",
            "Took ownership by Joseph Kiprono",
            "Assigned to Wambui Kariuki by Joseph Kiprono",
            "Owner removed by Joseph Kiprono",
        ],
        strict=True,
    ):
        assert line.startswith(expected)


def test_only_finance_can_own_an_incident(incident, wambui, alice, auditor):
    gone = staff("finance", "Gone Person")
    gone.is_active = False
    gone.save()
    owners = [str(user.pk) for user in (alice, auditor, gone)]
    for owner in [*owners, "0", "-1", "x", "9" * 30]:
        response = signed_in(wambui).post(
            url(incident, "assign"), form("assign", incident, owner=owner)
        )
        assert response.status_code == 422, owner
        assert problems(response) == ["Choose someone on the finance team."]


def test_changes_of_state_and_severity_are_in_the_timeline(incident, wambui):
    client = signed_in(wambui)
    asked = form("change", incident, state="IN_REVIEW", severity="HIGH")
    assert client.post(url(incident, "change"), asked).status_code == 303
    incident.refresh_from_db()
    assert (incident.state, incident.severity) == ("IN_REVIEW", "HIGH")
    event = AuditEvent.objects.acts().latest("pk")
    assert event.facts["before"] == {"state": "OPEN", "severity": "MEDIUM"}
    assert event.facts["after"] == {"state": "IN_REVIEW", "severity": "HIGH"}
    assert timeline(client.get(url(incident)))[-1].startswith(
        "State changed from open to in review. Severity changed from medium to high"
    )
    count = AuditEvent.objects.acts().count()
    client.post(
        url(incident, "change"), form("change", incident, state="IN_REVIEW", severity="HIGH")
    )
    assert AuditEvent.objects.acts().count() == count


@pytest.mark.parametrize("state", ["RESOLVED", "CLOSED", "", "\0"])
def test_the_form_accepts_only_open_and_in_review(incident, wambui, state):
    asked = form("change", incident, state=state, severity="LOW")
    response = signed_in(wambui).post(url(incident, "change"), asked)
    assert response.status_code == 422
    incident.refresh_from_db()
    assert incident.state == "OPEN"


def test_resolving_needs_an_explanation(incident, wambui):
    client = signed_in(wambui)
    for resolution in ("", " \r\n ", "x" * 2001, "a\x07b"):
        for headers in (None, htmx("incident")):
            asked = form("resolve", incident, resolution=resolution)
            response = client.post(url(incident, "resolve"), asked, headers=headers)
            assert response.status_code == 422
            assert len(problems(response)) == 1
            assert is_part(response, "incident") if headers else is_whole_page(response)
    with pytest.raises(IntegrityError), transaction.atomic():
        Incident.objects.filter(pk=incident.pk).update(state="RESOLVED")
    asked = form("resolve", incident, resolution="Alice had paid two bills.")
    assert client.post(url(incident, "resolve"), asked).status_code == 303
    incident.refresh_from_db()
    assert (incident.state, incident.resolution) == ("RESOLVED", "Alice had paid two bills.")
    assert incident.resolved_at
    assert AuditEvent.objects.acts().latest("pk").action == "resolve_incident"


def test_a_resolved_incident_cannot_change(incident, wambui, joseph, record):
    incidents.resolve(
        Context(wambui.pk),
        incident_id=incident.pk,
        seen=last_event_id(incident),
        resolution="Done.",
    )
    client = signed_in(joseph)
    for act, data in (
        ("take", form("assign", incident)),
        ("assign", form("assign", incident, owner="")),
        ("change", form("change", incident, state="OPEN", severity="LOW")),
        ("resolve", form("resolve", incident, resolution="Again.")),
        ("link", {"link-transactions": record.reference}),
        (f"unlink/{record.reference}", {}),
    ):
        response = client.post(url(incident, act), data)
        assert response.status_code == 409, act
        assert "Wambui Kariuki resolved this incident at" in text(response)
    assert url(incident, "resolve") not in client.get(url(incident)).content.decode()
    assert AuditEvent.objects.acts().count() == 2


def test_transactions_are_linked_and_unlinked(incident, wambui, record, alice, bob):
    other, client = send(alice, bob, 1_00), signed_in(wambui)
    with nothing_moves():
        asked = {"link-transactions": f"{other.reference}\n{record.reference}"}
        client.post(url(incident, "link"), asked)
        assert set(incident.transactions.all()) == {record, other}
        assert AuditEvent.objects.acts().latest("pk").facts == {"linked": [other.reference]}
        client.post(url(incident, f"unlink/{record.reference}"))
        assert set(incident.transactions.all()) == {other}
        client.post(url(incident, f"unlink/{record.reference}"))
    lines = timeline(client.get(url(incident)))
    assert lines[-2].startswith(f"Linked {other.reference}")
    assert lines[-1].startswith(f"Unlinked {record.reference}")
    assert len(lines) == 3
    for typed in ("", "x", "NS-00000000"):
        response = client.post(url(incident, "link"), {"link-transactions": typed})
        assert response.status_code == 422
        assert len(problems(response)) == 1
    assert client.post(url(incident, "unlink/NS-00000000")).status_code == 404


def test_an_incident_has_a_limit_of_linked_transactions(incident, wambui, alice, bob, monkeypatch):
    monkeypatch.setattr(incidents, "LINKED_AT_MOST", 2)
    names = " ".join(send(alice, bob, 1_00).reference for _ in range(2))
    response = signed_in(wambui).post(url(incident, "link"), {"link-transactions": names})
    assert response.status_code == 422
    assert "An incident can have up to 2 transactions." in text(response)
    assert incident.transactions.count() == 1
