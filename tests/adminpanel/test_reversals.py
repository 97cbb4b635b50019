"""Two of finance reverse a transaction: one proposes, another one decides, the ledger posts."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from adminpanel.models import ReversalProposal
from adminpanel.operations import reversals
from adminpanel.refusals import NotAllowed, Refusal, TooLate
from ledger import operations
from ledger.errors import Busy
from ledger.models import Transaction
from tests.adminpanel.proposals import State, acts, finance_person, proposed
from tests.books import assert_books_right, nothing_moves
from tests.conftest import signed_in
from tests.factories import balance, deposit, send, withdraw
from tests.pages import elements, htmx, is_part, is_whole_page, problems, text
from tests.unsettled import as_if
from wallet.models import AuditEvent

pytestmark = pytest.mark.django_db

QUEUE = "/panel/reversals/"


@pytest.fixture
def wambui(db):
    return finance_person("Wambui Kariuki")


@pytest.fixture
def joseph(db):
    return finance_person("Joseph Kiprono")


@pytest.fixture
def record(alice, bob):
    return send(alice, bob, 300_00, description="Rent")


def page_of(record) -> str:
    return f"/panel/transactions/{record.reference}/"


def url(proposal, act: str = "") -> str:
    return f"/panel/reversals/{proposal.pk}/{act and f'{act}/'}"


def said(response) -> str:
    return text(response)


# What the operations do


def test_a_proposal_moves_nothing(record, wambui):
    with nothing_moves():
        proposal = proposed(record, wambui, "Sent twice.")
    assert proposal.state == State.PROPOSED
    assert acts(record) == [("propose", "Wambui Kariuki")]
    assert AuditEvent.objects.get().reason == "Sent twice."


def test_the_approval_of_another_takes_it_back(record, wambui, joseph, alice, bob):
    proposal = reversals.approve(
        actor_id=joseph.pk, proposal_id=proposed(record, wambui).pk, address="10.0.0.1"
    )
    assert proposal.state == State.POSTED
    assert (balance(alice), balance(bob)) == (1_000_00, 0)
    reversal = Transaction.objects.get(reverses=record)
    assert reversal.created_by == joseph
    assert reversal.idempotency_key == f"reversal-{proposal.pk}"
    assert acts(record) == [
        ("propose", "Wambui Kariuki"),
        ("approve", "Joseph Kiprono"),
        ("reverse", "Joseph Kiprono"),
    ]
    last = AuditEvent.objects.latest("pk")
    assert last.facts["reversal"] == reversal.reference
    assert last.address == "10.0.0.1"
    assert_books_right()


def test_a_deposit_is_taken_back_too(wambui, joseph, bob):
    record = deposit(bob, 50_00)
    reversals.approve(actor_id=joseph.pk, proposal_id=proposed(record, wambui).pk)
    assert balance(bob) == 0
    assert_books_right()


def test_whoever_proposed_it_never_decides_it(record, wambui):
    proposal = proposed(record, wambui)
    for act, more in ((reversals.approve, {}), (reversals.deny, {"reason": "No."})):
        with nothing_moves(), pytest.raises(NotAllowed, match="somebody else decides"):
            act(actor_id=wambui.pk, proposal_id=proposal.pk, **more)
    proposal.refresh_from_db()
    assert proposal.state == State.PROPOSED
    assert acts(record) == [("propose", "Wambui Kariuki")]


@pytest.mark.parametrize("state", [State.APPROVED, State.POSTED, State.DENIED, State.REFUSED])
def test_nor_does_the_database_let_them(record, wambui, state):
    proposal = proposed(record, wambui)
    with pytest.raises(IntegrityError, match="proposal_decided_by_another"), transaction.atomic():
        ReversalProposal.objects.filter(pk=proposal.pk).update(
            state=state, decided_by=wambui, decided_at=timezone.now()
        )


def test_only_whoever_proposed_it_withdraws_it(record, wambui, joseph):
    proposal = proposed(record, wambui)
    with pytest.raises(NotAllowed, match="Only Wambui Kariuki"):
        reversals.withdraw(actor_id=joseph.pk, proposal_id=proposal.pk)
    with nothing_moves():
        done = reversals.withdraw(actor_id=wambui.pk, proposal_id=proposal.pk)
    assert done.state == State.WITHDRAWN
    assert acts(record)[-1] == ("withdraw", "Wambui Kariuki")


def test_what_is_decided_stays_decided(record, wambui, joseph, time_machine):
    time_machine.move_to("2026-11-25T07:03:00+00:00", tick=False)
    proposal = proposed(record, wambui)
    reversals.deny(actor_id=joseph.pk, proposal_id=proposal.pk, reason="It was right.")
    third = finance_person("Zuri Third")
    for act, actor, more in (
        (reversals.approve, third, {}),
        (reversals.deny, third, {"reason": "No."}),
        (reversals.withdraw, wambui, {}),
    ):
        with nothing_moves(), pytest.raises(TooLate) as refusal:
            act(actor_id=actor.pk, proposal_id=proposal.pk, **more)
        assert str(refusal.value) == "Already denied by Joseph Kiprono at 10:03."
    proposal.refresh_from_db()
    assert (proposal.state, proposal.remark) == (State.DENIED, "It was right.")


def test_a_denied_one_may_be_proposed_again(record, wambui, joseph):
    first = proposed(record, wambui)
    reversals.deny(actor_id=joseph.pk, proposal_id=first.pk, reason="Ask Bob first.")
    second = proposed(record, wambui)
    assert reversals.approve(actor_id=joseph.pk, proposal_id=second.pk).state == State.POSTED


def test_refused_when_the_money_is_gone_and_says_so(record, wambui, joseph, bob):
    proposal = proposed(record, wambui)
    withdraw(bob, 100_00)
    with nothing_moves():
        done = reversals.approve(actor_id=joseph.pk, proposal_id=proposal.pk)
    assert done.state == State.REFUSED
    assert done.remark.replace("\u00a0", " ") == (
        "The wallet holds KES 200.00, so KES 300.00 can't be taken back from it."
    )
    assert [act for act, _who in acts(record)] == ["propose", "approve", "refuse"]
    deposit(bob, 100_00)
    assert reversals.post(proposal.pk).state == State.REFUSED
    assert not Transaction.objects.filter(reverses=record).exists()


def test_refused_when_it_was_reversed_meanwhile(record, wambui, joseph, alice):
    proposal = proposed(record, wambui)
    other = operations.reverse(actor_id=alice.pk, transaction_id=record.pk, key=None)
    done = reversals.approve(actor_id=joseph.pk, proposal_id=proposal.pk)
    assert done.state == State.REFUSED
    assert other.reference in done.remark
    assert_books_right()


def test_a_busy_ledger_leaves_it_approved_and_the_worker_ends_it(
    record, wambui, joseph, bob, monkeypatch
):
    proposal = proposed(record, wambui)

    def busy(**_asks):
        raise Busy

    with monkeypatch.context() as patch, nothing_moves():
        patch.setattr(operations, "reverse", busy)
        done = reversals.approve(actor_id=joseph.pk, proposal_id=proposal.pk)
        assert done.state == State.APPROVED
        assert "It will be posted shortly" in said(signed_in(joseph).get(url(proposal)))
        assert "It will be posted shortly" in said(signed_in(joseph).get(page_of(record)))
        assert reversals.post_approved() == 0
    assert reversals.post_approved() == 1
    assert reversals.post_approved() == 0
    proposal.refresh_from_db()
    assert proposal.state == State.POSTED
    assert Transaction.objects.get(reverses=record).created_by == joseph
    assert balance(bob) == 0
    assert [act for act, _who in acts(record)] == ["propose", "approve", "reverse"]


def test_what_the_books_say_stands_over_a_refusal(record, wambui, joseph, bob):
    """Two posted it at once, and money came back between them: one was refused, one was not."""
    proposal = reversals.decide(
        proposed(record, wambui).pk, State.APPROVED, reversals.Action.APPROVE, actor_id=joseph.pk
    )
    reversals.close(proposal.pk, "The money is gone.", "")
    operations.reverse(actor_id=joseph.pk, transaction_id=record.pk, key=reversals.key_of(proposal))
    assert reversals.close(proposal.pk, "", "").state == State.POSTED
    assert reversals.close(proposal.pk, "The money is gone.", "").state == State.POSTED
    assert [act for act, _ in acts(record)] == ["propose", "approve", "refuse", "reverse"]


def test_nothing_else_can_be_proposed(record, wambui, joseph, alice, bob):
    proposal = proposed(record, wambui)
    reversals.approve(actor_id=joseph.pk, proposal_id=proposal.pk)
    reversal = Transaction.objects.get(reverses=record)
    refusals = [
        (withdraw(alice, 5_00), "A withdrawal has left Nissmart"),
        (as_if(deposit(bob, 1_00), "PENDING"), "has not settled yet"),
        (as_if(deposit(bob, 1_00), "FAILED"), "no money moved"),
        (reversal, "A reversal can't be reversed."),
        (record, f"reversed before, by {reversal.reference}"),
    ]
    for refused, sentence in refusals:
        with pytest.raises(Refusal, match=sentence):
            proposed(refused, wambui)
        assert reversals.obstacle(refused)
    assert ReversalProposal.objects.count() == 1


def test_one_is_open_at_a_time(record, wambui, joseph):
    proposed(record, wambui)
    with pytest.raises(Refusal, match="Wambui Kariuki proposed at"):
        proposed(record, joseph)
    with pytest.raises(IntegrityError), transaction.atomic():
        ReversalProposal.objects.create(transaction=record, reason="x", proposed_by=joseph)


# What the pages do


def test_finance_proposes_on_the_page_of_the_transaction(record, wambui):
    client = signed_in(wambui)
    assert "Propose a reversal" in said(client.get(page_of(record)))
    response = client.post(f"{page_of(record)}propose/", {"propose-reason": " Sent twice. "})
    proposal = ReversalProposal.objects.get()
    assert (response.status_code, response.headers["Location"]) == (303, url(proposal))
    assert (proposal.reason, proposal.proposed_by) == ("Sent twice.", wambui)
    assert AuditEvent.objects.get().address == "127.0.0.1"


@pytest.mark.parametrize("reason", ["", "   ", "a\x07b", "x" * 501, "\u202e"])
def test_a_reason_is_needed(record, wambui, reason):
    response = signed_in(wambui).post(f"{page_of(record)}propose/", {"propose-reason": reason})
    assert response.status_code == 422
    assert len(problems(response)) == 1
    assert not ReversalProposal.objects.exists()


def test_a_refused_proposal_keeps_what_was_typed(record, wambui, joseph):
    proposed(record, wambui)
    for headers in (None, htmx("reversal")):
        response = signed_in(joseph).post(
            f"{page_of(record)}propose/", {"propose-reason": "Mine too."}, headers=headers
        )
        assert response.status_code == 422
        assert problems(response)[0].startswith("Wambui Kariuki proposed at")
        assert is_part(response, "reversal") if headers else is_whole_page(response)


def test_the_proposer_is_told_why_there_is_no_button(record, wambui, joseph):
    proposal = proposed(record, wambui)
    own, others = (signed_in(person).get(url(proposal)) for person in (wambui, joseph))
    assert "You proposed this, so somebody else decides it." in said(own)
    assert "Approve and reverse" not in said(own)
    assert "Withdraw it" in said(own)
    assert "Approve and reverse KES 300.00" in said(others)
    assert "Withdraw it" not in said(others)
    assert "You proposed this" in said(signed_in(wambui).get(page_of(record)))
    assert "Review and decide" in said(signed_in(joseph).get(page_of(record)))


def test_the_page_says_whether_the_money_is_there(record, wambui, joseph, bob):
    proposal, client = proposed(record, wambui), signed_in(joseph)
    assert "Bob Otieno holds now KES 300.00" in said(client.get(url(proposal)))
    assert "Not enough" not in said(client.get(url(proposal)))
    withdraw(bob, 1)
    assert "Not enough to take it back" in said(client.get(url(proposal)))


@pytest.mark.parametrize("headers", [None, htmx("decision")])
def test_another_one_of_finance_approves(record, wambui, joseph, alice, headers):
    proposal, client = proposed(record, wambui), signed_in(joseph)
    response = client.post(url(proposal, "approve"), headers=headers)
    assert response.headers["HX-Redirect" if headers else "Location"] == url(proposal)
    page = said(client.get(url(proposal)))
    assert "Approved and reversed." in page
    assert "Approved by Joseph Kiprono" in page
    assert balance(alice) == 1_000_00


def test_a_second_click_is_no_second_approval_and_no_conflict(record, wambui, joseph, alice):
    proposal, client = proposed(record, wambui), signed_in(joseph)
    for _ in range(2):
        assert client.post(url(proposal, "approve")).status_code == 303
    assert "Already approved by Joseph Kiprono at" in said(client.get(url(proposal)))
    assert balance(alice) == 1_000_00
    assert [act for act, _who in acts(record)] == ["propose", "approve", "reverse"]


def test_whoever_comes_too_late_is_told_who_was_faster(record, wambui, joseph, time_machine):
    time_machine.move_to("2026-11-25T07:03:00+00:00", tick=False)
    proposal = proposed(record, wambui)
    signed_in(joseph).post(url(proposal, "approve"))
    third = signed_in(finance_person("Zuri Third"))
    for act, data in (("approve", {}), ("deny", {"reason": "No."})):
        response = third.post(url(proposal, act), data)
        assert response.status_code == 409
        assert "Already approved by Joseph Kiprono at 10:03." in said(response)
    late = signed_in(wambui).post(url(proposal, "withdraw"))
    assert late.status_code == 409
    part = third.post(url(proposal, "approve"), headers=htmx("decision"))
    assert is_part(part, "decision")
    assert "Already approved by Joseph Kiprono at 10:03." in said(part)


def test_denying_needs_a_reason(record, wambui, joseph):
    proposal, client = proposed(record, wambui), signed_in(joseph)
    for reason in ("", "  ", "x" * 501, "\0"):
        for headers in (None, htmx("decision")):
            response = client.post(url(proposal, "deny"), {"reason": reason}, headers=headers)
            assert response.status_code == 422
            assert problems(response)
            assert is_part(response, "decision") if headers else is_whole_page(response)
    with nothing_moves():
        assert client.post(url(proposal, "deny"), {"reason": "It was right."}).status_code == 303
    page = said(client.get(url(proposal)))
    assert "Denied by Joseph Kiprono" in page
    assert "Because It was right." in page


def test_nobody_else_decides_by_any_route(record, wambui, alice, bob, auditor, operator):
    """A second browser, a forged POST, an auditor, an operator, a member: all refused."""
    proposal = proposed(record, wambui)
    addresses = [(url(proposal, act), {"reason": "x"}) for act in ("approve", "deny")]
    addresses.append((f"{page_of(record)}propose/", {"propose-reason": "x"}))
    with nothing_moves():
        for path, data in addresses[:2]:
            for browser in (signed_in(wambui), signed_in(wambui)):
                for headers in (None, htmx("decision")):
                    answer = browser.post(path, data, headers=headers)
                    assert answer.status_code == 403
                    assert "You proposed this, so somebody else decides it." in said(answer)
        for person in (alice, bob, auditor, operator):
            for path, data in [*addresses, (url(proposal, "withdraw"), {})]:
                assert signed_in(person).post(path, data).status_code == 403
        for path, data in addresses:
            assert Client().post(path, data).headers["Location"].startswith("/accounts/login/")
    proposal.refresh_from_db()
    assert proposal.state == State.PROPOSED


def test_a_post_from_another_site_is_refused(record, wambui, joseph):
    proposal = proposed(record, wambui)
    client = Client(enforce_csrf_checks=True)
    client.force_login(joseph)
    with nothing_moves():
        assert client.post(url(proposal, "approve")).status_code == 403


def test_an_auditor_reads_it_all(record, wambui, auditor):
    proposal, client = proposed(record, wambui), signed_in(auditor)
    page = client.get(url(proposal))
    assert page.status_code == 200
    assert "Auditors read here" in said(page)
    assert "Sent twice." in said(client.get(QUEUE))
    for shown in (page, client.get(page_of(record)), client.get(QUEUE)):
        forms = elements(shown, "form", method="post")
        actions = [dict(form.attributes)["action"] for form in forms]
        assert not [action for action in actions if action.startswith("/panel/")]


def test_what_is_not_there_is_not_found(wambui):
    client = signed_in(wambui)
    for path in ("/panel/reversals/999/", "/panel/reversals/999999999999999999/"):
        assert client.get(path).status_code == 404
        for act in ("approve", "deny", "withdraw"):
            assert client.post(f"{path}{act}/", {"reason": "x"}).status_code == 404
    assert client.post("/panel/transactions/NS-00000000/propose/").status_code == 404


def hrefs(response) -> list[str]:
    return [dict(link.attributes)["href"] for link in elements(response, "a", class_="what")]


def test_the_queue_is_oldest_first_and_marks_ones_own(alice, bob, wambui, joseph):
    first, second, third = (proposed(send(alice, bob, 1_00), by) for by in (joseph, wambui, joseph))
    reversals.deny(actor_id=wambui.pk, proposal_id=third.pk, reason="No.")
    waiting = signed_in(wambui).get(QUEUE)
    assert hrefs(waiting) == [url(first), url(second)]
    assert said(waiting).count("Yours") == 1
    assert hrefs(signed_in(wambui).get(QUEUE, {"tab": "decided"})) == [url(third)]


def test_each_tab_is_paged_without_losing_one(alice, bob, wambui, joseph, settings):
    settings.PAGE_SIZE_PANEL = 2
    made = [proposed(send(alice, bob, 1_00), wambui) for _ in range(10)]
    for proposal in made[:5]:
        reversals.deny(actor_id=joseph.pk, proposal_id=proposal.pk, reason="No.")
    client = signed_in(wambui)
    for tab, expected in (("", made[5:]), ("decided", made[:5][::-1])):
        seen, query = [], f"?tab={tab}"
        while query:
            response = client.get(f"{QUEUE}{query}")
            seen += hrefs(response)
            pages = [dict(link.attributes)["href"] for link in elements(response, "a")]
            older = [link for link in pages if "cursor=" in link]
            query = older[-1] if older else ""
        assert seen == [url(proposal) for proposal in expected]


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 30, "\0", "١"])
def test_an_odd_cursor_shows_nothing(record, wambui, cursor):
    proposed(record, wambui)
    for tab in ("", "decided"):
        response = signed_in(wambui).get(QUEUE, {"cursor": cursor, "tab": tab})
        assert response.status_code == 200
        assert hrefs(response) == []


def test_the_empty_queue_says_what_comes_here(wambui):
    client = signed_in(wambui)
    assert "No reversal waits" in said(client.get(QUEUE))
    assert "Nothing was decided yet" in said(client.get(QUEUE, {"tab": "decided"}))


def test_the_queue_asks_as_often_for_many_as_for_one(
    alice, bob, wambui, joseph, django_assert_num_queries, django_assert_max_num_queries
):
    client = signed_in(wambui)
    proposed(send(alice, bob, 1_00), wambui)
    with django_assert_max_num_queries(8) as asked:
        client.get(QUEUE)
    for _ in range(12):
        proposed(send(alice, bob, 1_00), joseph)
    with django_assert_num_queries(len(asked)):
        client.get(QUEUE)


# What members see


def test_both_receipts_show_it_each_their_own_side(record, wambui, joseph, alice, bob):
    reversals.approve(actor_id=joseph.pk, proposal_id=proposed(record, wambui).pk)
    reversal = Transaction.objects.get(reverses=record)
    for member, original, returned in (
        (alice, "KES 300.00 came back to your wallet", "Returned by Bob O."),
        (bob, "KES 300.00 went from your wallet back to Alice W.", "Returned to Alice W."),
    ):
        client = signed_in(member)
        page = said(client.get(f"/activity/{record.reference}/"))
        assert original in page
        assert f"Reversed by {reversal.reference}" in page
        assert "Complete" in page
        other = said(client.get(f"/activity/{reversal.reference}/"))
        assert returned in other
        assert f"This takes back {record.reference}" in other
        # Neither who of the house did it, nor why, is a member's to read.
        for secret in ("Wambui", "Joseph", "Sent twice"):
            assert secret not in page + other
        activity = said(client.get("/activity/"))
        assert returned in activity
        assert "Returned" in said(client.get("/"))
    stranger = signed_in(finance_person("Zuri Third"))
    assert stranger.get(f"/activity/{reversal.reference}/").status_code == 404


def test_a_deposit_that_was_taken_back_says_so(wambui, joseph, bob):
    record = deposit(bob, 50_00)
    reversals.approve(actor_id=joseph.pk, proposal_id=proposed(record, wambui).pk)
    client = signed_in(bob)
    page = said(client.get(f"/activity/{record.reference}/"))
    assert "This deposit was taken back, and KES 50.00 left your wallet again." in page
    reversal = Transaction.objects.get(reverses=record)
    assert "Deposit taken back" in said(client.get(f"/activity/{reversal.reference}/"))
    assert "Deposit taken back" in said(client.get("/activity/"))


def test_what_was_not_reversed_says_nothing_of_it(record, alice):
    client = signed_in(alice)
    for path in ("/", "/activity/", f"/activity/{record.reference}/"):
        page = said(client.get(path))
        assert "Returned" not in page
        assert "Reversed" not in page
