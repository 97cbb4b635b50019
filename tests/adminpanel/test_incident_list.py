"""The list of incidents, who may read it, and what happens when many people act on one."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import connection
from django.test import Client

from adminpanel.incidents import checks
from adminpanel.incidents import operations as incidents
from adminpanel.models import Incident
from tests.adminpanel.support.incidents import LIST, OPEN, form, last_event_id, url
from tests.conftest import signed_in, staff
from tests.ledger.support.crowd import run_together
from tests.pages import elements, fields, find, htmx, problems, text, words
from wallet.context import Context
from wallet.errors import TooLate
from wallet.models import AuditEvent

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("headers", [None, htmx("incident")])
def test_an_act_on_an_outdated_page_overwrites_nothing(incident, wambui, joseph, headers):
    old = form("resolve", incident, resolution="It was right.")
    signed_in(wambui).post(
        url(incident, "change"), form("change", incident, state="IN_REVIEW", severity="HIGH")
    )
    client = signed_in(joseph)
    refused = client.post(url(incident, "resolve"), old, headers=headers)
    assert refused.status_code == 409
    assert "Wambui Kariuki changed this incident at" in text(refused)
    assert "In review" in text(refused)
    (box,) = elements(refused, "textarea", name="resolve-resolution")
    assert words(box) == "It was right."
    incident.refresh_from_db()
    assert incident.state == "IN_REVIEW"
    # The page now shows the change, so a second attempt succeeds.
    again = fields(refused)["resolve-seen"]
    answer = client.post(url(incident, "resolve"), old | {"resolve-seen": again})
    assert answer.status_code == 303
    incident.refresh_from_db()
    assert incident.state == "RESOLVED"


@pytest.mark.parametrize("wrong", ["", "x", "-1", "9" * 30, "1.5"])
def test_a_form_without_a_valid_seen_field_changes_nothing(incident, wambui, wrong):
    asked = form("change", incident, state="IN_REVIEW", severity="LOW") | {"change-seen": wrong}
    response = signed_in(wambui).post(url(incident, "change"), asked)
    assert response.status_code == 422
    assert problems(response) == ["This page was incomplete. Check the incident and try again."]
    incident.refresh_from_db()
    assert incident.state == "OPEN"


@pytest.mark.django_db(transaction=True)
def test_only_one_of_many_simultaneous_acts_on_a_page_succeeds(incident, joseph):
    crowd = [staff("finance", f"Hand Number{number}") for number in range(8)]
    page = last_event_id(incident)
    answers = run_together(*(catch_too_late(partial(take, incident, one, page)) for one in crowd))
    late = [answer for answer in answers if isinstance(answer, TooLate)]
    assert len(late) == 7
    incident.refresh_from_db()
    assert AuditEvent.objects.filter(action="change_incident").count() == 1
    assert all(incident.owner.name in str(answer) for answer in late)


def take(incident, user, page):
    return incidents.assign(Context(user.pk), incident_id=incident.pk, owner_id=user.pk, seen=page)


def catch_too_late(job):
    def run():
        try:
            return job()
        except TooLate as refusal:
            return refusal

    return run


@pytest.mark.django_db(transaction=True)
def test_failures_of_a_check_at_the_same_time_open_one_incident():
    jobs = [partial(checks.open_for_check, "balances", "Balances differ", "Rows.")] * 8
    assert len({answer.pk for answer in run_together(*jobs)}) == 1
    assert AuditEvent.objects.acts().count() == 1
    connection.close()


def test_auditors_read_and_others_stay_out(incident, auditor, operator, alice, record):
    reader = signed_in(auditor)
    for path in (LIST, url(incident)):
        page = reader.get(path)
        assert page.status_code == 200
        assert "Paid twice" in text(page)
        actions = [dict(one.attributes)["action"] for one in elements(page, "form", method="post")]
        assert not [action for action in actions if action.startswith("/panel/")]
        assert OPEN not in page.text
    acts = ("take", "assign", "change", "resolve", "link", f"unlink/{record.reference}")
    for person in (auditor, operator, alice):
        client = signed_in(person)
        assert client.get(OPEN).status_code == 403
        assert client.post(OPEN, {"title": "x"}).status_code == 403
        for act in acts:
            assert client.post(url(incident, act), {}).status_code == 403
    for person in (operator, alice):
        assert signed_in(person).get(url(incident)).status_code == 403
    for path in (LIST, OPEN, url(incident)):
        assert Client().get(path).headers["Location"].startswith("/accounts/login/")
    assert AuditEvent.objects.acts().count() == 1


def hrefs(response) -> list[str]:
    return [dict(link.attributes)["href"] for link in elements(response, "a", class_="what")]


def test_the_list_filters_by_state_and_counts_each(wambui, joseph):
    made = [
        incidents.open_by_hand(Context(wambui.pk), title=f"Number {number}") for number in range(4)
    ]
    incidents.change(
        Context(wambui.pk),
        incident_id=made[0].pk,
        seen=last_event_id(made[0]),
        state="IN_REVIEW",
        severity="LOW",
    )
    incidents.resolve(
        Context(wambui.pk), incident_id=made[1].pk, seen=last_event_id(made[1]), resolution="Done."
    )
    client = signed_in(joseph)
    for query, expected in (
        ("", made[:1:-1]),
        ("?state=open", made[:1:-1]),
        ("?state=in_review", made[:1]),
        ("?state=resolved", made[1:2]),
    ):
        page = client.get(f"{LIST}{query}")
        assert hrefs(page) == [url(one) for one in expected]
        assert "Open 2 In review 1 Resolved 1" in text(page)


def test_the_list_is_paged_with_a_fixed_number_of_queries(
    wambui, joseph, settings, django_assert_num_queries, django_assert_max_num_queries
):
    settings.PAGE_SIZE_PANEL = 3
    client = signed_in(joseph)
    incidents.open_by_hand(Context(wambui.pk), title="First")
    with django_assert_max_num_queries(11) as queries:
        client.get(LIST)
    for number in range(6):
        incidents.open_by_hand(Context(wambui.pk), title=f"Number {number}")
    with django_assert_num_queries(len(queries)):
        client.get(LIST)
    seen_links, query = [], ""
    while query is not None:
        page = client.get(f"{LIST}{query}")
        seen_links += hrefs(page)
        links = [dict(link.attributes)["href"] for link in elements(page, "a")]
        query = next((link for link in links if "cursor=" in link), None)
    assert len(seen_links) == len(set(seen_links)) == 7
    for cursor in ("x", "9" * 30, "\0"):
        assert hrefs(client.get(LIST, {"cursor": cursor})) == []


def test_empty_lists_say_what_comes_here(wambui):
    client = signed_in(wambui)
    assert "No open incidents" in text(client.get(LIST))
    assert "No incidents in review" in text(client.get(LIST, {"state": "in_review"}))
    assert "No resolved incidents yet" in text(client.get(LIST, {"state": "resolved"}))


def test_an_unknown_incident_is_not_found(wambui):
    client = signed_in(wambui)
    for number in ("999", "9" * 18):
        assert client.get(f"{LIST}{number}/").status_code == 404
        assert client.post(f"{LIST}{number}/take/").status_code == 404


def test_filtering_by_severity_leaves_out_resolved_incidents(finance):
    for title, severity, state in (
        ("Grave", "HIGH", "OPEN"), ("Grave too", "HIGH", "IN_REVIEW"), ("Light", "LOW", "OPEN")
    ):  # fmt: skip
        Incident.objects.create(title=title, severity=severity, state=state)
    response = signed_in(finance).get("/panel/incidents/?severity=HIGH")
    titles = [words(link) for link in elements(response, "a", class_="what")]
    assert titles == ["Grave too", "Grave"]
    assert "Open and in review" in text(response)
    both = signed_in(finance).get("/panel/incidents/?severity=HIGH&state=OPEN")
    assert [words(link) for link in elements(both, "a", class_="what")] == ["Grave"]
    assert "Open 1 In review 1 Resolved 0" in text(both)


def test_choosing_a_severity_keeps_the_state(incident, wambui):
    client = signed_in(wambui)
    page = client.get(LIST, {"state": "in_review"})
    assert current_choices(page, "Severity") == ["Any"]
    (high,) = [link for link in nav_links(page, "Severity") if words(link) == "High"]
    page = client.get(LIST + dict(high.attributes)["href"])
    assert (current_choices(page, "State"), current_choices(page, "Severity")) == (
        ["In review 0"],
        ["High"],
    )
    assert "No incidents of this severity" in text(page)
    (opened,) = [link for link in nav_links(page, "State") if words(link).startswith("Open")]
    page = client.get(LIST + dict(opened.attributes)["href"])
    assert (current_choices(page, "State"), current_choices(page, "Severity")) == (
        ["Open 0"],
        ["High"],
    )


def nav_links(response, label):
    (nav,) = elements(response, "nav", **{"aria-label": label})
    return list(find(nav, "a"))


def current_choices(response, label) -> list[str]:
    return [
        words(link)
        for link in nav_links(response, label)
        if "aria-current" in dict(link.attributes)
    ]


@pytest.mark.parametrize("query", ["?severity=ZZ", "?state=nonsense", "?state=open&severity=%00"])
def test_an_unknown_state_or_severity_is_refused(incident, wambui, query):
    response = signed_in(wambui).get(f"{LIST}{query}")
    assert response.status_code == 422
    assert "Unknown state or severity." in text(response)
    assert hrefs(response) == []
