"""Claims: what a reversal couldn't take back, because the wallet held too little.

Two people of finance agree on a claim, and its member gets a message in the commit that opens it.
From then on each deposit into that wallet pays it first, by a partial reversal. The worker takes it
right after the deposit (`ledger/claims.py`), once for each deposit.
"""

from __future__ import annotations

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.errors import AccountClosed, ClaimOver, NotReversible
from ledger.models import Books, Claim, ClaimTaking, Entry, Transaction
from ledger.operations.corrections import lock_wallets, write
from ledger.operations.orders import Order
from ledger.operations.parts import left_of, refuse_more_than_left
from wallet import messages
from wallet.context import Context
from wallet.db.retries import committed
from wallet.messages import Topic
from wallet.models import User
from wallet.money import format_money


@committed
def open_claim(
    context: Context, *, transaction_id: int, amount_cents: int, proposed_by_id: int
) -> Claim:
    """Let later deposits of the receiving wallet pay back this much, and send its member a message.

    The actor is the person who approved it, the context's reason the proposer's. The same key again
    returns the first claim. Raises NotReversible, PartTooLarge, AccountClosed or Busy.
    """
    assert context.actor_id
    assert context.key
    record = Transaction.objects.select_related("to_account").get(pk=transaction_id)
    if not record.is_reversible:
        raise NotReversible(reference=record.reference)
    assert record.to_account
    assert record.to_account.user_id
    lock_wallets(Order.part_of(record, amount_cents))
    if earlier := Claim.objects.filter(key=context.key).first():
        return earlier
    refuse_more_than_left(record, amount_cents)
    # Members leave under the lock of their wallet. No deposit comes after that.
    if not User.objects.filter(pk=record.to_account.user_id, is_active=True).exists():
        raise AccountClosed
    notice = messages.alert(
        record.to_account.user_id,
        Topic.CLAIMED,
        reference=record.reference,
        amount=format_money(amount_cents),
        contact=whom_to_ask(),
    )
    last = Entry.objects.filter(account=record.to_account_id).order_by("-pk")
    names = User.objects.in_bulk([proposed_by_id, context.actor_id])
    return Claim.objects.create(
        original=record,
        account=record.to_account,
        amount_cents=amount_cents,
        reason=context.reason,
        key=context.key,
        proposed_by_id=proposed_by_id,
        proposed_by_name=names[proposed_by_id].name,
        approved_by_id=context.actor_id,
        approved_by_name=names[context.actor_id].name,
        notice=notice,
        opened_at=Books.objects.not_closed(timezone.now()),
        after_id=last.values_list("pk", flat=True).first() or 0,
    )


def whom_to_ask() -> str:
    contact = settings.SUPPORT_CONTACT
    return _("Questions? %(contact)s.") % {"contact": contact} if contact else ""


@committed
def take_claim(*, claim_id: int, cause_id: int) -> Transaction | None:
    """Take from one deposit what a claim may, once. Returns the partial reversal, if any.

    It takes at most what the deposit brought, what the wallet holds, and what is still claimed. If
    nothing is left of the deposit, that is written down too: the next deposit pays. Raises Busy.
    """
    original = Claim.objects.select_related("original").get(pk=claim_id).original
    wallets = lock_wallets(Order.part_of(original, 1))
    claim = Claim.objects.select_for_update().get(pk=claim_id)
    if claim.state != Claim.State.OPEN or claim.takings.filter(cause=cause_id).exists():
        return None
    cents = cents_to_take(claim, original, cause_id, wallets[claim.account_id].balance_cents)
    made = None
    if cents:
        order = Order.part_of(original, cents)
        context = Context(claim.approved_by_id, key=f"claim {claim.pk} {cause_id}")
        made = write(context, order, wallets, None, part_of=original)
    at = made.created_at if made else timezone.now()
    ClaimTaking.objects.create(claim=claim, cause_id=cause_id, made=made, cents=cents, at=at)
    claim.taken_cents += cents
    if claim.taken_cents == claim.amount_cents:
        claim.state, claim.over_at = Claim.State.PAID, at
    claim.save(update_fields=["taken_cents", "state", "over_at"])
    return made


def cents_to_take(claim: Claim, original: Transaction, cause_id: int, held_cents: int) -> int:
    """What of this deposit the claim may take. Call it with the wallet locked."""
    cause = Transaction.objects.select_related("reversed_by").get(pk=cause_id)
    taken = ClaimTaking.objects.filter(cause=cause_id)
    others = taken.aggregate(cents=Sum("cents", default=0))["cents"]
    of_deposit = cause.amount_cents - cause.taken_back_cents - others
    return int(max(0, min(claim.left_cents, left_of(original), of_deposit, held_cents)))


@committed
def end_claim(context: Context, *, claim_id: int, proposed_by_id: int) -> Claim:
    """Take nothing more for this claim: two people agreed to forgive the rest.

    The actor is the person who approved it. Tells the member. Raises ClaimOver or Busy.
    """
    assert context.actor_id
    assert context.key
    claim = Claim.objects.select_for_update().get(pk=claim_id)
    if claim.state == Claim.State.ENDED and claim.end_key == context.key:
        return claim
    if claim.state != Claim.State.OPEN:
        raise ClaimOver
    owner_id = claim.account.user_id
    assert owner_id
    messages.alert(
        owner_id,
        Topic.CLAIM_ENDED,
        reference=claim.original.reference,
        amount=format_money(claim.left_cents),
    )
    claim.state, claim.over_at, claim.end_key = Claim.State.ENDED, timezone.now(), context.key
    claim.end_proposed_by_id, claim.end_approved_by_id = proposed_by_id, context.actor_id
    ends = ("state", "over_at", "end_key", "end_proposed_by", "end_approved_by")
    claim.save(update_fields=ends)
    return claim
