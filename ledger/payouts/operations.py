"""What people do about payouts: approve, refuse, cancel, pause, and find out what is unknown.

Each decision is one committed transaction that locks the attempt, looks, and writes. The same
person deciding the same again gets the same answer, marked `is_replay`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.utils import timezone
from django.utils.translation import gettext as _

from ledger import operations
from ledger.errors import SettledOtherwise
from ledger.models import Approval, Arrival, Attempt, Verdict
from ledger.models.attempts import State
from ledger.models.rail_events import Finding
from ledger.payment_errors import ReceiptTaken, Superseded
from ledger.payouts import people, receipts
from ledger.payouts.alarms import write_finding
from ledger.payouts.pauses import lift, pause, propose_lift
from wallet.context import Context
from wallet.db.retries import committed
from wallet.errors import NotAllowed, Refusal, TooLate
from wallet.models import Account
from wallet.staff import audit, subjects

__all__ = [
    "approve",
    "cancel",
    "end_agreed",
    "lift",
    "pause",
    "propose_lift",
    "refuse",
    "resolve",
]

logger = logging.getLogger(__name__)

Action = audit.Action
Decision = Approval.Decision
Found = Verdict.Outcome

# Why a payment ended that was never sent.
CANCELLED, REFUSED = "cancelled", "refused"
RESOLVED = "resolved"
# A bound, so that one turn of the worker ends.
ENDED_AT_MOST = 100


@committed
def approve(context: Context, *, attempt_id: int, fingerprint: str) -> Attempt:
    """Approve a payout that waits for it. With its last approval it is ready to be sent.

    `fingerprint` is that of what the person saw: amount, payee and transaction. Raises NotAllowed
    for all but approvers, for new ones, and for the payout's own people; TooLate when it
    doesn't wait any longer, or isn't what was seen.
    """
    assert context.actor_id
    attempt = locked(attempt_id)
    people.refuse_decider(attempt.transaction, context.actor_id, is_approval=True)
    check_fingerprint(attempt, fingerprint)
    if mine := approval_of(attempt, context.actor_id):
        if mine.decision != Decision.APPROVE:
            raise TooLate(_("You refused this before."))
        attempt.is_replay = True
        return attempt
    if attempt.state != State.HELD:
        raise TooLate(_("This payout doesn't wait for approval any longer."))
    decide(context, attempt, Decision.APPROVE)
    attempt.approvals_given += 1
    if attempt.approvals_given >= attempt.approvals_needed:
        attempt.state, attempt.next_look_at = State.READY, timezone.now()
    attempt.save(update_fields=["approvals_given", "state", "next_look_at"])
    record_act(context, Action.APPROVE_PAYOUT, attempt)
    return attempt


def refuse(context: Context, *, attempt_id: int, fingerprint: str) -> Attempt:
    """Refuse a payout that wasn't sent yet, for a reason. Its money goes back to the wallet.

    Raises as `approve`, and a Refusal without a reason; AlreadySent when it may be on its way.
    """
    person_id = context.actor_id
    assert person_id
    attempt = Attempt.objects.select_related("transaction").get(pk=attempt_id)
    people.refuse_decider(attempt.transaction, person_id, is_approval=False)
    check_fingerprint(attempt, fingerprint)
    if not context.reason:
        raise Refusal(_("Say why it is refused: its member reads it."))

    def write() -> None:
        if approval_of(attempt, person_id):
            raise TooLate(_("You approved this before, so a colleague refuses it."))
        decide(context, attempt, Decision.REFUSE)
        record_act(context, Action.REFUSE_PAYOUT, attempt)

    return end_unsent(context, attempt, REFUSED, context.reason, write)


def cancel(context: Context, *, transaction_id: int, owner_id: int | None = None) -> Attempt:
    """Its member takes back a payment that wasn't sent yet. The money goes back to the wallet.

    `owner_id` is the member whom the actor acts for, as a service does; the actor by default.
    Raises NotAllowed for everyone else, AlreadySent when it may be on its way, and TooLate when it
    has ended otherwise or was instant.
    """
    owner_id = owner_id or context.actor_id
    assert owner_id
    attempts = Attempt.objects.select_related("transaction")
    attempt = attempts.filter(transaction=transaction_id).first()
    if attempt is None:
        raise TooLate(_("This was instant, so it can't be cancelled."))
    record = attempt.transaction
    account_id = record.from_account_id or record.to_account_id
    assert account_id
    if not Account.objects.filter(pk=account_id, user=owner_id).exists():
        raise NotAllowed(_("Only the member whose payment this is can cancel it."))
    return end_unsent(context, attempt, CANCELLED, "", lambda: None)


def end_unsent(
    context: Context, attempt: Attempt, code: str, words: str, write: Callable[[], None]
) -> Attempt:
    """Cancel it with what this person decided, in one commit; or say who was faster."""
    try:
        ended = operations.cancel(
            transaction_id=attempt.transaction_id, code=code, words=words, before=write
        )
    except SettledOtherwise as refusal:
        raise TooLate(str(refusal)) from refusal
    attempt = Attempt.objects.select_related("transaction").get(pk=attempt.pk)
    if ended.is_replay:
        mine = code == CANCELLED or approval_of(attempt, context.actor_id)
        if attempt.state != State.CANCELLED or attempt.failure_code != code or not mine:
            raise TooLate(_("This payment has ended before. Its money is back where it came from."))
        attempt.is_replay = True
    return attempt


def resolve(
    context: Context, *, attempt_id: int, outcome: str, evidence: str, receipt: str = ""
) -> Attempt:
    """Say what became of a payment whose outcome is unknown, and how one knows.

    Nothing ends until a second person says the same, with the same `receipt` if it was paid; a
    person's latest word counts. Returns the attempt as it is then. Raises as `approve`; a Refusal
    without evidence, or without the receipt of what was paid; ReceiptTaken.
    """
    receipt = as_receipt(receipt)
    attempt, is_agreed = judge(context, attempt_id, outcome, evidence.strip(), receipt)
    if is_agreed and not attempt.has_ended:
        end_as_agreed(attempt, outcome, receipt)
        attempt.refresh_from_db()
    return attempt


def as_receipt(typed: str) -> str:
    """`uks vqtyw16` -> `UKSVQTYW16`, as rails write it: the same receipt is then the same text."""
    return "".join(typed.split()).upper()


@committed
def judge(
    context: Context, attempt_id: int, outcome: str, evidence: str, receipt: str
) -> tuple[Attempt, bool]:
    """Write a verdict, and say whether two people agree now."""
    assert context.actor_id
    attempt = locked(attempt_id)
    people.refuse_decider(attempt.transaction, context.actor_id, is_approval=True)
    check_verdict(attempt, outcome, evidence, receipt)
    mine = attempt.verdicts.filter(person=context.actor_id).last()
    if mine and (mine.outcome, mine.receipt) == (outcome, receipt):
        attempt.is_replay = True
        return attempt, agreed_on(attempt) == (outcome, receipt)
    if attempt.state != State.UNKNOWN:
        raise TooLate(_("The outcome of this payment isn't unknown any longer."))
    Verdict.objects.create(
        attempt=attempt,
        person_id=context.actor_id,
        person_name=audit.name_of(context.actor_id),
        outcome=outcome,
        receipt=receipt,
        evidence=evidence,
    )
    act = context.because(evidence[:500])
    record_act(act, Action.JUDGE_PAYMENT, attempt, outcome=outcome, receipt=receipt)
    return attempt, agreed_on(attempt) == (outcome, receipt)


def check_verdict(attempt: Attempt, outcome: str, evidence: str, receipt: str) -> None:
    if outcome not in Found.values:
        raise Refusal(_("Say whether it was paid."))
    if not evidence:
        raise Refusal(_("Say how you know: the line of the statement, or who said it and when."))
    if bool(receipt) != (outcome == Found.PAID):
        raise Refusal(_("Enter the receipt of a payment that was paid, and of no other."))
    taken = Attempt.objects.filter(rail=attempt.rail, receipt=receipt).exclude(pk=attempt.pk)
    if attempt.is_payout:
        # What came in under a payout's receipt is a forged claim: see `end_as_agreed`.
        taken = taken.filter(is_payout=True)
    if receipt and (other := taken.select_related("transaction").first()):
        raise ReceiptTaken(receipt=receipt, reference=other.transaction.reference)
    if attempt.is_payout:
        return
    came = Arrival.objects.filter(rail=attempt.rail, receipt=receipt, transaction__isnull=False)
    booked = came.exclude(transaction=attempt.transaction_id).select_related("transaction")
    if receipt and (elsewhere := booked.first()) and elsewhere.transaction:
        raise ReceiptTaken(receipt=receipt, reference=elsewhere.transaction.reference)


def agreed_on(attempt: Attempt) -> tuple[str, str] | None:
    """What two people say now, by the latest word of each, if no two others say another thing."""
    latest = {one.person_id: (one.outcome, one.receipt) for one in attempt.verdicts.order_by("pk")}
    said = list(latest.values())
    agreed = {each for each in said if said.count(each) > 1}
    return agreed.pop() if len(agreed) == 1 else None


def end_as_agreed(attempt: Attempt, outcome: str, receipt: str) -> bool:
    """Write what was agreed. May be called any number of times: the books change once.

    False while a worker asks its rail: then the worker goes first. Raises TooLate when the
    rail has said otherwise since.
    """
    try:
        if outcome == Found.PAID:
            ended = operations.settle(transaction_id=attempt.transaction_id, receipt=receipt)
            if not ended.is_replay and receipts.came_in_too(attempt, receipt):
                write_finding(attempt, "verdict", Finding.RECEIPT_TAKEN, receipt)
        elif attempt.is_held_by_a_worker:
            return False
        else:
            operations.fail(
                transaction_id=attempt.transaction_id,
                code=RESOLVED,
                words="Found not to have been paid",
                fence=attempt.fence,
            )
    except Superseded:
        return False
    except SettledOtherwise as refusal:
        raise TooLate(str(refusal)) from refusal
    return True


def end_agreed() -> int:
    """End what two people agreed on and what wasn't finished then, as after a crash.

    For the background worker; says how many.
    """
    judged = Attempt.objects.filter(state=State.UNKNOWN, verdicts__isnull=False).distinct()
    ended = 0
    for attempt in judged.order_by("pk")[:ENDED_AT_MOST]:
        if agreed := agreed_on(attempt):
            try:
                ended += end_as_agreed(attempt, *agreed)
            except Refusal:
                logger.exception("an agreed outcome could not be written")
    return ended


# --- What they have in common


def locked(attempt_id: int) -> Attempt:
    """The attempt, locked until commit. Raises Attempt.DoesNotExist.

    The row alone: a joined row would come as it was before the wait for the lock.
    """
    return Attempt.objects.select_for_update().get(pk=attempt_id)


def check_fingerprint(attempt: Attempt, fingerprint: str) -> None:
    if fingerprint != attempt.fingerprint:
        raise TooLate(_("This isn't the payout that you saw. Look at it again."))


def approval_of(attempt: Attempt, person_id: int | None) -> Approval | None:
    return attempt.approvals.filter(person=person_id).first()


def decide(context: Context, attempt: Attempt, decision: Approval.Decision) -> None:
    assert context.actor_id
    Approval.objects.create(
        attempt=attempt,
        person_id=context.actor_id,
        person_name=audit.name_of(context.actor_id),
        decision=decision,
        reason=context.reason,
        fingerprint=attempt.fingerprint,
    )


def record_act(context: Context, action: audit.Action, attempt: Attempt, **facts: str) -> None:
    subject = subjects.transaction(attempt.transaction.reference)
    audit.record(context, action, subject, attempt=attempt.reference, **facts)
