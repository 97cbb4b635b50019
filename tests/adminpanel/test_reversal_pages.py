"""Reversals on the panel: proposed on the transaction's page, decided on their own page."""

from __future__ import annotations

import pytest
from django.test import Client

from adminpanel.models import ReversalProposal
from adminpanel.reversals import operations as reversals
from tests.adminpanel.support.proposals import State, acts, page_of, propose, url
from tests.books import nothing_moves
from tests.conftest import signed_in, staff
from tests.factories import balance, deposit, send, withdraw
from tests.pages import elements, htmx, is_part, is_whole_page, problems, text, words
from wallet.context import Context
from wallet.models import AuditEvent

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

QUEUE = "/panel/reversals/"


def test_finance_proposes_on_the_transactions_page(record, wambui):
    client = signed_in(wambui)
    assert "Propose a reversal" in text(client.get(page_of(record)))
    response = client.post(f"{page_of(record)}propose/", {"propose-reason": " Sent twice. "})
    proposal = ReversalProposal.objects.get()
    assert (response.status_code, response.headers["Location"]) == (303, url(proposal))
    assert (proposal.reason, proposal.proposed_by) == ("Sent twice.", wambui)
    assert AuditEvent.objects.acts().get().ip_address == "127.0.0.1"


@pytest.mark.parametrize("reason", ["", "   ", "why?", "Sent\x07 twice", "x" * 501])
def test_a_proposal_needs_a_reason(record, wambui, reason):
    response = signed_in(wambui).post(f"{page_of(record)}propose/", {"propose-reason": reason})
    assert response.status_code == 422
    assert len(problems(response)) == 1
    assert not ReversalProposal.objects.exists()


def test_a_refused_proposal_keeps_what_was_typed(record, wambui, joseph):
    propose(record, wambui)
    for headers in (None, htmx("reversal")):
        response = signed_in(joseph).post(
            f"{page_of(record)}propose/", {"propose-reason": "Mine too."}, headers=headers
        )
        assert response.status_code == 422
        assert problems(response)[0].startswith("Wambui Kariuki proposed to reverse this at")
        assert is_part(response, "reversal") if headers else is_whole_page(response)


def test_the_proposer_sees_why_there_is_no_button(record, wambui, joseph):
    proposal = propose(record, wambui)
    own, others = (signed_in(person).get(url(proposal)) for person in (wambui, joseph))
    assert "You proposed this reversal, so someone else must decide." in text(own)
    assert "Approve and reverse" not in text(own)
    assert "Withdraw" in text(own)
    assert "Approve and reverse KES 300.00" in text(others)
    assert "Withdraw" not in text(others)
    assert "You proposed this" in text(signed_in(wambui).get(page_of(record)))
    assert "Review and decide" in text(signed_in(joseph).get(page_of(record)))


def test_the_page_says_whether_the_money_is_there(record, wambui, joseph, bob):
    proposal, client = propose(record, wambui), signed_in(joseph)
    assert "Bob Otieno's balance now KES 300.00" in text(client.get(url(proposal)))
    assert "Not enough" not in text(client.get(url(proposal)))
    withdraw(bob, 1)
    page = text(client.get(url(proposal)))
    assert "Not enough to reverse it" in page
    assert "You can approve it when the balance is high enough" in page
    assert "Approve and reverse" not in page
    deposit(bob, 1)
    assert "Approve and reverse" in text(client.get(url(proposal)))


@pytest.mark.parametrize("headers", [None, htmx("decision")])
def test_an_approval_without_the_money_says_why_and_can_be_repeated(
    record, wambui, joseph, alice, bob, headers
):
    proposal, client = propose(record, wambui), signed_in(joseph)
    withdraw(bob, 1)
    with nothing_moves():
        refused = client.post(url(proposal, "approve"), headers=headers)
    assert refused.status_code == 422
    assert is_part(refused, "decision") if headers else is_whole_page(refused)
    assert "so KES 300.00 can't be taken back from it." in text(refused)
    deposit(bob, 1)
    assert client.post(url(proposal, "approve")).status_code == 303
    assert balance(alice) == 1_000_00


@pytest.mark.parametrize("headers", [None, htmx("decision")])
def test_a_second_person_in_finance_approves(record, wambui, joseph, alice, headers):
    proposal, client = propose(record, wambui), signed_in(joseph)
    response = client.post(url(proposal, "approve"), headers=headers)
    assert response.headers["HX-Redirect" if headers else "Location"] == url(proposal)
    page = text(client.get(url(proposal)))
    assert "Approved. The transaction is reversed." in page
    assert "Approved by Joseph Kiprono" in page
    assert page.count("Posted by Joseph Kiprono") == 1
    assert balance(alice) == 1_000_00


def test_a_second_click_neither_approves_again_nor_conflicts(record, wambui, joseph, alice):
    proposal, client = propose(record, wambui), signed_in(joseph)
    for _ in range(2):
        assert client.post(url(proposal, "approve")).status_code == 303
    assert "Joseph Kiprono already approved this at" in text(client.get(url(proposal)))
    assert balance(alice) == 1_000_00
    assert [act for act, _who in acts(record)] == ["propose", "approve", "reverse"]


def test_a_late_decision_says_who_decided_first(record, wambui, joseph, time_machine):
    time_machine.move_to("2026-11-25T07:03:00+00:00", tick=False)
    proposal = propose(record, wambui)
    signed_in(joseph).post(url(proposal, "approve"))
    third = signed_in(staff("finance", "Zuri Third"))
    for act, data in (("approve", {}), ("deny", {"reason": "It was right."})):
        response = third.post(url(proposal, act), data)
        assert response.status_code == 409
        assert "Joseph Kiprono already approved this at 10:03." in text(response)
    late = signed_in(wambui).post(url(proposal, "withdraw"))
    assert late.status_code == 409
    part = third.post(url(proposal, "approve"), headers=htmx("decision"))
    assert is_part(part, "decision")
    assert "Joseph Kiprono already approved this at 10:03." in text(part)


def test_denying_needs_a_reason(record, wambui, joseph):
    proposal, client = propose(record, wambui), signed_in(joseph)
    for reason in ("", "  ", "no", "x" * 501, "\0"):
        for headers in (None, htmx("decision")):
            response = client.post(url(proposal, "deny"), {"reason": reason}, headers=headers)
            assert response.status_code == 422
            assert problems(response)
            assert is_part(response, "decision") if headers else is_whole_page(response)
    with nothing_moves():
        assert client.post(url(proposal, "deny"), {"reason": "It was right."}).status_code == 303
    page = text(client.get(url(proposal)))
    assert "Denied by Joseph Kiprono" in page
    assert "Reason It was right." in page


def test_only_a_second_person_in_finance_may_decide(record, wambui, alice, bob, auditor, operator):
    """A second browser, a forged POST, an auditor, an operator, a member: all refused."""
    proposal = propose(record, wambui)
    requests = [(url(proposal, act), {"reason": "x" * 9}) for act in ("approve", "deny")]
    requests.append((f"{page_of(record)}propose/", {"propose-reason": "x"}))
    with nothing_moves():
        for path, data in requests[:2]:
            for browser in (signed_in(wambui), signed_in(wambui)):
                for headers in (None, htmx("decision")):
                    answer = browser.post(path, data, headers=headers)
                    assert answer.status_code == 403
                    assert "You proposed this reversal, so someone else must decide." in text(
                        answer
                    )
        for person in (alice, bob, auditor, operator):
            for path, data in [*requests, (url(proposal, "withdraw"), {})]:
                assert signed_in(person).post(path, data).status_code == 403
        for path, data in requests:
            assert Client().post(path, data).headers["Location"].startswith("/accounts/login/")
    proposal.refresh_from_db()
    assert proposal.state == State.PROPOSED


def test_a_post_from_another_site_is_refused(record, wambui, joseph):
    proposal = propose(record, wambui)
    client = Client(enforce_csrf_checks=True)
    client.force_login(joseph)
    with nothing_moves():
        assert client.post(url(proposal, "approve")).status_code == 403


def test_an_auditor_reads_everything_and_changes_nothing(record, wambui, auditor):
    proposal, client = propose(record, wambui), signed_in(auditor)
    page = client.get(url(proposal))
    assert page.status_code == 200
    assert "Only a finance approver can decide this." in text(page)
    assert "Sent twice." in text(client.get(QUEUE))
    for shown in (page, client.get(page_of(record)), client.get(QUEUE)):
        forms = elements(shown, "form", method="post")
        actions = [dict(form.attributes)["action"] for form in forms]
        assert not [action for action in actions if action.startswith("/panel/")]


def test_an_unknown_proposal_is_not_found(wambui):
    client = signed_in(wambui)
    for path in ("/panel/reversals/999/", "/panel/reversals/999999999999999999/"):
        assert client.get(path).status_code == 404
        for act in ("approve", "deny", "withdraw"):
            answer = client.post(f"{path}{act}/", {"reason": "It was right."})
            assert answer.status_code == 404
    assert client.post("/panel/transactions/NS-00000000/propose/").status_code == 404


def hrefs(response) -> list[str]:
    return [dict(link.attributes)["href"] for link in elements(response, "a", class_="what")]


def test_the_queue_is_oldest_first_with_own_proposals_apart(alice, bob, wambui, joseph, auditor):
    first, own, denied, last = (
        propose(send(alice, bob, 1_00), by) for by in (joseph, wambui, joseph, joseph)
    )
    reversals.deny(Context(wambui.pk, reason="No."), proposal_id=denied.pk)
    client = signed_in(wambui)
    assert hrefs(client.get(QUEUE)) == [url(first), url(last)]
    yours = client.get(QUEUE, {"tab": "yours"})
    assert hrefs(yours) == [url(own)]
    assert "Your proposals, waiting for a colleague" in text(yours)
    assert hrefs(client.get(QUEUE, {"tab": "decided"})) == [url(denied)]
    reader = signed_in(auditor).get(QUEUE)
    assert hrefs(reader) == [url(first), url(own), url(last)]
    assert "Yours" not in text(reader)


def test_own_proposals_do_not_wait_for_the_proposer(record, wambui, joseph):
    propose(record, wambui)
    own, others = (signed_in(person).get("/panel/") for person in (wambui, joseph))
    assert "needs approval" not in text(own)
    assert not elements(own, "span", class_="count")
    assert "1 reversal needs approval" in text(others)
    assert words(*elements(others, "span", class_="count")) == "1 waiting"
    queue = text(signed_in(wambui).get(QUEUE))
    assert "No reversals need your approval" in queue
    assert "See your own proposals" in queue


def test_paging_each_tab_shows_every_proposal_once(alice, bob, wambui, joseph, settings):
    settings.PAGE_SIZE_PANEL = 2
    made = [propose(send(alice, bob, 1_00), wambui) for _ in range(10)]
    # Decided in another order than proposed.
    decided = [made[number] for number in (3, 0, 4, 2, 1)]
    for proposal in decided:
        reversals.deny(Context(joseph.pk, reason="No."), proposal_id=proposal.pk)
    client = signed_in(wambui)
    for tab, expected in (("yours", made[5:]), ("decided", decided[::-1])):
        seen, query = [], f"?tab={tab}"
        while query:
            response = client.get(f"{QUEUE}{query}")
            seen += hrefs(response)
            pages = [dict(link.attributes)["href"] for link in elements(response, "a")]
            older = [link for link in pages if "cursor=" in link]
            query = older[-1] if older else ""
        assert seen == [url(proposal) for proposal in expected]


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 30, "\0", "١"])
def test_an_invalid_cursor_shows_nothing(record, wambui, cursor):
    propose(record, wambui)
    for tab in ("", "decided"):
        response = signed_in(wambui).get(QUEUE, {"cursor": cursor, "tab": tab})
        assert response.status_code == 200
        assert hrefs(response) == []


def test_a_cursor_that_names_an_open_proposal_shows_no_decided_ones(record, wambui):
    proposal = propose(record, wambui)
    response = signed_in(wambui).get(QUEUE, {"cursor": str(proposal.pk), "tab": "decided"})
    assert response.status_code == 200
    assert hrefs(response) == []


def test_the_empty_queue_says_what_comes_here(wambui):
    client = signed_in(wambui)
    assert "No reversals need approval" in text(client.get(QUEUE))
    assert "No decisions yet" in text(client.get(QUEUE, {"tab": "decided"}))


def test_more_proposals_do_not_need_more_queries(
    alice, bob, wambui, joseph, django_assert_num_queries, django_assert_max_num_queries
):
    client = signed_in(wambui)
    propose(send(alice, bob, 1_00), wambui)
    with django_assert_max_num_queries(10) as queries:
        client.get(QUEUE)
    for _ in range(12):
        propose(send(alice, bob, 1_00), joseph)
    with django_assert_num_queries(len(queries)):
        client.get(QUEUE)
