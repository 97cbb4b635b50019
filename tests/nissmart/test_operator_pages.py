"""Operators read the audit, incidents, the worker's state and the settings, and change none."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.urls import reverse
from django.utils import timezone

from adminpanel.incidents import operations as incidents
from adminpanel.integrity.heartbeats import Heartbeats
from adminpanel.integrity.jobs import JOBS
from adminpanel.models import CheckRun, WorkerJob
from ledger.models import RailEvent
from ledger.payouts import operations as payouts
from tests.conftest import signed_in
from tests.factories import UserFactory, withdraw
from tests.ledger.support import paya
from tests.pages import elements, text, words
from wallet import messages
from wallet.context import SYSTEM, Context
from wallet.messages import Topic, sending
from wallet.models import Delivery
from wallet.staff import audit, subjects
from wallet.staff.audit import Action

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

SETTINGS, WORKER = reverse("admin:settings"), reverse("admin:worker")
AUDIT = reverse("admin:wallet_auditevent_changelist")
CONFIGURATION = Path(configured.BASE_DIR) / "docs" / "configuration.md"
# What only `make run` and scripts read.
OF_SCRIPTS = {"HOST", "PORT", "ENGINE", "SANDBOX_DIR", "POSTGRES_DIR"}


def documented() -> set[str]:
    """The variables in the first table of docs/configuration.md."""
    table = CONFIGURATION.read_text().partition("## M-PESA")[0]
    cells = re.findall(r"^\| (`[A-Z`, _]+`) \|", table, re.M)
    names: set[str] = set()
    for cell in cells:
        first, *others = re.findall(r"`([A-Z_]+)`", cell)
        # `SESSION_HOURS_MEMBER`, `_MEMBER_KEPT`, `_STAFF`
        stem = first.rpartition("_")[0]
        names |= {first, *(stem + name if name[0] == "_" else name for name in others)}
    return names - OF_SCRIPTS


def rows_of(page) -> dict[str, str]:
    found = {}
    for row in elements(page, "tr", role="row"):
        head, *cells = [words(each) for each in row.children if not isinstance(each, str)]
        found[head] = " ".join(cells)
    return found


def test_every_documented_setting_is_shown_and_no_secret(as_operator, settings, monkeypatch):
    settings.MAILERS = {"default": {"BACKEND": "x.y", "OPTIONS": {"password": "mail-secret"}}}
    settings.AFRICASTALKING_API_KEY = "sms-secret"
    # pragma: allowlist nextline secret
    monkeypatch.setenv("DATABASE_URL", "postgres://someone:db-secret@localhost/x")
    page = as_operator.get(SETTINGS)
    shown = rows_of(page)
    assert documented() <= set(shown)
    for secret in (settings.SECRET_KEY, "mail-secret", "sms-secret", "db-secret"):
        assert secret not in page.text
    for name in ("SECRET_KEY", "DATABASE_URL", "MAIL_OPTIONS", "AFRICASTALKING_API_KEY"):
        assert shown[name] == "Set"
    assert shown["SECRET_KEY_FALLBACKS"] == "Not set"
    assert shown["SESSION_IDLE_MINUTES_STAFF"] == str(settings.SESSION_IDLE_MINUTES["STAFF"])
    assert shown["MAIL_BACKEND"] == "x.y"


def test_only_superusers_open_the_pages_of_the_site(finance):
    helper = signed_in(UserFactory(is_staff=True))
    for url in (SETTINGS, WORKER, reverse("admin:payment_settings")):
        assert helper.get(url).status_code == 403
        assert signed_in(finance).get(url).status_code == 302


def test_the_worker_page_says_what_is_due_and_what_was_done(as_operator, alice, time_machine):
    time_machine.move_to("2026-11-28T12:00:00Z", tick=False)
    assert "No worker has ever run." in text(as_operator.get(WORKER))
    heartbeats = Heartbeats()
    heartbeats.begin(JOBS)
    heartbeats.write()
    messages.alert(alice.pk, Topic.PIN_CHANGED)
    sending.send_all()
    CheckRun.objects.create(started_at=timezone.now(), finished_at=timezone.now())
    messages.alert(alice.pk, Topic.PIN_CHANGED)
    RailEvent.objects.create(rail="simulated", kind="callback", is_callback=True)
    page = as_operator.get(WORKER)
    shown = rows_of(page)
    assert shown["SMS to send"] == "1 28 Nov, 15:00:00 28 Nov, 15:00:00"
    assert shown["Messages of rails to apply"] == "1 28 Nov, 15:00:00 –"
    assert shown["Payments to send or to ask about"] == "0 – –"
    assert shown["Checks of the books"] == "0 – 28 Nov, 15:00:00"
    assert "A worker runs. It was last seen at 28 Nov 2026, 15:00:00." in text(page)
    assert "Send SMS" not in text(page), "only jobs that are late or fail"
    WorkerJob.objects.filter(job="work.send_texts").update(failures=3, error="ConnectError")
    assert "Send SMS: failed 3 times in a row (ConnectError)" in text(as_operator.get(WORKER))
    assert not elements(page, class_="late")
    time_machine.shift(timedelta(minutes=6))
    late = as_operator.get(WORKER)
    assert "No worker runs. One was last seen at 28 Nov 2026, 15:00:00." in text(late)
    assert "Some work has waited for more than five minutes." in text(late)
    assert elements(late, class_="late")
    assert Delivery.objects.filter(state="queued").count() == 2


def test_a_paused_payout_is_not_late(as_operator, alice, time_machine):
    time_machine.move_to("2026-11-28T12:00:00Z", tick=False)
    with paya.known():
        withdraw(alice, 300_00)
        payouts.pause(SYSTEM.because("A drill"))
        time_machine.shift(timedelta(minutes=6))
        shown = rows_of(as_operator.get(WORKER))
    assert shown["Payments to send or to ask about"] == "0 – –"


def test_operators_search_the_audit_and_cannot_change_it(as_operator, finance, alice):
    hers = subjects.member(alice.pk)
    event = audit.record(Context(finance.pk, "10.0.0.7", "Lost phone"), Action.FREEZE, hers)
    audit.record(Context(alice.pk, "10.0.0.8"), Action.SIGN_IN, hers)

    def found(**query: str) -> list[bool]:
        page = text(as_operator.get(AUDIT, query))
        return [words in page for words in ("Lost phone", "10.0.0.8")]

    assert found() == found(q=f"member {alice.pk}") == found(q="10.0.0.7") == [True, False]
    assert found(access="with") == [True, True]
    assert found(access="only") == found(access="only", q="10.0.0.8") == [False, True]
    assert found(q="wallet frozen") == [True, False]
    change = reverse("admin:wallet_auditevent_change", args=[event.pk])
    assert "Lost phone" in text(as_operator.get(change))
    assert as_operator.post(change, {"reason": "Other"}).status_code == 403


def test_operators_read_incidents_and_cannot_change_them(as_operator, finance):
    incident = incidents.open_by_hand(
        Context(finance.pk), title="Paid twice", description="She called."
    )
    changelist = reverse("admin:adminpanel_incident_changelist")
    assert "Paid twice" in text(as_operator.get(changelist, {"q": "twice"}))
    change = reverse("admin:adminpanel_incident_change", args=[incident.pk])
    assert "She called." in text(as_operator.get(change))
    assert as_operator.post(change, {"title": "Other"}).status_code == 403
