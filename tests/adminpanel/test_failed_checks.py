"""A failed check links to the wrong rows and to the incident it opened, which links back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adminpanel.incidents import operations as incidents
from adminpanel.integrity import operations as integrity
from adminpanel.models import CheckResult, CheckRun, Incident
from ledger import verify
from ledger.models import Entry
from tests.adminpanel.support.checks import rewrite, run_checks
from tests.adminpanel.support.incidents import LIST, last_event_id, url
from tests.conftest import signed_in
from tests.factories import send
from tests.pages import elements, text, words
from wallet.context import Context

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

INTEGRITY = "/panel/integrity/"
CHECK = "/panel/integrity/running/"


@pytest.fixture
def broken(alice, bob) -> Entry:
    entry = send(alice, bob, 100_00).entries.get(account__user=bob)
    rewrite(entry, 100_01)
    return entry


def links(response) -> dict[str, str]:
    """The page's links, from text to URL."""
    return {words(link): dict(link.attributes)["href"] for link in elements(response, "a")}


def test_the_rows_link_to_their_transaction_and_account(broken, finance):
    run_checks()
    page = signed_in(finance).get(CHECK)
    reference, account = broken.transaction.reference, broken.account_id
    assert links(page)[reference] == f"/panel/transactions/{reference}/"
    assert links(page)[f"account {account}"] == f"/panel/accounts/{account}/"
    sums = signed_in(finance).get("/panel/integrity/sums/")
    assert f"transaction {broken.transaction_id}, {reference} its entries sum to" in text(sums)
    assert links(sums)[reference] == f"/panel/transactions/{reference}/"


def test_the_findings_of_a_check_are_escaped(finance):
    run = CheckRun.objects.create()
    CheckResult.objects.create(
        run=run,
        check_name="running",
        finished_at=run.asked_at,
        duration_ms=0,
        found=1,
        findings=[{"row": "<b>entry</b> 1", "message": "on account -1: <i>odd</i>"}],
    )
    page = signed_in(finance).get(CHECK)
    assert "&lt;b&gt;entry" in page.text
    assert links(page)["account -1"] == "/panel/accounts/-1/"


def test_a_failed_check_and_its_incident_link_to_each_other(broken, finance, wambui):
    run_checks()
    incident = Incident.objects.get(run__isnull=False)
    assert list(incident.transactions.all()) == [broken.transaction]
    client = signed_in(finance)
    page = client.get(url(incident))
    reference, account = broken.transaction.reference, broken.account_id
    assert links(page)["“Balance after each entry”"] == CHECK
    assert links(page)[reference] == f"/panel/transactions/{reference}/"
    assert links(page)[f"account {account}"] == f"/panel/accounts/{account}/"
    assert links(client.get(CHECK))[f"Incident {incident.pk}"] == url(incident)
    assert "It has no owner yet." in text(client.get(CHECK))
    incidents.resolve(
        Context(wambui.pk),
        incident_id=incident.pk,
        seen=last_event_id(incident),
        resolution="Put right.",
    )
    assert f"Incident {incident.pk}" not in links(client.get(CHECK))


def test_an_incident_says_whether_its_check_passes_now(broken, finance, time_machine):
    client = signed_in(finance)
    run_checks()
    incident = Incident.objects.get(run__isnull=False)
    for page in (client.get(url(incident)), client.get(LIST)):
        assert "Still failing" in text(page)
        assert "Passing since" not in text(page)
    # Someone's own incident doesn't close by itself.
    Incident.objects.update(owner=finance)
    rewrite(broken, 100_00)
    for _ in range(2):
        run_checks()
    first = CheckResult.objects.filter(check_name=incident.check_name, found=0).earliest("pk")
    CheckResult.objects.filter(pk=first.pk).update(finished_at="2026-11-25T14:31:00Z")
    for page in (client.get(url(incident)), client.get(LIST)):
        assert "Passing since 25 Nov, 17:31" in text(page)
        assert "Still failing" not in text(page)


def test_an_incident_opened_by_hand_says_nothing_about_checks(broken, incident, finance):
    run_checks()
    page = signed_in(finance).get(url(incident))
    assert "Still failing" not in text(page)


def test_a_duration_under_a_millisecond_is_shown_as_less_than_one(alice, finance):
    run_checks()
    CheckResult.objects.update(duration_ms=0)
    client = signed_in(finance)
    for path in ("/panel/integrity/", CHECK):
        page = client.get(path)
        assert "< 1" in [words(cell) for cell in elements(page, "td", class_="number")]


@pytest.mark.parametrize("path", ["/panel/", "/panel/accounts/"])
def test_a_page_that_finds_a_difference_requests_one_run(alice, bob, auditor, time_machine, path):
    time_machine.move_to("2026-11-25T08:00:00Z", tick=False)
    run_checks()
    time_machine.shift(timedelta(minutes=5))
    client = signed_in(auditor)
    client.get(path)
    assert CheckRun.objects.count() == 1
    rewrite(send(alice, bob, 100_00).entries.get(account__user=bob), 100_01)
    for _ in range(3):
        (banner,) = elements(client.get(path), "div", class_="banner")
        assert "Assets and liabilities differ by" in words(banner)
    assert CheckRun.objects.count() == 2
    assert integrity.run_next()
    # Now every page shows the failure, and none requests another run.
    time_machine.shift(timedelta(minutes=5))
    for page in (path, "/panel/audit/"):
        (banner,) = elements(client.get(page), "div", class_="banner")
        assert "checks failed" in words(banner)
    assert CheckRun.objects.count() == 2


def test_correct_books_are_not_checked_again_too_soon(time_machine):
    time_machine.move_to("2026-11-25T08:00:00Z", tick=False)
    for _ in range(3):
        integrity.request_unless_known()
        integrity.run_next()
    assert CheckRun.objects.count() == 1
    time_machine.shift(integrity.SOON)
    integrity.request_unless_known()
    assert CheckRun.objects.count() == 2


def test_pages_show_the_title_of_a_check_and_keep_its_name_in_the_url(finance):
    page = links(signed_in(finance).get(INTEGRITY))
    assert page["Balance after each entry"] == f"{INTEGRITY}running/"
    assert page["House balances"] == f"{INTEGRITY}running_totals/"
    assert len({str(check.title) for check in verify.CHECKS}) == len(verify.CHECKS)
    assert CheckResult(check_name="running").title == "Balance after each entry"
    assert CheckResult(check_name="of an older release").title == "of an older release"


def test_one_wrong_row_is_one_incident_which_closes_when_its_checks_pass(broken, finance):
    run = run_checks()
    failed = [one.check_name for one in run.results.all() if not one.has_passed]
    assert len(failed) > 1
    incident = Incident.objects.get()
    assert incident.checks == failed
    assert list(incident.transactions.all()) == [broken.transaction]
    page = text(signed_in(finance).get(url(incident)))
    assert "Failed in the same run: “" in page
    assert f"The check “{failed[1]}” failed in the same run" in page
    run_checks()
    assert Incident.objects.get().checks == failed
    rewrite(broken, 100_00)
    run_checks()
    incident.refresh_from_db()
    assert incident.state == "RESOLVED"
    assert incident.resolution.startswith("Closed by itself at ")
    said = text(signed_in(finance).get(url(incident)))
    assert "because these checks passed: " in said
    # The next time the books are wrong is another incident.
    rewrite(broken, 100_01)
    run_checks()
    assert Incident.objects.count() == 2


def test_an_incident_stays_open_until_all_its_checks_pass(broken):
    run_checks()
    Incident.objects.update(other_checks=["a check of an older release"])
    rewrite(broken, 100_00)
    run_checks()
    assert Incident.objects.get().state == "OPEN"


def test_an_incident_is_due_by_its_severity(finance, time_machine, settings):
    time_machine.move_to("2026-11-25T06:00:00Z", tick=False)
    settings.INCIDENT_DUE_HOURS_HIGH = 2
    Incident.objects.create(title="Paid twice", severity="HIGH")
    Incident.objects.create(title="A typing error", severity="LOW")
    time_machine.move_to("2026-11-25T08:01:00Z", tick=False)
    said = text(signed_in(finance).get("/panel/incidents/"))
    assert "Late: was due 25 Nov, 11:00" in said
    assert "due 28 Nov, 09:00" in said
