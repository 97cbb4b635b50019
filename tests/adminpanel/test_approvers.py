"""Its proposer, its parties and people new in finance may not approve a reversal."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from adminpanel.models import ReversalProposal
from adminpanel.reversals import operations as reversals
from tests.adminpanel.support.proposals import State, page_of, propose, url
from tests.books import nothing_moves
from tests.conftest import signed_in
from tests.factories import UserFactory, deposit, send
from tests.pages import text
from wallet import granting
from wallet.context import Context
from wallet.errors import NotAllowed
from wallet.models import RoleRequest, User
from wallet.staff.roles import FINANCE_TEAM

pytestmark = pytest.mark.django_db


def put_into(operator: User, person: User, *groups: str) -> None:
    """One operator sets the groups, and a second one approves those of finance."""
    given = {"name": person.name, "email": person.email, "phone": person.phone, "is_active": "on"}
    given["reason"] = "New in the team"
    ids = [Group.objects.get(name=name).pk for name in groups]
    change_url = reverse("admin:wallet_user_change", args=[person.pk])
    assert signed_in(operator).post(change_url, given | {"groups": ids}).status_code == 302
    second = UserFactory(is_staff=True, is_superuser=True)
    for asked in RoleRequest.objects.filter(state="open"):
        granting.approve(Context(second.pk), request_id=asked.pk)


@pytest.mark.parametrize("side", ["from", "to", "deposit"])
def test_a_party_may_neither_propose_nor_decide(alice, bob, wambui, joseph, side):
    record = {
        "from": lambda: send(deposit(joseph, 50_00) and joseph, bob, 10_00),
        "to": lambda: send(alice, joseph, 10_00),
        "deposit": lambda: deposit(joseph, 10_00),
    }[side]()
    page = signed_in(joseph).post(f"{page_of(record)}propose/", {"propose-reason": "Please."})
    assert page.status_code == 422
    assert "You are a party to this transaction, so a colleague must propose its reversal." in text(
        page
    )
    assert not ReversalProposal.objects.exists()
    proposal = propose(record, wambui)
    with nothing_moves():
        for act, given in (("approve", {}), ("deny", {"reason": "No, thank you."})):
            page = signed_in(joseph).post(url(proposal, act), given)
            assert page.status_code == 403
            assert "You are a party to this transaction, so a colleague must decide." in text(page)
    proposal.refresh_from_db()
    assert proposal.state == State.PROPOSED


def test_a_person_new_in_finance_may_approve_after_a_day(record, wambui, operator, time_machine):
    time_machine.move_to("2026-11-25T10:00:00Z", tick=False)
    newcomer = UserFactory(name="New Comer")
    put_into(operator, newcomer, *FINANCE_TEAM)
    proposal = propose(record, wambui)
    time_machine.move_to("2026-11-26T09:59:00Z", tick=False)
    page = signed_in(newcomer).post(url(proposal, "approve"))
    assert page.status_code == 403
    assert "You joined finance less than 24 hours ago" in text(page)
    # Nor several together, and the page says so before they choose.
    chosen = signed_in(newcomer).get("/panel/reversals/approve/", {"reversal": proposal.pk})
    assert chosen.status_code == 422
    assert "You joined finance less than 24 hours ago" in text(chosen)
    time_machine.move_to("2026-11-26T10:00:00Z", tick=False)
    assert signed_in(newcomer).post(url(proposal, "approve")).status_code == 303
    proposal.refresh_from_db()
    assert proposal.state == State.POSTED


def test_a_person_who_left_finance_and_came_back_is_new_again(record, wambui, joseph, operator):
    put_into(operator, joseph)
    put_into(operator, joseph, *FINANCE_TEAM)
    with pytest.raises(NotAllowed, match="less than 24 hours"):
        reversals.approve(Context(joseph.pk), proposal_id=propose(record, wambui).pk)


def test_joining_a_second_group_does_not_make_a_person_new(
    record, wambui, joseph, operator, settings
):
    put_into(operator, joseph, *FINANCE_TEAM, "auditor")
    proposal = propose(record, wambui)
    assert reversals.approve(Context(joseph.pk), proposal_id=proposal.pk).state == State.POSTED


def test_the_waiting_hours_are_a_setting(record, wambui, joseph, operator, settings, time_machine):
    settings.APPROVE_AFTER_HOURS = 0
    put_into(operator, joseph)
    put_into(operator, joseph, *FINANCE_TEAM)
    proposal = propose(record, wambui)
    assert reversals.approve(Context(joseph.pk), proposal_id=proposal.pk).state == State.POSTED


def test_a_newcomer_may_deny(record, wambui, operator):
    newcomer = UserFactory()
    put_into(operator, newcomer, *FINANCE_TEAM)
    denied = reversals.deny(
        Context(newcomer.pk, reason="Not so."), proposal_id=propose(record, wambui).pk
    )
    assert denied.state == State.DENIED
