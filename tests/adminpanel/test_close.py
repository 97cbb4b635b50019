"""Close on the panel: the checklist, one person's signature, another's approval, reopening."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from adminpanel.close import operations as closings
from adminpanel.close.checklist import NotReady, checklist
from adminpanel.incidents import operations as incidents
from adminpanel.models import CheckRun, ClosingProposal
from adminpanel.models.proposals import State
from ledger import verify
from ledger.closing import periods
from ledger.closing.errors import NotNewest
from ledger.models import Close, Transaction
from ledger.querysets import day_start, nairobi_day
from tests.conftest import signed_in, staff
from tests.factories import deposit
from tests.ledger.support.suspense import stray
from tests.pages import text
from wallet.context import Context
from wallet.errors import NotAllowed, Refusal
from wallet.models import AuditEvent
from wallet.staff.roles import APPROVER, SUPPORT

pytestmark = pytest.mark.django_db
YESTERDAY = timedelta(days=1)
STRAY_ON, NOW = timedelta(days=-1, hours=12), timedelta(hours=9)


@pytest.fixture
def checked(alice, time_machine):
    """A deposit yesterday, and checks that passed today."""
    time_machine.move_to(day_start(nairobi_day()) + STRAY_ON, tick=False)
    deposit(alice, 5_00)
    time_machine.move_to(day_start(nairobi_day()) + timedelta(days=1) + NOW, tick=False)
    return passed()


def passed() -> CheckRun:
    run = CheckRun.objects.create(started_at=timezone.now(), finished_at=timezone.now())
    for name in ("sums", "guards"):
        run.results.create(check_name=name, finished_at=run.finished_at, duration_ms=1, found=0)
    return run


def url(name: str, *arguments: object) -> str:
    return reverse(f"adminpanel:{name}", args=arguments)


def acts() -> list[str]:
    found = AuditEvent.objects.filter(facts__closing__isnull=False).order_by("pk")
    return list(found.values_list("action", flat=True))


def test_two_people_close_a_day_and_two_reopen_it(checked, wambui, joseph, auditor, alice):
    maker, approver = Context(wambui.pk), Context(joseph.pk)
    signed = closings.sign(maker, periods.next_day())
    assert closings.sign(maker, periods.next_day()) == signed
    assert not Close.objects.exists()
    for person in (wambui, auditor, alice):
        with pytest.raises(NotAllowed):
            closings.approve(Context(person.pk), proposal_id=signed.pk)
    with pytest.raises(NotAllowed):
        closings.sign(Context(staff(APPROVER).pk), periods.next_day())
    closings.approve(approver, proposal_id=signed.pk)
    assert not Close.objects.exists()
    assert closings.post_approved() == 1
    [made] = Close.objects.all()
    signed.refresh_from_db()
    assert (signed.state, signed.posted) == (State.POSTED, made)
    assert (made.signed_by, made.approved_by) == (wambui, joseph)
    assert made.last_day == nairobi_day() - YESTERDAY
    reports = text(signed_in(auditor).get(url("reports")))
    assert f"Closed to {made.last_day:%-d %b %Y}" in reports
    printed = text(signed_in(auditor).get(url("close_period", f"{made.last_day:%Y-%m-%d}")))
    assert f"Hash of close 1 {made.hash}" in printed
    # The worker's next turn changes nothing.
    assert closings.post_approved() == 0
    why = Context(wambui.pk, reason="A deposit is missing.")
    with pytest.raises(Refusal):
        closings.ask_reopening(maker, made.last_day, is_month=False)
    asked = closings.ask_reopening(why, made.last_day, is_month=False)
    with pytest.raises(NotAllowed):
        closings.approve(maker, proposal_id=asked.pk)
    closings.approve(approver, proposal_id=asked.pk)
    closings.post_approved()
    assert not Close.objects.live().exists()
    with pytest.raises((NotNewest, Refusal)):
        closings.ask_reopening(why, made.last_day, is_month=False)
    signed_and_approved = ["sign_close", "approve_close"]
    assert acts() == [*signed_and_approved, "close_books", *signed_and_approved, "reopen_books"]
    names = ("closes", "closed-days", "closed-audit")
    assert [list(check.find(False)) for check in verify.CHECKS if check.name in names] == [[]] * 3


def test_what_is_open_needs_an_owner(checked, bob, wambui, joseph, time_machine):
    time_machine.shift(STRAY_ON)
    item = stray(bob, rail_code="simulated")
    time_machine.shift(-STRAY_ON)
    maker, period = Context(wambui.pk), periods.next_day()
    with pytest.raises(NotReady, match="1 without an owner"):
        closings.sign(maker, period)
    incident = incidents.open_by_hand(maker, title="Whose is it?")
    incident.transactions.add(Transaction.objects.get(pk=item.pk))
    incident.owner = wambui
    incident.save()
    passed()
    signed = closings.sign(maker, period)
    # What fails after the signature stops the approval, and the signature stays.
    run = passed()
    run.results.update(found=1)
    with pytest.raises(NotReady, match="2 checks failed"):
        closings.approve(Context(joseph.pk), proposal_id=signed.pk)
    without_results = CheckRun.objects.create(started_at=timezone.now(), finished_at=timezone.now())
    with pytest.raises(NotReady, match="has no results"):
        closings.approve(Context(joseph.pk), proposal_id=signed.pk)
    without_results.delete()
    passed()
    closings.approve(Context(joseph.pk), proposal_id=signed.pk)
    # What loses its owner before the worker's turn is stored too.
    incident.owner = None
    incident.save()
    closings.post_approved()
    [said] = Close.objects.get().content["open_items"]
    assert said.startswith("Suspense: 1 open")


def test_checks_from_before_the_end_do_not_count(checked):
    CheckRun.objects.update(started_at=day_start(nairobi_day()) - timedelta(minutes=1))
    first = checklist(periods.next_day())[0]
    assert first.said == "The checks haven't run since the period ended."


def test_two_people_close_a_month_on_the_panel(alice, wambui, joseph, time_machine):
    time_machine.move_to("2026-10-31T09:00:00Z", tick=False)
    deposit(alice, 5_00)
    time_machine.move_to("2026-11-01T09:00:00Z", tick=True)
    passed()
    day, month = "2026-10-31", "2026-10"
    maker, approver = signed_in(wambui), signed_in(joseph)
    assert "Close every day of October 2026 first" in text(maker.post(url("sign_close", month)))
    agree(maker, approver, "sign_close", day)
    closings.post_approved()
    # Both are approved, and the first to be carried out leaves no closed month for the other.
    agree(maker, approver, "ask_reopening", day)
    agree(maker, approver, "sign_close", month)
    closings.post_approved()
    refused = "the ledger refused it. Close every day of October 2026 first"
    assert refused in text(maker.get(url("close_period", month)))
    agree(maker, approver, "sign_close", day)
    closings.post_approved()
    agree(maker, approver, "sign_close", month)
    closings.post_approved()
    shown = text(maker.get(url("close_period", month)))
    assert Close.objects.get(act="month").hash in shown
    assert "2100 Members' wallets 1,000.00 0.00 5.00 1,005.00" in shown
    assert refused not in shown
    assert "Ask to reopen" not in text(maker.get(url("close_period", day)))
    agree(maker, approver, "ask_reopening", month)
    closings.post_approved()
    assert "Open October 2026" in text(maker.get(url("close_period", month)))


def agree(maker: Client, approver: Client, act: str, key: str) -> None:
    """One person signs, or asks to reopen, and another approves."""
    assert maker.post(url(act, key), {"reopen-reason": "Wrong day"}).status_code == 303
    approve = url("approve_close", ClosingProposal.objects.latest("pk").pk)
    assert approver.post(approve).status_code == 303


@pytest.mark.any_engine
def test_the_pages_sign_approve_and_show(checked, wambui, joseph, auditor, bob):
    key = periods.next_day().key
    page, sign = url("close_period", key), url("sign_close", key)
    maker, approver = signed_in(wambui), signed_in(joseph)
    assert "Not signed yet" in text(maker.get(url("close")))
    assert "Passed" in text(maker.get(page))
    today, early = periods.day(nairobi_day()), periods.month(date(2020, 1, 1))
    assert "It can be signed when it's over." in text(maker.get(url("close_period", today.key)))
    assert "Periods close in order" in text(maker.get(url("close_period", early.key)))
    for person in (staff(APPROVER), auditor, bob, staff(SUPPORT)):
        assert signed_in(person).post(sign).status_code == 403
    assert maker.post(sign).status_code == 303
    proposal = ClosingProposal.objects.get()
    assert "1 close needs approval" in text(approver.get("/panel/"))
    assert "someone else must decide" in text(maker.get(page))
    approve = url("approve_close", proposal.pk)
    assert maker.post(approve).status_code == 403
    assert approver.post(url("deny_close", proposal.pk)).status_code == 422
    assert "Approve and close" in text(approver.get(page))
    assert "will be closed in a minute" in text(approver.post(approve, follow=True))
    assert "It's being closed" in text(maker.get(page))
    closings.post_approved()
    made = Close.objects.get()
    shown = text(signed_in(auditor).get(page))
    assert made.hash in shown
    assert "2100" in shown
    assert "Ask to reopen" not in shown
    assert made.short_hash in text(maker.get(url("close")))
    assert maker.post(url("ask_reopening", key), {"reopen-reason": ""}).status_code == 422
    assert maker.post(url("ask_reopening", key), {"reopen-reason": "Wrong day"}).status_code == 303
    assert "asks to reopen it" in text(approver.get(page))
    assert signed_in(auditor).get("/panel/close/2026-13/").status_code == 404
