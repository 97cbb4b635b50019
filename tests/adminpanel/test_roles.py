"""Operations refuse people without the right, pages don't offer it, support sees no money."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group

from adminpanel.corrections import operations as corrections
from adminpanel.incidents import operations as incidents
from adminpanel.integrity import operations as integrity
from adminpanel.members import operations as members
from adminpanel.members import unfreezing
from adminpanel.models import Incident
from adminpanel.reversals import operations as reversals
from adminpanel.transactions import notes
from ledger.models import Attempt, Pause
from ledger.payouts import asking
from ledger.payouts import operations as payouts
from tests.adminpanel.support.corrections import propose_adjustment
from tests.books import nothing_moves
from tests.conftest import signed_in
from tests.factories import UserFactory, account_id, send, withdraw
from tests.pages import text
from wallet import operations
from wallet.context import SYSTEM, Context
from wallet.errors import NotAllowed
from wallet.models import Account, AuditEvent, User
from wallet.staff.roles import APPROVER, AUDITOR, FINANCE, SUPPORT, Right

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(db) -> dict[str, User]:
    people = {name: UserFactory() for name in (SUPPORT, FINANCE, APPROVER, AUDITOR)}
    for name, person in people.items():
        person.groups.add(Group.objects.get(name=name))
    people["operator"] = UserFactory(is_staff=True, is_superuser=True)
    return people


def acts(alice: User, bob: User, wambui: User, settings: Any) -> list[tuple[Right, Callable]]:
    """Every operation of staff, with the right that it needs."""
    paid = send(alice, bob, 5_00)
    proposal = reversals.propose(Context(wambui.pk, reason="Twice"), transaction_id=paid.pk)
    correction = propose_adjustment(wambui, alice, 1_00)
    settings.APPROVE_ONE_ABOVE_CENTS = 0
    held = Attempt.objects.get(transaction=withdraw(alice, 5_00))
    seen = {"attempt_id": held.pk, "fingerprint": held.fingerprint}
    pause = Pause.objects.create(reason="Slow", lift_proposed_by=wambui)
    open_one = incidents.open_by_hand(Context(wambui.pk), title="Paid twice")
    one = {"incident_id": open_one.pk}
    operations.freeze(SYSTEM, account_id(bob))
    unfreezing.unfreeze(Context(wambui.pk, reason="All well"), bob.pk)
    operations.freeze(SYSTEM, account_id(wambui))
    other = send(alice, UserFactory(), 1_00)
    judged = {"outcome": "paid", "evidence": "Statement", "receipt": "X"}
    return [
        (Right.WORK, lambda c: notes.write(c, transaction_id=paid.pk, text="Hm")),
        (Right.WORK, lambda c: incidents.open_by_hand(c, title="Again")),
        (Right.WORK, lambda c: incidents.add_note(c, **one, text="Hm")),
        (Right.WORK, lambda c: incidents.link(c, **one, transaction_ids=[paid.pk])),
        (Right.WORK, lambda c: incidents.unlink(c, **one, transaction_id=paid.pk)),
        (Right.WORK, lambda c: incidents.assign(c, **one, owner_id=wambui.pk, seen=0)),
        (Right.WORK, lambda c: incidents.resolve(c, **one, seen=0, resolution="Fine")),
        (Right.WORK, lambda c: integrity.request_run(c)),
        (Right.WORK, lambda c: members.reveal(c, alice.pk)),
        (Right.WORK, lambda c: members.freeze(c, alice.pk)),
        (Right.WORK, lambda c: payouts.pause(c)),
        (Right.WORK, lambda c: asking.ask_now(c, attempt_id=held.pk)),
        (Right.PROPOSE, lambda c: reversals.propose(c, transaction_id=other.pk)),
        (Right.PROPOSE, lambda c: reversals.withdraw(c, proposal_id=proposal.pk)),
        (Right.PROPOSE, lambda c: propose_adjustment(User.objects.get(pk=c.actor_id), alice, 2_00)),
        (Right.PROPOSE, lambda c: payouts.propose_lift(c, pause_id=pause.pk)),
        (Right.PROPOSE, lambda c: unfreezing.unfreeze(c, wambui.pk)),
        (Right.DECIDE, lambda c: reversals.approve(c, proposal_id=proposal.pk)),
        (Right.DECIDE, lambda c: reversals.deny(c, proposal_id=proposal.pk)),
        (Right.DECIDE, lambda c: corrections.approve(c, proposal_id=correction.pk)),
        (Right.DECIDE, lambda c: payouts.approve(c, **seen)),
        (Right.DECIDE, lambda c: payouts.refuse(c, **seen)),
        (Right.DECIDE, lambda c: payouts.resolve(c, attempt_id=held.pk, **judged)),
        (Right.DECIDE, lambda c: payouts.lift(c, pause_id=pause.pk)),
        (Right.DECIDE, lambda c: unfreezing.unfreeze(c, bob.pk)),
        (Right.DECIDE, lambda c: unfreezing.keep_frozen(c, bob.pk)),
    ]


REFUSED = {
    Right.WORK: (SUPPORT, AUDITOR, "operator"),
    Right.PROPOSE: (SUPPORT, AUDITOR, "operator", APPROVER),
    Right.DECIDE: (SUPPORT, AUDITOR, "operator", FINANCE),
}


def test_every_operation_refuses_people_without_the_right(alice, bob, wambui, people, settings):
    every = acts(alice, bob, wambui, settings)
    before = AuditEvent.objects.count(), Incident.objects.count(), Pause.objects.count()
    with nothing_moves():
        for number, (right, act) in enumerate(every):
            for role in REFUSED[right]:
                with pytest.raises(NotAllowed, match="Only"):
                    act(Context(people[role].pk, reason="I may not"))
                    pytest.fail(f"{role} may do number {number}, {right}")
    after = AuditEvent.objects.count(), Incident.objects.count(), Pause.objects.count()
    assert after == before


@pytest.mark.any_engine
def test_pages_offer_each_role_only_what_it_may_do(alice, bob, wambui, people, settings):
    paid, other = send(alice, bob, 5_00), send(alice, bob, 6_00)
    proposal = reversals.propose(Context(wambui.pk, reason="Twice"), transaction_id=paid.pk)
    settings.APPROVE_ONE_ABOVE_CENTS = 0
    payout = withdraw(alice, 5_00)
    Pause.objects.create(reason="Slow")
    offers = {
        f"/panel/reversals/{proposal.pk}/": {APPROVER: "Deny with a reason"},
        f"/panel/payouts/{payout.reference}/": {APPROVER: "Refuse with a reason"},
        f"/panel/transactions/{other.reference}/": {FINANCE: "Propose a reversal"},
        f"/panel/members/{alice.pk}/": {FINANCE: "Propose an adjustment"},
        "/panel/payouts/": {FINANCE: "Propose to resume", APPROVER: "Approve those chosen"},
    }
    clients = {role: signed_in(people[role]) for role in (FINANCE, APPROVER, AUDITOR)}
    for url, offered in offers.items():
        for role, client in clients.items():
            page = text(client.get(url))
            for one, words in offered.items():
                assert (words in page) == (one == role), (url, role, words)
    Pause.objects.update(lift_proposed_by=wambui)
    assert "Resume payouts" in text(clients[APPROVER].get("/panel/payouts/"))
    assert "Resume payouts" not in text(clients[FINANCE].get("/panel/payouts/"))


@pytest.mark.any_engine
def test_support_finds_members_and_sees_no_money(alice, bob, people):
    record = send(alice, bob, 123_45, description="Saddlery")
    client = signed_in(people[SUPPORT])
    for query in ("Alice", f"#{alice.pk}", alice.phone, alice.email):
        page = client.get("/panel/members/", {"q": query})
        assert "Alice Wanjiku" in text(page)
        assert "Balance" not in text(page)
    pages = [client.get(f"/panel/members/{alice.pk}/"), client.get("/panel/search/", {"q": "Ali"})]
    for page in pages:
        said = text(page)
        assert "Alice Wanjiku" in said
        for hidden in ("876", "123.45", "Saddlery", record.reference, alice.phone, alice.email):
            assert hidden not in page.text, hidden
        for link in ("/panel/ledger/", "/panel/payouts/", "/panel/accounts/", "/panel/audit/"):
            assert link not in page.text
    # A payment leads to no one.
    for query in ("123.45", record.reference):
        for url in ("/panel/members/", "/panel/search/"):
            page = client.get(url, {"q": query})
            assert (page.status_code, "Alice" in page.text) == (200, False)
    assert client.get("/accounts/login/").headers["Location"] == "/panel/members/"
    page = client.get("/panel/")
    assert page.status_code == 403
    assert "Only finance and auditors see this" in text(page)
    assert client.get("/api/admin/summary").status_code == 403
    assert client.get(f"/api/balance/{alice.pk}").status_code == 404
    assert Account.objects.filter(is_frozen=True).count() == 0
