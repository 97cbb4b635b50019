"""A claim: two people agree, the member gets a message, and only then later deposits pay it."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from adminpanel.claims import operations as endings
from adminpanel.models import ReversalProposal
from adminpanel.reversals import operations as reversals
from ledger import alerts, claims
from ledger.errors import MoneyGone
from ledger.models import Claim, ClaimTaking, Transaction
from tests.adminpanel.support.claims import approved, claimed
from tests.books import assert_books_right
from tests.conftest import signed_in
from tests.factories import balance, deposit, send, withdraw
from tests.ledger.support.crowd import run_together
from tests.pages import text
from tests.tampering import violations
from wallet.api import tokens
from wallet.context import Context
from wallet.errors import NotAllowed
from wallet.models import Message

pytestmark = pytest.mark.django_db


@pytest.fixture
def claim(alice, bob, wambui, joseph) -> Claim:
    return claimed(alice, bob, wambui, joseph)


def test_the_rest_is_claimed_and_the_member_gets_a_message(alice, bob, wambui, joseph, claim):
    assert (balance(alice), balance(bob)) == (800_00, 0)
    assert (claim.amount_cents, claim.taken_cents, claim.state) == (200_00, 0, "OPEN")
    assert (claim.proposed_by, claim.approved_by) == (wambui, joseph)
    assert (claim.notice.user, claim.notice.topic) == (bob, "claimed")
    proposal = ReversalProposal.objects.get()
    assert (proposal.state, proposal.posted.amount_cents) == ("POSTED", 100_00)
    assert violations() == []


def test_without_consent_nothing_is_claimed(alice, bob, wambui, joseph):
    record = send(alice, bob, 300_00)
    withdraw(bob, 200_00)
    with pytest.raises(MoneyGone):
        approved(record, wambui, joseph)
    assert not Claim.objects.exists()
    assert balance(bob) == 100_00
    proposal = ReversalProposal.objects.get()
    with pytest.raises(NotAllowed):
        reversals.approve(Context(wambui.pk), proposal_id=proposal.pk)


def test_each_later_deposit_pays_first(alice, bob, carol, claim):
    assert claims.take_due() == 0
    send(carol_with_money(carol), bob, 40_00)
    assert claims.take_due() == 0, "only deposits pay"
    deposit(bob, 150_00)
    assert claims.take_due() == 1
    assert claims.take_due() == 0
    assert (balance(alice), balance(bob)) == (950_00, 40_00)
    deposit(bob, 150_00)
    claims.take_due()
    assert (balance(alice), balance(bob)) == (1_000_00, 140_00)
    claim.refresh_from_db()
    assert (claim.state, claim.taken_cents) == ("PAID", 200_00)
    deposit(bob, 10_00)
    assert claims.take_due() == 0
    assert claim.original.is_taken_back
    assert_books_right()
    assert violations() == []


def carol_with_money(carol):
    deposit(carol, 100_00)
    return carol


def test_what_was_spent_before_is_not_taken_from_other_money(alice, bob, claim):
    """The deposit that its member was quick to spend counts as seen: the next one pays."""
    deposit(bob, 150_00)
    withdraw(bob, 150_00)
    claims.take_due()
    assert ClaimTaking.objects.get().cents == 0
    send(alice, bob, 60_00)
    assert claims.take_due() == 0
    assert balance(bob) == 60_00
    assert violations() == []


def test_a_crash_takes_nothing_and_the_next_turn_takes_once(alice, bob, claim, monkeypatch):
    deposit(bob, 150_00)
    really = ClaimTaking.objects.create
    monkeypatch.setattr(ClaimTaking.objects, "create", crash)
    with pytest.raises(ExceptionGroup):
        claims.take_due()
    assert balance(bob) == 150_00
    monkeypatch.setattr(ClaimTaking.objects, "create", really)
    assert (claims.take_due(), claims.take_due()) == (1, 0)
    assert (balance(alice), balance(bob)) == (950_00, 0)
    assert violations() == []


def crash(**_columns):
    raise ZeroDivisionError


def test_a_crash_between_reversal_and_claim_loses_neither(alice, bob, wambui, joseph, monkeypatch):
    record = send(alice, bob, 300_00)
    withdraw(bob, 200_00)
    really = Claim.objects.create
    monkeypatch.setattr(Claim.objects, "create", crash)
    with pytest.raises(ZeroDivisionError):
        approved(record, wambui, joseph, claim=True)
    assert (balance(alice), Message.objects.filter(topic="claimed").count()) == (800_00, 0)
    monkeypatch.setattr(Claim.objects, "create", really)
    assert reversals.post_approved() == 1
    assert (balance(alice), Claim.objects.get().amount_cents) == (800_00, 200_00)
    assert ReversalProposal.objects.get().state == "POSTED"


@pytest.mark.django_db(transaction=True)
def test_workers_together_take_once(alice, bob, claim):
    deposit(bob, 150_00)
    run_together(*[claims.take_due] * 3)
    assert (balance(alice), balance(bob)) == (950_00, 0)
    assert ClaimTaking.objects.count() == 1


def test_two_people_end_a_claim_and_the_member_hears_of_it(bob, wambui, joseph, claim):
    ending = endings.propose(Context(wambui.pk, reason="Bob lost his job."), claim_id=claim.pk)
    with pytest.raises(NotAllowed):
        endings.approve(Context(wambui.pk), proposal_id=ending.pk)
    assert endings.approve(Context(joseph.pk), proposal_id=ending.pk).state == "POSTED"
    claim.refresh_from_db()
    assert (claim.state, claim.end_proposed_by, claim.end_approved_by) == ("ENDED", wambui, joseph)
    deposit(bob, 150_00)
    assert claims.take_due() == 0
    assert balance(bob) == 150_00
    assert Message.objects.filter(user=bob, topic="claim_ended").count() == 1
    assert violations() == []


@pytest.mark.parametrize("sql", [
    "UPDATE ledger_claim SET amount_cents = amount_cents + 1",
    "UPDATE ledger_claim SET taken_cents = taken_cents + 1",
    "UPDATE ledger_claim SET approved_by_id = proposed_by_id",
    "DELETE FROM ledger_claim",
    "UPDATE ledger_claimtaking SET cents = 1",
    "DELETE FROM ledger_claimtaking",
    """INSERT INTO ledger_claimtaking (claim_id, cause_id, cents, at)
       SELECT id, original_id, 0, opened_at FROM ledger_claim""",
])  # fmt: skip
def test_the_database_keeps_claims_as_they_are(bob, claim, sql):
    deposit(bob, 150_00)
    claims.take_due()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize("tamper", [
    "UPDATE ledger_claim SET taken_cents = taken_cents + 1",
    "UPDATE ledger_claim SET approved_by_id = proposed_by_id",
    "UPDATE ledger_claim SET amount_cents = amount_cents + 1",
    "UPDATE ledger_claimtaking SET cents = cents - 1",
    "UPDATE ledger_claimtaking SET made_id = NULL",
    "UPDATE wallet_message SET topic = 'sent'",
])  # fmt: skip
def test_verify_finds_a_claim_that_was_changed(bob, claim, tamper):
    deposit(bob, 150_00)
    claims.take_due()
    with transaction.atomic():
        with connection.cursor() as cursor:
            from ledger import guards
            from tests.tampering import bare

            guards.remove(connection)
            bare(cursor, "ledger_claim", "ledger_claimtaking")
            cursor.execute(tamper)
            guards.install(connection)
        assert ("claims", f"claim {claim.pk}") in violations()
        transaction.set_rollback(True)


@pytest.mark.any_engine
def test_the_member_reads_what_is_taken_and_why(client, alice, bob, claim):
    deposit(bob, 150_00)
    paid = Transaction.objects.latest("pk")
    claims.take_due()
    made = ClaimTaking.objects.get().made
    client.force_login(bob)
    home = text(client.get("/"))
    assert "Your next deposits pay KES 50.00 first" in home
    assert claim.original.reference in home
    _row, secret = tokens.issue(user_id=bob.pk, scope="member", name="phone")
    token = {"Authorization": f"Bearer {secret}"}
    assert client.get(f"/api/balance/{bob.pk}", headers=token).json()["claimed_cents"] == 50_00
    page = text(client.get(f"/activity/{made.reference}/"))
    assert paid.reference in page
    assert "Still to be taken" in page
    page = text(client.get(f"/activity/{paid.reference}/"))
    assert "Taken from it" in page
    for person in (alice, bob):
        client.force_login(person)
        page = text(client.get(f"/activity/{claim.original.reference}/"))
        assert "Partly reversed: KES 250.00 of KES 300.00." in page
    alerts.write_due()
    assert Message.objects.filter(user=bob, topic="money_out").exists()


@pytest.mark.any_engine
def test_staff_propose_a_part_and_end_a_claim_on_the_panel(as_wambui, joseph, alice, bob):
    as_joseph = signed_in(joseph)
    record = send(alice, bob, 300_00)
    url = f"/panel/transactions/{record.reference}/"
    reason = {"propose-reason": "Half of it was wrong."}
    too_much = as_wambui.post(f"{url}propose/", reason | {"propose-amount": "300.01"})
    assert too_much.status_code == 409 or "left to reverse" in text(too_much)
    as_wambui.post(f"{url}propose/", reason | {"propose-amount": "120"})
    proposal = ReversalProposal.objects.get()
    page = text(as_joseph.get(f"/panel/reversals/{proposal.pk}/"))
    assert "A part of" in page
    as_joseph.post(f"/panel/reversals/{proposal.pk}/approve/")
    assert balance(alice) == 820_00
    page = text(as_wambui.get(url))
    assert "Partly reversed: KES 120.00 of KES 300.00." in page
    withdraw(bob, 180_00)
    as_wambui.post(f"{url}propose/", reason | {"propose-may_claim": "on"})
    second = ReversalProposal.objects.latest("pk")
    page = text(as_joseph.get(f"/panel/reversals/{second.pk}/"))
    assert "Approve, and claim the rest" in page
    as_joseph.post(f"/panel/reversals/{second.pk}/approve/")
    claim = Claim.objects.get()
    assert (claim.amount_cents, second.pk) == (180_00, second.pk)
    page = text(as_wambui.get(f"/panel/claims/{claim.pk}/"))
    assert "No deposit since it began." in page
    assert record.reference in text(as_wambui.get("/panel/claims/"))
    as_wambui.post(f"/panel/claims/{claim.pk}/end/", {"end-reason": "Written off."})
    ending = claim.endings.get()
    assert as_joseph.post(f"/panel/claims/1234/endings/{ending.pk}/approve/").status_code == 404
    as_joseph.post(f"/panel/claims/{claim.pk}/endings/{ending.pk}/approve/")
    assert Claim.objects.get().state == "ENDED"
    assert "Written off." in text(as_wambui.get(f"/panel/claims/{claim.pk}/"))


@pytest.mark.any_engine
def test_several_reversals_are_approved_together(wambui, joseph, alice, bob, carol):
    fine, own, short = (send(alice, bob, cents) for cents in (10_00, 20_00, 300_00))
    proposals = [
        reversals.propose(Context(by.pk, reason="Sent twice."), transaction_id=one.pk)
        for one, by in ((fine, wambui), (own, joseph), (short, wambui))
    ]
    withdraw(bob, 100_00)
    as_joseph, as_wambui = signed_in(joseph), signed_in(wambui)
    page = as_joseph.get("/panel/reversals/")
    assert ("Approve those chosen" in text(page), text(page).count("Choose NS-")) == (True, 2)
    # Of one alone there is nothing to choose.
    page = text(as_wambui.get("/panel/reversals/"))
    assert (own.reference in page, "Approve those chosen" in page) == (True, False)
    assert "Choose NS-" not in page
    chosen = {"reversal": [one.pk for one in proposals]}
    page = text(as_joseph.get("/panel/reversals/approve/", chosen))
    assert "1 reversal, KES 10.00" in page
    assert "someone else must decide" in page
    as_joseph.post("/panel/reversals/approve/", chosen)
    states = ReversalProposal.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["POSTED", "PROPOSED", "PROPOSED"]
