"""Finance and auditors read, search and export the audit."""

from __future__ import annotations

import csv
import io

import pytest

from adminpanel.incidents import operations as incidents
from adminpanel.reversals import operations as reversals
from adminpanel.transactions import notes
from ledger.models import Transaction
from tests.adminpanel.support.proposals import propose
from tests.conftest import signed_in
from tests.factories import UserFactory
from tests.pages import (
    Element,
    elements,
    find,
    htmx,
    is_part,
    is_whole_page,
    problems_beside,
    text,
    words,
)
from wallet.context import SYSTEM, Context
from wallet.models import AuditEvent
from wallet.staff import audit, subjects

pytestmark = pytest.mark.django_db

URL = "/panel/audit/"
Action = audit.Action


@pytest.fixture
def events(finance, time_machine) -> None:
    time_machine.move_to("2026-11-20T20:59:59Z", tick=False)
    audit.record(Context(finance.pk, reason="Lost phone"), Action.FREEZE, subjects.member(12))
    time_machine.move_to("2026-11-20T21:00:00Z", tick=False)
    audit.record(
        Context(finance.pk, ip_address="10.0.0.7"), Action.NOTE, subjects.transaction("NS-7K2Q9PXM")
    )
    audit.record(SYSTEM, Action.OPEN_INCIDENT, subjects.incident(3), rows=["entry 1", "entry 2"])


def rows(response) -> list[Element]:
    (body,) = elements(response, "tbody") or [None]
    return [row for row in body.children if not isinstance(row, str)] if body else []


def row_texts(response) -> list[str]:
    return [words(row) for row in rows(response)]


def acts(client, **filters) -> list[str]:
    response = client.get(URL, {name.rstrip("_"): value for name, value in filters.items()})
    assert response.status_code == 200
    names = {str(label): value for value, label in Action.choices}
    return [names[label] for label in names if any(label in row for row in row_texts(response))]


def test_the_audit_shows_every_event_newest_first(as_auditor, events, finance):
    response = as_auditor.get(URL)
    assert is_whole_page(response)
    newest, middle, oldest = row_texts(response)
    for word in ("21 Nov 2026, 00:00:00", "The system", "Incident opened", "entry 1, entry 2"):
        assert word in newest
    for word in (finance.name, "Note", "transaction NS-7K2Q9PXM", "10.0.0.7"):
        assert word in middle
    for word in ("20 Nov 2026, 23:59:59", "Wallet frozen", "member 12", "Lost phone"):
        assert word in oldest
    links = [dict(link.attributes)["href"] for link in elements(response, "a")]
    assert {
        "/panel/transactions/NS-7K2Q9PXM/", "/panel/members/12/", "/panel/incidents/3/"
    } <= set(links)  # fmt: skip


def test_the_audit_says_in_words_what_changed(as_auditor, finance):
    change = {
        "before": {"owner": "", "state": "OPEN"},
        "after": {"owner": "Joy", "state": "RESOLVED"},
    }
    audit.record(Context(finance.pk), Action.CHANGE_INCIDENT, subjects.incident(1), **change)
    opened = {"after": {"title": "Twice"}, "linked": ["NS-7K2Q9PXM", "NS-J2V5VDYN"]}
    audit.record(Context(finance.pk), Action.OPEN_INCIDENT, subjects.incident(1), **opened)
    filters = {"type": "DEPOSIT", "min": "10"}
    audit.record(Context(finance.pk), Action.EXPORT, subjects.LEDGER, filters=filters)
    exported, opening, changing = row_texts(as_auditor.get(URL))
    assert "Filters: min 10, type Deposit" in exported
    assert "Title: Twice Linked: NS-7K2Q9PXM , NS-J2V5VDYN" in opening
    assert "Owner: – → Joy State: Open → Resolved" in changing


def test_an_event_links_the_things_it_names(as_auditor, finance):
    audit.record(Context(finance.pk), Action.NOTE, subjects.transaction("NS-7K2Q9PXM"), note=1)
    facts = {"proposal": 4, "reversal": "NS-J2V5VDYN"}
    audit.record(Context(finance.pk), Action.REVERSE, subjects.transaction("NS-7K2Q9PXM"), **facts)
    page = as_auditor.get(URL)
    assert {"Proposal: 4", "Reversal: NS-J2V5VDYN", "Note number: 1"} <= {
        words(fact) for fact in elements(page, "span", class_="quiet")
    }
    assert {
        "/panel/reversals/4/",
        "/panel/transactions/NS-J2V5VDYN/",
        "/panel/transactions/NS-7K2Q9PXM/#notes",
    } <= {dict(link.attributes)["href"] for link in elements(page, "a")}


def test_the_audit_shows_the_actors_role(as_auditor, finance, auditor, operator):
    for actor_id in (finance.pk, auditor.pk, operator.pk, None):
        audit.record(Context(actor_id), Action.EXPORT, subjects.AUDIT)
    roles = [
        [words(role) for role in find(row, class_="role")] for row in rows(as_auditor.get(URL))
    ]
    assert roles == [[], ["Operator"], ["Auditor"], ["Finance, Finance approver"]]


def test_a_reference_finds_every_event_about_its_transaction(
    as_auditor, record, incident, wambui, joseph
):
    notes.write(Context(wambui.pk), transaction_id=record.pk, text="Called.")
    proposal = propose(record, wambui)
    reversals.approve(Context(joseph.pk), proposal_id=proposal.pk)
    incidents.unlink(Context(wambui.pk), incident_id=incident.pk, transaction_id=record.pk)
    reversal = Transaction.objects.get(reverses=record)
    audit.record(Context(wambui.pk), Action.NOTE, subjects.transaction("NS-00000000"))
    everything = {"open_incident", "change_incident", "note", "propose", "approve", "reverse"}
    assert set(acts(as_auditor, q=record.reference.lower())) == everything
    assert set(acts(as_auditor, q=f"transaction {record.reference}")) == everything
    assert {"propose", "approve", "reverse"} <= set(acts(as_auditor, q=reversal.reference))
    incidents.link(Context(wambui.pk), incident_id=incident.pk, transaction_ids=[record.pk])
    seen = AuditEvent.objects.acts().latest("pk").pk
    incidents.resolve(Context(wambui.pk), incident_id=incident.pk, seen=seen, resolution="Paid.")
    assert "resolve_incident" in acts(as_auditor, q=record.reference)


@pytest.mark.parametrize("url", ["/panel/integrity/sums/", "/panel/incidents/open/"])
def test_a_subpage_marks_its_section_in_the_menu(finance, url):
    page = signed_in(finance).get(url)
    links = elements(page, "a", class_="go", **{"aria-current": "true"})
    assert [dict(link.attributes)["href"] for link in links] == ["/".join(url.split("/")[:3]) + "/"]


def test_the_audit_filters_by_person_act_subject_words_and_day(as_auditor, events, finance):
    assert acts(as_auditor, actor=finance.pk) == ["freeze", "note"]
    assert acts(as_auditor, actor="system") == ["open_incident"]
    assert acts(as_auditor, action="note") == ["note"]
    assert acts(as_auditor, q="member 12") == ["freeze"]
    assert acts(as_auditor, q="ns-7k2q9pxm") == ["note"]
    assert acts(as_auditor, q="lost") == ["freeze"]
    assert acts(as_auditor, to="2026-11-20") == ["freeze"]
    assert acts(as_auditor, from_="2026-11-21") == ["note", "open_incident"]
    assert acts(as_auditor, from_="2026-11-20", to="2026-11-21", action="freeze") == ["freeze"]


def test_the_audit_filters_by_someone_who_has_left_the_team(as_auditor, events, finance):
    finance.groups.clear()
    assert acts(as_auditor, actor=finance.pk) == ["freeze", "note"]


def test_the_audit_says_when_nothing_matches(as_auditor, events):
    assert "No events match" in text(as_auditor.get(URL, {"q": "no such words"}))


def test_an_empty_audit_says_what_will_be_there(as_auditor):
    assert "No staff activity yet" in text(as_auditor.get(URL))


@pytest.mark.parametrize(
    ("name", "value"),
    [("from", "yesterday"), ("action", "dance"), ("actor", "99999999"), ("q", "a\0b")],
)
def test_an_invalid_filter_shows_its_error_beside_the_field(as_auditor, events, name, value):
    response = as_auditor.get(URL, {name: value})
    assert response.status_code == 422
    assert problems_beside(response, name)
    assert not row_texts(response)


@pytest.mark.parametrize("cursor", ["x", "-1", "1" * 30, "٣"])
def test_an_invalid_cursor_is_not_found(as_auditor, cursor):
    assert as_auditor.get(URL, {"cursor": cursor}).status_code == 404


def test_paging_shows_every_event_once_while_new_ones_arrive(as_auditor, finance, settings):
    settings.PAGE_SIZE_PANEL = 4
    for number in range(10):
        audit.record(Context(finance.pk), Action.NOTE, subjects.member(number))
    seen, cursor = [], ""
    while True:
        response = as_auditor.get(URL, {"cursor": cursor} if cursor else {}, headers=htmx("audit"))
        assert is_part(response, "audit")
        seen += [row.split("member ")[1].split()[0] for row in row_texts(response)]
        audit.record(Context(finance.pk), Action.NOTE, subjects.LEDGER)
        older = [a for a in elements(response, "a") if words(a) == "Older"]
        if not older:
            break
        cursor = dict(older[0].attributes)["href"].split("cursor=")[1]
    assert seen == [str(number) for number in reversed(range(10))]


def test_more_events_do_not_need_more_queries(as_auditor, finance, django_assert_num_queries):
    def number_of_queries() -> int:
        with django_assert_num_queries(12, exact=False) as found:
            as_auditor.get(URL)
        return len(found)

    audit.record(Context(finance.pk), Action.NOTE, subjects.member(1))
    few = number_of_queries()
    for number in range(40):
        person = UserFactory()
        audit.record(Context(person.pk), Action.NOTE, subjects.member(number))
    assert number_of_queries() == few


def test_the_export_holds_exactly_the_filtered_events(as_auditor, auditor, events):
    audit.record(Context(auditor.pk, reason="=1+1"), Action.NOTE, subjects.member(5))
    response = as_auditor.get(URL, {"action": "note", "format": "csv"})
    assert 'filename="nissmart-audit-2026-11-21.csv"' in response.headers["Content-Disposition"]
    headings, *rows = csv.reader(io.StringIO(response.getvalue().decode("utf-8-sig"), newline=""))
    base = "id,at,actor,actor_id,action,subject,reason,ip_address,transaction"
    assert ",".join(headings[:9]) == base
    assert [row[5] for row in rows] == ["member 5", "transaction NS-7K2Q9PXM"]
    assert rows[0][2:4] == [auditor.name, str(auditor.pk)]
    assert rows[0][6] == "'=1+1"
    assert rows[1][1] == "2026-11-21 00:00:00"
    assert rows[1][7] == "10.0.0.7"


def test_the_facts_of_an_event_are_columns(as_auditor, auditor):
    facts = {"before": {"state": "OPEN"}, "after": {"state": "RESOLVED"}, "linked": ["A", "B"]}
    given = facts | {"transaction": "=1+1", "request": "once", "rows": 3}
    audit.record(Context(auditor.pk), Action.CHANGE_INCIDENT, subjects.incident(7), **given)
    response = as_auditor.get(URL, {"format": "csv", "q": "incident 7"})
    content = response.getvalue().decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(content, newline=""))
    assert row["before"] == '{"state": "OPEN"}'
    assert row["after"] == '{"state": "RESOLVED"}'
    assert (row["linked"], row["transaction"]) == ("A B", "'=1+1")
    assert row["other_facts"] == '{"rows": 3}'


def test_an_export_is_audited_but_not_in_its_own_file(as_auditor, auditor):
    response = as_auditor.get(URL, {"q": "member", "format": "csv"})
    assert len(response.getvalue().decode("utf-8-sig").splitlines()) == 1
    event = AuditEvent.objects.acts().get()
    assert (event.action, event.subject, event.actor) == ("export", "audit", auditor)
    assert event.facts == {"filters": {"q": "member"}}


def test_a_request_that_exports_no_rows_is_not_audited(as_auditor):
    assert as_auditor.head(URL, {"format": "csv"}).status_code == 200
    guess = as_auditor.get(URL, {"format": "csv"}, headers={"Sec-Purpose": "prefetch"})
    assert guess.status_code == 403
    assert as_auditor.get(URL, {"format": "csv", "from": "x"}).status_code == 422
    assert not AuditEvent.objects.acts().exists()
