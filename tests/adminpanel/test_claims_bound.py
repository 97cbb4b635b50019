"""Claims at their edges: what an approval is of, members who leave, several claims together."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction

from adminpanel.alerts import conditions
from adminpanel.claims import operations as endings
from adminpanel.models import ClaimEnding, ReversalProposal
from adminpanel.reversals import operations as reversals
from ledger import claims, guards, operations
from ledger.errors import PartTooLarge, RestClaimed
from ledger.leaving import data
from ledger.leaving import operations as leaving
from ledger.models import Claim, ClaimTaking, Transaction
from ledger.operations.corrections import lock_wallets, write
from ledger.operations.orders import Order
from tests.adminpanel.support.claims import approved, claimed
from tests.books import assert_books_right
from tests.conftest import signed_in
from tests.factories import balance, deposit, send, withdraw
from tests.ledger.support.crowd import run_together
from tests.pages import text
from tests.tampering import violations
from wallet.context import Context
from wallet.models import Message, User
from wallet.money import CEILING_CENTS

pytestmark = pytest.mark.django_db


@pytest.fixture
def claim(alice, bob, wambui, joseph) -> Claim:
    return claimed(alice, bob, wambui, joseph)


@pytest.fixture
def second(bob, carol, wambui, joseph, claim) -> Claim:
    """Another claim on Bob's wallet: all of what Carol sent."""
    deposit(carol, 300_00)
    record = send(carol, bob, 50_00)
    withdraw(bob, 50_00)
    approved(record, wambui, joseph, claim=True)
    return Claim.objects.get(original=record)


@pytest.mark.any_engine
def test_an_approval_is_of_the_proposal_that_was_read(wambui, joseph, claim):
    """Wambui withdraws what Joseph has on his screen, and proposes again for another reason."""
    read = endings.propose(Context(wambui.pk, reason="Bob lost his job."), claim_id=claim.pk)
    as_joseph = signed_in(joseph)
    page = as_joseph.get(f"/panel/claims/{claim.pk}/").content.decode()
    [action] = [one.split('"')[1] for one in page.split(" action=") if "/approve/" in one[:80]]
    endings.withdraw(Context(wambui.pk), proposal_id=read.pk)
    endings.propose(Context(wambui.pk, reason="A favour."), claim_id=claim.pk)
    assert as_joseph.post(action).status_code == 409
    assert ClaimEnding.objects.latest("pk").state == "PROPOSED"
    assert Claim.objects.get().state == "OPEN"


@pytest.mark.any_engine
def test_an_end_that_waits_for_approval_is_seen(wambui, joseph, claim, settings):
    settings.ALERT_APPROVAL_AFTER_S = 0
    read = endings.propose(Context(wambui.pk, reason="Bob lost his job."), claim_id=claim.pk)
    page = signed_in(joseph).get("/panel/")
    assert "1 proposal to end a claim needs approval" in text(page)
    assert f'href="/panel/claims/{claim.pk}/"' in page.content.decode()
    assert "Reversals 1 waiting" in text(page)
    assert "1 of them needs approval" in text(signed_in(joseph).get("/panel/reversals/"))
    assert "To end: needs approval" in text(signed_in(joseph).get("/panel/claims/"))
    assert conditions.waiting_approvals() == {
        "claims": "Proposals to end a claim wait for approval: 1"
    }
    endings.approve(Context(joseph.pk), proposal_id=read.pk)
    assert conditions.waiting_approvals() == {}


@pytest.mark.django_db(transaction=True)
def test_an_end_a_deposit_and_workers_together(alice, bob, wambui, joseph, claim):
    """The claim ends or is paid, and what was taken is what came back."""
    ending = endings.propose(Context(wambui.pk, reason="Enough."), claim_id=claim.pk)
    run_together(
        lambda: endings.approve(Context(joseph.pk), proposal_id=ending.pk),
        lambda: endings.post_approved(),
        lambda: deposit(bob, 150_00) and claims.take_due(),
        lambda: deposit(bob, 100_00) and claims.take_due(),
    )
    endings.post_approved()
    claims.take_due()
    claim.refresh_from_db()
    assert claim.state in ("PAID", "ENDED")
    assert balance(alice) == 800_00 + claim.taken_cents
    assert balance(bob) == 250_00 - claim.taken_cents
    heard = Message.objects.filter(user=bob, topic="claim_ended").count()
    assert heard == (claim.state == "ENDED")
    ending.refresh_from_db()
    # If it was paid first, the approval or the posting is refused.
    assert ending.state in (["POSTED"] if heard else ["PROPOSED", "REFUSED"])
    assert violations() == []


def test_members_leave_once_nothing_is_claimed_and_the_message_that_proves_it_stays(bob, claim):
    deposit(bob, 150_00)
    claims.take_due()
    with pytest.raises(leaving.StillInUse, match=r"50\.00"):
        leaving.close(Context(bob.pk), bob.pk)
    [theirs] = data.of(bob)["claims_on_deposits"]
    assert (theirs["amount_cents"], theirs["taken_cents"]) == (200_00, 150_00)
    deposit(bob, 50_00)
    claims.take_due()
    leaving.close(Context(bob.pk), bob.pk)
    assert list(Message.objects.filter(user=bob)) == [claim.notice]
    assert violations() == []


def test_the_second_of_two_posts_finishes_what_the_first_began(alice, bob, wambui, joseph):
    """The first took what the wallet held, and died. The second had read a larger balance."""
    record = send(alice, bob, 300_00)
    withdraw(bob, 200_00)
    asked = Context(wambui.pk, reason="Wrong.")
    proposal = reversals.propose(asked, transaction_id=record.pk, may_claim=True)
    proposal = reversals.decide(Context(joseph.pk), proposal.pk, ReversalProposal.State.APPROVED)
    context = Context(joseph.pk, key=reversals.key_of(proposal))
    first = operations.reverse_part(context, transaction_id=record.pk, amount_cents=100_00)
    deposit(bob, 50_00)
    record = Transaction.objects.select_related("to_account").get(pk=record.pk)
    assert reversals.reverse_what_is_there(context, proposal, record) == first
    assert reversals.post(proposal.pk).state == "POSTED"
    assert Claim.objects.get().amount_cents == 200_00


def test_two_claims_share_a_deposit(alice, bob, carol, second):
    deposit(bob, 220_00)
    claims.take_due()
    assert (balance(alice), balance(carol), balance(bob)) == (1_000_00, 270_00, 0)
    assert_books_right()
    assert violations() == []


def test_a_claim_that_fails_holds_up_no_other(alice, bob, carol, second):
    deposit(bob, 250_00)
    with transaction.atomic():
        # Alice's wallet can't hold a cent more.
        alice.accounts.update(balance_cents=CEILING_CENTS)
    with pytest.raises(ExceptionGroup) as failures:
        claims.take_due()
    assert [type(one) for one in failures.value.exceptions] == [IntegrityError]
    assert balance(carol) == 300_00


def test_claims_together_take_at_most_the_deposit(bob, joseph, claim, second):
    """The first claim took all of it. A row says that the second took some of it, too."""
    deposit(bob, 100_00)
    cause = Transaction.objects.latest("pk")
    operations.take_claim(claim_id=claim.pk, cause_id=cause.pk)
    deposit(bob, 50_00)
    with transaction.atomic():
        forged = Context(joseph.pk, key=f"claim {second.pk} forged")
        part = Order.part_of(second.original, 50_00)
        made = write(forged, part, lock_wallets(part), None, part_of=second.original)
    at = made.created_at
    row = ClaimTaking(claim=second, cause=cause, made=made, cents=50_00, at=at)
    with pytest.raises(IntegrityError, match="later deposit"), transaction.atomic():
        row.save()

    def forge() -> None:
        row.save()
        Claim.objects.filter(pk=second.pk).update(taken_cents=50_00, state="PAID", over_at=at)

    assert ("claims", f"claim {second.pk}") in found_after(forge)


def found_after(tamper: Callable[[], object]) -> list[tuple[str, str]]:
    """What the checks find after this was written without the guards."""
    with transaction.atomic():
        guards.remove(connection)
        tamper()
        guards.install(connection)
        found = violations()
        transaction.set_rollback(True)
    return found


def test_nothing_else_takes_back_what_is_claimed(alice, bob, carol, joseph, claim, second):
    """A worker that stopped for an hour posts an old approval. The claims take it all anyway."""
    deposit(bob, 250_00)
    late = [Context(joseph.pk, key=f"late {number}") for number in range(3)]
    with pytest.raises(PartTooLarge, match=r"^KES.0\.00 of"):
        operations.reverse_part(late[0], transaction_id=claim.original_id, amount_cents=1)
    with pytest.raises(RestClaimed, match=second.original.reference):
        operations.reverse(late[1], transaction_id=second.original_id)
    part = Order.part_of(claim.original, 1)
    with pytest.raises(IntegrityError, match="at most the whole"), transaction.atomic():
        write(late[2], part, lock_wallets(part), None, part_of=claim.original)
    claims.take_due()
    assert not Claim.objects.open().exists()
    assert (balance(alice), balance(carol), balance(bob)) == (1_000_00, 300_00, 0)
    assert violations() == []


def test_nothing_is_claimed_from_a_member_who_left(alice, bob, wambui, joseph, claim):
    record = send(alice, bob, 50_00)
    withdraw(bob, 50_00)
    asked = Context(wambui.pk, reason="Wrong.")
    proposal = reversals.propose(asked, transaction_id=record.pk, may_claim=True)
    leave(bob, claim)
    done = reversals.approve(Context(joseph.pk), proposal_id=proposal.pk)
    assert (done.state, done.posted) == ("REFUSED", None)
    assert "closed" in done.remark
    again = Claim(original=record, amount_cents=1, key="x", after_id=claim.after_id)
    for name in ("account", "reason", "proposed_by", "approved_by", "notice", "opened_at"):
        setattr(again, name, getattr(claim, name))
    again.notice = Message.objects.create(user=bob, topic="claimed", facts={})
    with pytest.raises(IntegrityError, match="what is left"), transaction.atomic():
        again.save()


def leave(bob: User, claim: Claim) -> None:
    deposit(bob, claim.left_cents)
    claims.take_due()
    leaving.close(Context(bob.pk), bob.pk)


def test_the_database_refuses_a_claim_of_what_was_reversed(alice, bob, joseph, claim):
    whole = send(alice, bob, 10_00)
    operations.reverse(Context(joseph.pk, key="whole"), transaction_id=whole.pk)
    notice = Message.objects.create(user=bob, topic="claimed", facts={})
    another = Claim.objects.get()
    another.pk = another._state.db = None
    another.original, another.notice, another.key = whole, notice, "forged"
    another.amount_cents = 10_00
    with pytest.raises(IntegrityError, match="what is left"), transaction.atomic():
        another.save(force_insert=True)
