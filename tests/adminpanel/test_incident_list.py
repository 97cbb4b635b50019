"""The list of incidents, who reads it, and of many who act at once, who is heard."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import connection
from django.test import Client

from adminpanel.incidents import operations as incidents
from adminpanel.models import Incident
from tests.adminpanel.support.incidents import LIST, OPEN, form, seen, url
from tests.conftest import signed_in, staff
from tests.ledger.support.crowd import run_together
from tests.pages import elements, fields, find, htmx, problems, text, words
from wallet.context import Context
from wallet.errors import TooLate
from wallet.models import AuditEvent

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("headers", [None, htmx("incident")])
def test_whoever_acts_on_an_old_page_overwrites_nothing(incident, wambui, joseph, headers):
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
    # Having seen what changed, they may go on.
    again = fields(refused)["resolve-seen"]
    answer = client.post(url(incident, "resolve"), old | {"resolve-seen": again})
    assert answer.status_code == 303
    incident.refresh_from_db()
    assert incident.state == "RESOLVED"


@pytest.mark.parametrize("wrong", ["", "x", "-1", "9" * 30, "1.5"])
def test_a_page_without_what_it_showed_changes_nothing(incident, wambui, wrong):
    asked = form("change", incident, state="IN_REVIEW", severity="LOW") | {"change-seen": wrong}
    response = signed_in(wambui).post(url(incident, "change"), asked)
    assert response.status_code == 422
    assert problems(response) == ["This page was incomplete. Look at the incident and try again."]
    incident.refresh_from_db()
    assert incident.state == "OPEN"


@pytest.mark.django_db(transaction=True)
def test_of_many_who_act_on_one_page_at_once_one_does(incident, joseph):
    crowd = [staff("finance", f"Hand Number{number}") for number in range(8)]
    page = seen(incident)
    answers = run_together(*(heard(partial(take, incident, one, page)) for one in crowd))
    late = [answer for answer in answers if isinstance(answer, TooLate)]
    assert len(late) == 7
    incident.refresh_from_db()
    assert AuditEvent.objects.filter(action="change_incident").count() == 1
    assert all(incident.owner.name in str(answer) for answer in late)


def take(incident, user, page):
    return incidents.assign(Context(user.pk), incident_id=incident.pk, owner_id=user.pk, seen=page)


def heard(job):
    def ask():
        try:
            return job()
        except TooLate as refusal:
            return refusal

    return ask


@pytest.mark.django_db(transaction=True)
def test_of_many_checks_that_fail_at_once_one_opens_it():
    jobs = [partial(incidents.open_for_check, "balances", "Balances differ", "Rows.")] * 8
    assert len({answer.pk for answer in run_together(*jobs)}) == 1
    assert AuditEvent.objects.count() == 1
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
    assert AuditEvent.objects.count() == 1


def hrefs(response) -> list[str]:
    return [dict(link.attributes)["href"] for link in elements(response, "a", class_="what")]


def test_the_list_is_by_state_with_counts(wambui, joseph):
    made = [
        incidents.open_by_hand(Context(wambui.pk), title=f"Number {number}") for number in range(4)
    ]
    incidents.change(
        Context(wambui.pk),
        incident_id=made[0].pk,
        seen=seen(made[0]),
        state="IN_REVIEW",
        severity="LOW",
    )
    incidents.resolve(
        Context(wambui.pk), incident_id=made[1].pk, seen=seen(made[1]), resolution="Done."
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


def test_the_list_is_paged_and_asks_as_often_for_many(
    wambui, joseph, settings, django_assert_num_queries, django_assert_max_num_queries
):
    settings.PAGE_SIZE_PANEL = 3
    client = signed_in(joseph)
    incidents.open_by_hand(Context(wambui.pk), title="First")
    with django_assert_max_num_queries(9) as asked:
        client.get(LIST)
    for number in range(6):
        incidents.open_by_hand(Context(wambui.pk), title=f"Number {number}")
    with django_assert_num_queries(len(asked)):
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
    assert "No incident is open" in text(client.get(LIST))
    assert "No incident is in review" in text(client.get(LIST, {"state": "in_review"}))
    assert "Nothing was resolved yet" in text(client.get(LIST, {"state": "resolved"}))


def test_what_is_not_there_is_not_found(wambui):
    client = signed_in(wambui)
    for number in ("999", "9" * 18):
        assert client.get(f"{LIST}{number}/").status_code == 404
        assert client.post(f"{LIST}{number}/take/").status_code == 404


def test_those_of_one_severity_that_are_not_resolved(finance):
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


def test_severity_is_chosen_on_the_page_and_the_state_stays(incident, wambui):
    client = signed_in(wambui)
    page = client.get(LIST, {"state": "in_review"})
    assert chosen(page, "Severity") == ["Any"]
    (high,) = [link for link in offered(page, "Severity") if words(link) == "High"]
    page = client.get(LIST + dict(high.attributes)["href"])
    assert (chosen(page, "State"), chosen(page, "Severity")) == (["In review 0"], ["High"])
    assert "No incident is of that severity here" in text(page)
    (opened,) = [link for link in offered(page, "State") if words(link).startswith("Open")]
    page = client.get(LIST + dict(opened.attributes)["href"])
    assert (chosen(page, "State"), chosen(page, "Severity")) == (["Open 0"], ["High"])


def offered(response, label):
    (nav,) = elements(response, "nav", **{"aria-label": label})
    return list(find(nav, "a"))


def chosen(response, label) -> list[str]:
    return [
        words(link) for link in offered(response, label) if "aria-current" in dict(link.attributes)
    ]


@pytest.mark.parametrize("query", ["?severity=ZZ", "?state=nonsense", "?state=open&severity=%00"])
def test_what_is_no_state_or_severity_is_refused_in_words(incident, wambui, query):
    response = signed_in(wambui).get(f"{LIST}{query}")
    assert response.status_code == 422
    assert "There is no such state or severity." in text(response)
    assert hrefs(response) == []
