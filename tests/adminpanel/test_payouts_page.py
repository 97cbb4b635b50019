"""The panel's page of one payout: approve it, refuse it, or say what became of it."""

from __future__ import annotations

import pytest

from ledger.models import Approval
from ledger.payouts import operations, worker
from tests.adminpanel.support.payouts import (
    BOTH,
    NOT_PAID,
    PAID,
    REASON,
    approve,
    assert_answers,
    buttons,
    fund,
    order,
    page,
    refuse,
    seen,
    url,
)
from tests.books import nothing_moves
from tests.conftest import signed_in
from tests.factories import account_id, balance, deposit, send
from tests.ledger.support.payouts import acts, assert_right, by, decide, sent, state
from tests.pages import elements, fields, problems, text
from wallet import operations as wallet_operations
from wallet.context import SYSTEM
from wallet.models import AuditEvent
from wallet.staff import audit, subjects

pytestmark = [
    pytest.mark.any_engine,
    pytest.mark.django_db,
    pytest.mark.usefixtures("approval_for_every_payout"),
]

# --- Reading


def test_the_page_shows_the_payout(held, as_wambui, alice):
    response = as_wambui.get(url(held))
    said = text(response)
    for shown in ("KES 300.00", "Alice Wanjiku", "Needs approval", "0 of 1", held.reference):
        assert shown in said
    assert f"0{alice.phone[4:7]} *** {alice.phone[-3:]}" in said
    assert alice.phone not in response.text
    assert "Nothing has been sent yet." in said
    assert buttons(response) >= {"Approve KES 300.00", "Refuse and return KES 300.00"}


def test_the_page_shows_what_was_sent_and_answered(alice, rail, settings, as_wambui):
    settings.APPROVE_ONE_ABOVE_CENTS = 10**9
    said = page(as_wambui, sent(alice))
    assert "This payout needed no approval." in said
    assert "Sent to Paya" in said
    assert "pay-request" in said
    assert "pay-answer HTTP 200" in said
    assert "accepted" in said


def test_every_link_of_the_page_works(held, unknown, as_wambui):
    pages = [as_wambui.get(url(attempt)) for attempt in (held, unknown)]
    links = [dict(link.attributes)["href"] for page in pages for link in elements(page, "a")]
    # That one is for people whose session has ended.
    for href in {link.partition("#")[0] for link in links} - {"", "/accounts/login/"}:
        assert as_wambui.get(href).status_code == 200, href


def test_a_payout_in_each_state_has_its_buttons(held, as_wambui, wambui, joseph, rail):
    decide(operations.approve, joseph, held)
    assert {"Refuse and return KES 300.00"} <= buttons(as_wambui.get(url(held)))
    assert "Approve KES 300.00" not in buttons(as_wambui.get(url(held)))
    rail.script = lambda call, reference: "lost"
    worker.do_due()
    assert {"Say that it was paid", "Say that it wasn't paid"} <= buttons(as_wambui.get(url(held)))
    assert "Don't pay it again." in page(as_wambui, held)
    operations.resolve(by(joseph), attempt_id=held.pk, outcome="not_paid", evidence=REASON)
    operations.resolve(by(wambui), attempt_id=held.pk, outcome="not_paid", evidence=REASON)
    assert not {one for one in buttons(as_wambui.get(url(held))) if "KES" in one or "Say" in one}


def test_only_finance_and_auditors_read_it(held, auditor, alice, operator, bob):
    response = signed_in(auditor).get(url(held))
    assert "Only a finance approver can decide this." in text(response)
    assert not {one for one in buttons(response) if "KES" in one}
    for other in (alice, bob, operator):
        for headers in BOTH:
            refused = signed_in(other).get(url(held), headers=headers)
            assert refused.status_code == 403
            assert held.transaction.reference not in refused.text


def test_what_is_no_payout_is_not_found(alice, bob, rail, as_wambui):
    """A transfer, a deposit that waits, and a reference that names nothing."""
    collected = sent(alice, 10_00, move=deposit).transaction
    data = {"approve-fingerprint": "x", "refuse-fingerprint": "x", "refuse-reason": REASON}
    for reference in (send(alice, bob, 1_00).reference, collected.reference, "NS-00000000"):
        there = f"/panel/payouts/{reference}/"
        assert as_wambui.get(there).status_code == 404
        for act in ("approve", "refuse", "paid", "not-paid"):
            response = as_wambui.post(f"{there}{act}/", data | PAID | NOT_PAID)
            assert response.status_code == 404, (reference, act)


def test_only_finance_acts(held, auditor, alice, operator):
    for other in (auditor, alice, operator):
        client = signed_in(other)
        for act in ("approve", "refuse", "paid", "not-paid"):
            data = seen(held, act) | {"refuse-reason": REASON} | PAID | NOT_PAID
            with nothing_moves():
                assert client.post(url(held, act), data).status_code == 403, (other, act)
    assert (state(held), acts()) == ("HELD", [])


# --- Approve


def test_an_approval_of_a_frozen_wallet_says_that_it_is_not_sent(held, alice, as_wambui):
    wallet_operations.freeze(SYSTEM, account_id(alice))
    approve(as_wambui, held)
    said = page(as_wambui, held)
    assert "Approved. It isn't sent while the wallet is frozen, on hold or closed." in said
    assert "sent shortly, but not while payouts are paused, or the wallet is frozen" in said
    assert worker.do_due() == 0


@pytest.mark.parametrize("headers", BOTH)
def test_finance_approves(held, as_wambui, wambui, headers):
    response = approve(as_wambui, held, headers=headers)
    assert response.headers["HX-Redirect" if headers else "Location"] == url(held)
    assert response.status_code == (200 if headers else 303)
    assert state(held) == "READY"
    said = page(as_wambui, held)
    assert "Approved. It will be sent shortly." in said
    assert "Wambui Kariuki Approved" in said
    assert AuditEvent.objects.acts().get().ip_address == "127.0.0.1"
    worker.do_due()
    assert state(held) == "SENT"


def test_the_form_on_the_page_is_enough(held, as_wambui):
    given = fields(as_wambui.get(url(held)))
    data = {"approve-fingerprint": given["approve-fingerprint"]}
    assert as_wambui.post(url(held, "approve"), data).status_code == 303
    assert state(held) == "READY"


def test_a_very_large_payout_needs_a_second_person(
    alice, rail, settings, as_wambui, joseph, wambui
):
    settings.APPROVE_TWO_ABOVE_CENTS = 0
    attempt = order(alice)
    approve(as_wambui, attempt)
    response = as_wambui.get(url(attempt))
    assert "Approved. It needs 1 more approval." in text(response)
    assert "You approved this. A colleague in finance must decide too." in text(response)
    assert not {one for one in buttons(response) if "KES" in one}
    assert approve(signed_in(joseph), attempt).status_code == 303
    assert state(attempt) == "READY"


@pytest.mark.parametrize("headers", BOTH)
def test_a_second_click_approves_once(held, as_wambui, headers):
    approve(as_wambui, held, headers=headers)
    again = approve(as_wambui, held, headers=headers)
    assert again.headers["HX-Redirect" if headers else "Location"] == url(held)
    assert "You approved this before. Nothing changed." in page(as_wambui, held)
    assert Approval.objects.count() == 1
    assert acts() == ["approve_payout"]


@pytest.mark.parametrize("headers", BOTH)
def test_who_comes_too_late_reads_who_was_first(held, wambui, joseph, headers):
    approve(signed_in(joseph), held)
    response = approve(signed_in(wambui), held, headers=headers)
    assert response.status_code == 409
    assert_answers(response, headers)
    said = text(response)
    assert "doesn't wait for approval any longer. Joseph Kiprono approved it at" in said
    assert "The page shows the payout as it is now." in said
    assert Approval.objects.count() == 1


@pytest.mark.parametrize("headers", BOTH)
def test_another_payout_than_was_seen_is_not_approved(held, as_wambui, headers):
    data = {"approve-fingerprint": "f" * 64}
    with nothing_moves():
        response = as_wambui.post(url(held, "approve"), data, headers=headers)
    assert response.status_code == 409
    assert_answers(response, headers)
    assert "This isn't the payout that you saw." in text(response)
    assert fields_of(response)["approve-fingerprint"] == held.fingerprint
    assert state(held) == "HELD"


def fields_of(response) -> dict[str, str]:
    given = [dict(element.attributes) for element in elements(response, "input")]
    return {each["name"]: each.get("value") or "" for each in given}


@pytest.mark.parametrize("fingerprint", ["", "x" * 65, "\0"])
def test_an_incomplete_form_is_refused(held, as_wambui, fingerprint):
    response = as_wambui.post(url(held, "approve"), {"approve-fingerprint": fingerprint})
    assert response.status_code == 422
    assert problems(response) == ["This page was incomplete. Check the payout and try again."]


@pytest.mark.parametrize("headers", BOTH)
def test_no_one_decides_about_their_own_money(wambui, rail, settings, headers):
    fund(wambui)
    attempt, client = order(wambui), signed_in(wambui)
    response = client.get(url(attempt))
    assert "This is your own money, so a colleague decides it." in text(response)
    assert not {one for one in buttons(response) if "KES" in one}
    for act in (approve, refuse):
        with nothing_moves():
            response = act(client, attempt, headers=headers)
        assert response.status_code == 403
        assert_answers(response, headers)


def test_a_newcomer_in_finance_may_only_refuse(held, wambui, as_wambui):
    audit.record(
        SYSTEM,
        audit.Action.CHANGE_PERSON,
        subjects.member(wambui.pk),
        before={"groups": []},
        after={"groups": ["finance"]},
    )
    response = as_wambui.get(url(held))
    assert "You joined finance less than 24 hours ago" in text(response)
    assert "Approve KES 300.00" not in buttons(response)
    assert approve(as_wambui, held).status_code == 403
    assert refuse(as_wambui, held).status_code == 303


# --- Refuse


@pytest.mark.parametrize("headers", BOTH)
def test_finance_refuses_with_a_reason(held, alice, as_wambui, headers):
    response = refuse(as_wambui, held, headers=headers)
    assert response.headers["HX-Redirect" if headers else "Location"] == url(held)
    assert (state(held), held.failure_words) == ("CANCELLED", REASON)
    assert balance(alice) == 1_000_00
    said = page(as_wambui, held)
    assert "Refused. The money is back in the wallet." in said
    assert REASON in said
    refuse(as_wambui, held, headers=headers)
    assert "You refused this before. Nothing changed." in page(as_wambui, held)
    assert acts() == ["refuse_payout"]
    assert_right()


@pytest.mark.parametrize("headers", BOTH)
def test_a_refusal_needs_a_reason(held, as_wambui, headers):
    for reason in ("", "   ", "why?", "Not\x07 asked", "x" * 501):
        with nothing_moves():
            response = refuse(as_wambui, held, reason, headers=headers)
        assert response.status_code == 422, reason
        assert_answers(response, headers)
        assert len(problems(response)) == 1
        assert state(held) == "HELD"


@pytest.mark.parametrize("headers", BOTH)
def test_what_was_sent_is_not_refused_and_the_reason_is_kept(held, wambui, joseph, headers):
    approve(signed_in(joseph), held)
    worker.do_due()
    with nothing_moves():
        response = refuse(signed_in(wambui), held, "A reason that took a while.", headers=headers)
    assert response.status_code == 409
    assert_answers(response, headers)
    said = text(response)
    assert "is on its way already" in said
    assert "A reason that took a while." in said


def test_what_a_colleague_refused_is_not_approved(held, wambui, joseph):
    refuse(signed_in(joseph), held)
    response = approve(signed_in(wambui), held)
    assert response.status_code == 409
    assert "Joseph Kiprono refused it at" in text(response)


def test_what_its_member_cancelled_is_not_approved(held, alice, as_wambui):
    operations.cancel(by(alice), transaction_id=held.transaction_id)
    response = approve(as_wambui, held)
    assert response.status_code == 409
    assert "Its member cancelled it at" in text(response)
