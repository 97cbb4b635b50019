"""The checks of the books run in the background, once each, and the panel shows the results."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from adminpanel.integrity import operations as integrity
from adminpanel.models import CheckResult, CheckRun, Incident
from ledger import verify
from ledger.models import Entry
from tests.adminpanel.support.checks import rewrite, run_checks
from tests.conftest import signed_in
from tests.factories import send
from tests.pages import elements, htmx, is_part, is_whole_page, text, words
from wallet.context import SYSTEM
from wallet.models import AuditEvent

pytestmark = pytest.mark.django_db

URL = "/panel/integrity/"


@pytest.fixture
def broken(alice, bob) -> Entry:
    """An entry whose amount was changed after it was written."""
    entry = send(alice, bob, 100_00).entries.get(account__user=bob)
    rewrite(entry, 100_01)
    return entry


def test_before_the_first_run_the_page_says_so(auditor):
    response = signed_in(auditor).get(URL)
    assert is_whole_page(response)
    assert text(response).count("Not run yet") >= len(verify.CHECKS)
    for check in verify.CHECKS:
        assert str(check.rule) in text(response)


def test_correct_books_pass_every_check(alice, finance):
    run = run_checks()
    assert [one.check_name for one in run.results.all()] == [one.name for one in verify.CHECKS]
    assert all(one.has_passed and one.duration_ms >= 0 for one in run.results.all())
    assert not Incident.objects.exists()
    response = signed_in(finance).get(URL)
    assert text(response).count("Passed") == len(verify.CHECKS)
    assert "The books don't balance" not in text(response)


def test_a_failure_names_the_row_opens_an_incident_and_turns_every_page_red(broken, finance):
    run_checks()
    client = signed_in(finance)
    said = text(client.get("/panel/integrity/running/"))
    assert f"entry {broken.pk}" in said
    assert "1 wrong row" in said
    incident = Incident.objects.get(run__isnull=False)
    assert incident.opened_by is None
    assert f"entry {broken.pk}" in incident.description
    for url in ("/panel/", "/panel/ledger/", "/panel/audit/", URL):
        (banner,) = elements(client.get(url), "div", class_="banner")
        assert "The books don't balance." in words(banner)


def test_the_banner_disappears_when_the_books_are_correct_again(broken, finance):
    run_checks()
    rewrite(broken, 100_00)
    run_checks()
    assert not elements(signed_in(finance).get("/panel/"), "div", class_="banner")


def test_a_check_that_fails_twice_has_one_open_incident(broken):
    run_checks()
    run_checks()
    assert Incident.objects.count() == 1
    assert CheckResult.objects.filter(check_name="running").count() == 2


def test_run_now_requests_one_run_and_is_audited(finance):
    client = signed_in(finance)
    for _ in range(2):
        assert client.post("/panel/integrity/run/").headers["Location"] == URL
    run = CheckRun.objects.get()
    assert run.asked_by == finance
    event = AuditEvent.objects.acts().get(action="run_checks")
    assert (event.actor, event.facts) == (finance, {"run": run.pk})
    response = client.get(URL)
    assert f"Running: 0 of {len(verify.CHECKS)} checks done." in text(response)
    (bar,) = elements(response, "progress")
    assert dict(bar.attributes)["max"] == str(len(verify.CHECKS))
    assert not elements(response, "form", action="/panel/integrity/run/")
    part = client.get(URL, headers=htmx("checks"))
    assert is_part(part, "checks")
    assert "hx-trigger" in part.text
    integrity.run_next()
    # The result may change the banner and the counts in the menu, so the whole page reloads.
    last = client.get(URL, headers=htmx("checks"))
    assert (last.headers["HX-Refresh"], last.text) == ("true", "")
    response = client.get(URL)
    assert "hx-trigger" not in response.text
    assert "requested by Finance Person" in text(response)


def test_auditors_read_the_results_but_cannot_run_checks(auditor):
    client = signed_in(auditor)
    assert not elements(client.get(URL), "form", action="/panel/integrity/run/")
    assert client.post("/panel/integrity/run/").status_code == 403
    assert not CheckRun.objects.exists()


def test_an_unknown_check_is_not_found(finance):
    assert signed_in(finance).get("/panel/integrity/no-such/").status_code == 404


def test_an_anonymous_visitor_is_sent_to_sign_in():
    for url in (URL, "/panel/integrity/sums/"):
        assert Client().get(url).headers["Location"].startswith("/accounts/login/")


def test_a_claimed_run_is_not_claimed_again():
    integrity.request_run(SYSTEM)
    assert integrity.claim()
    assert integrity.claim() is None
    assert integrity.run_next() is False


def test_a_worker_that_died_loses_its_run_and_its_late_result_does_not_count(time_machine):
    time_machine.move_to("2026-11-25T08:00:00Z", tick=False)
    integrity.request_run(SYSTEM)
    dead = integrity.claim()
    assert dead
    assert integrity.save_result(dead, integrity.run_check(verify.CHECKS[0]))
    time_machine.shift(integrity.LEASE + timedelta(seconds=1))
    taken = integrity.claim()
    assert taken == dead
    assert not integrity.save_result(dead, integrity.run_check(verify.CHECKS[1]))
    assert CheckResult.objects.count() == 1
    time_machine.shift(integrity.LEASE + timedelta(seconds=1))
    assert integrity.run_next()
    names = list(CheckResult.objects.values_list("check_name", flat=True))
    assert sorted(names) == sorted(one.name for one in verify.CHECKS)


def test_a_check_that_cannot_run_does_not_pass(finance):
    missing = verify.Check(
        "missing", "Missing", "A rule.", "{id}", "row", "SELECT id FROM no_such_table"
    )
    integrity.request_run(SYSTEM)
    run = integrity.claim()
    assert run
    with connection.constraint_checks_disabled():
        result = integrity.run_check(missing)
    assert not result.has_passed
    assert "no_such_table" in result.error


def test_a_new_run_is_requested_when_the_last_one_is_old_enough(time_machine, settings):
    settings.CHECKS_EVERY_S = 3600
    time_machine.move_to("2026-11-25T08:00:00Z", tick=False)
    integrity.request_if_due()
    integrity.request_if_due()
    assert CheckRun.objects.count() == 1
    integrity.run_next()
    time_machine.shift(3599)
    integrity.request_if_due()
    assert CheckRun.objects.count() == 1
    time_machine.shift(1)
    integrity.request_if_due()
    assert CheckRun.objects.count() == 2
    assert not AuditEvent.objects.acts().exists()


@pytest.mark.django_db(transaction=True)
def test_the_worker_runs_the_checks_that_are_due(alice):
    call_command("work", "--once")
    assert CheckRun.objects.get().finished_at
    assert CheckResult.objects.count() == len(verify.CHECKS)
