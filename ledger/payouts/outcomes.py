"""Write down what a rail says about an attempt, whichever way it said it.

A success always counts: the money has moved. A failure counts only when it is certain that nothing
can still be sent, because it gives money back. What is neither changes when to look again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from ledger import operations
from ledger.errors import SettledOtherwise
from ledger.models import Attempt, Transaction
from ledger.models.attempts import OPEN, State
from ledger.models.rail_events import Finding
from ledger.operations import Paid
from ledger.payment_errors import NeverSent, ReceiptTaken, Superseded
from ledger.payouts import receipts, strays, when_to_look
from ledger.payouts.alarms import raise_alarm, write_finding
from ledger.rails import Answer, Outcome
from ledger.status import Status
from wallet.db.retries import committed

# Why a deposit failed whose money went to suspense. Not "amount", which may be a rail's own code
# for an amount that it can't carry.
OTHER_AMOUNT = "other_amount"


class Heard(NamedTuple):
    """What a rail said, and how we came to hear it.

    `fence` is that of the worker who asked; None for what the rail said by itself. `is_send` is
    True of the answer to a payment request, and `is_resend` if an earlier request under the same
    reference may still be on its way. `amount_cents` is None when the rail didn't say it.
    `may_be_forged`: we didn't ask for it. `asked_under`, of an answer that comes later, is the
    fence under which we asked; None unless it's still the attempt's.
    """

    answer: Answer
    fence: int | None = None
    is_send: bool = False
    is_resend: bool = False
    amount_cents: int | None = None
    may_be_forged: bool = False
    asked_under: int | None = None


def take_in(attempt: Attempt, heard: Heard) -> Finding:
    """Apply an answer, once. Says what it turned out to mean. Raises Busy."""
    raise_alarm(attempt.rail, attempt, heard.answer)
    match heard.answer.outcome:
        case Outcome.SUCCEEDED:
            return succeed(attempt, heard)
        case Outcome.FAILED:
            return fail(attempt, heard)
        case Outcome.REJECTED if heard.is_send and not heard.is_resend:
            return fail(attempt, heard)
        case Outcome.NOT_TAKEN:
            return not_taken(attempt, heard)
    return note(attempt, heard)


def succeed(attempt: Attempt, heard: Heard) -> Finding:
    answer, record = heard.answer, attempt.transaction
    if has_other_id(attempt, answer):
        return look_now(attempt, answer)
    if not attempt.may_have_been_sent:
        return Finding.NEVER_SENT
    cents = record.amount_cents if heard.amount_cents is None else heard.amount_cents
    if heard.may_be_forged and not attempt.is_payout:
        known = receipts.arrival_of(attempt.rail, answer.receipt)
        if receipts.has_to_be_confirmed(attempt.took_rail, answer.receipt, cents, known):
            operations.expect(Paid(attempt.rail, answer.receipt, cents, attempt_id=attempt.pk))
            return Finding.CONFIRMING
    if cents != record.amount_cents:
        return other_amount(attempt, heard)
    return settle(attempt, heard)


def settle(attempt: Attempt, heard: Heard) -> Finding:
    answer, may_be_forged, record = heard.answer, heard.may_be_forged, attempt.transaction
    try:
        ended = operations.settle(
            transaction_id=record.pk,
            receipt=answer.receipt,
            rail_id=answer.rail_id,
            charge_cents=answer.charge_cents,
            may_be_forged=may_be_forged,
        )
    except NeverSent:
        return Finding.NEVER_SENT
    except ReceiptTaken:
        return Finding.RECEIPT_TAKEN
    except SettledOtherwise:
        return strays.hold(
            attempt,
            answer.receipt,
            record.amount_cents,
            Finding.LATE_SUCCESS,
            may_be_forged=may_be_forged,
        )
    if receipts.came_in_too(attempt, answer.receipt):
        return Finding.RECEIPT_TAKEN
    if not ended.is_replay:
        return Finding.APPLIED
    known = Attempt.objects.values_list("receipt", flat=True).get(pk=attempt.pk)
    is_known = answer.receipt in ("", known)
    return Finding.DUPLICATE if is_known else Finding.OTHER_RECEIPT


def has_other_id(attempt: Attempt, answer: Answer) -> bool:
    """Does the rail call the payment by another name than before? Then it is asked about."""
    return bool(attempt.rail_id and answer.rail_id and attempt.rail_id != answer.rail_id)


def other_amount(attempt: Attempt, heard: Heard) -> Finding:
    """The rail moved another amount than was ordered. It never reaches a wallet by itself.

    What came in goes to suspense, and its deposit ends. What went out is for people to find out.
    """
    assert heard.amount_cents is not None
    if attempt.is_payout:
        with_attempt(attempt, state=State.UNKNOWN, next_look_at=None, lease_until=None)
    else:
        end_with_other_amount(attempt)
    status = Transaction.objects.values_list("status", flat=True).get(pk=attempt.transaction_id)
    if status != Status.FAILED:
        return Finding.WRONG_AMOUNT
    receipt = heard.answer.receipt
    return strays.hold(
        attempt,
        receipt,
        heard.amount_cents,
        Finding.WRONG_AMOUNT,
        may_be_forged=heard.may_be_forged,
    )


def end_with_other_amount(attempt: Attempt) -> None:
    """End a deposit that was paid with another amount, unless it has ended.

    Before its money goes to suspense: a success with the right amount, a moment later, then finds
    it ended and can't credit it as well.
    """
    words = "Another amount was paid than was asked for."
    end_as_failed(attempt, OTHER_AMOUNT, words, None)


def fail(attempt: Attempt, heard: Heard) -> Finding:
    answer = heard.answer
    if has_other_id(attempt, answer):
        return look_now(attempt, answer)
    if not attempt.may_have_been_sent:
        return Finding.NEVER_SENT
    return end_as_failed(attempt, answer.code, answer.words, heard.fence)


def end_as_failed(attempt: Attempt, code: str, words: str, fence: int | None) -> Finding:
    try:
        ended = operations.fail(
            transaction_id=attempt.transaction_id, code=code, words=words, fence=fence
        )
    except NeverSent:
        return Finding.NEVER_SENT
    except Superseded:
        return Finding.NO_NEWS
    except SettledOtherwise:
        return Finding.CONTRADICTION
    return Finding.DUPLICATE if ended.is_replay else Finding.APPLIED


def not_taken(attempt: Attempt, heard: Heard) -> Finding:
    """Nothing was started.

    After sending, the same request may be sent again. After asking, only a payout may, on a rail
    that pays a reference once: another worker's request may still be on its way, and a member must
    not be asked for the same money twice.
    """
    if heard.is_send:
        unsent: dict[str, Any] = {} if heard.is_resend else {"sent_at": None}
        return send_again(attempt, heard, State.SENDING, **unsent)
    if attempt.rail_id or attempt.state == State.SENT:
        # It has said before that it took it.
        return note(attempt, heard)
    if not attempt.is_payout:
        code = heard.answer.code or "not_taken"
        return end_as_failed(attempt, code, heard.answer.words, heard.fence)
    if not attempt.took_rail.pays_a_reference_once:
        return note(attempt, heard)
    if heard.fence is not None:
        return send_again(attempt, heard, State(attempt.state))
    if heard.asked_under is None:
        # We asked before another worker took over. It may have sent the payment since.
        return note(attempt, heard)
    return send_again(attempt, heard, State.UNKNOWN)


def send_again(attempt: Attempt, heard: Heard, state: State, **columns: Any) -> Finding:
    """Make it ready again. What people have judged stays with them: see `to_ready`."""
    if to_ready(attempt, heard, state, **columns):
        return Finding.APPLIED
    return note(attempt, heard)


@committed
def to_ready(attempt: Attempt, heard: Heard, state: State, **columns: Any) -> bool:
    """False if it isn't any longer as it was, or if a person has said what became of it.

    An answer that came by itself changes nothing while a worker is at it.

    A verdict is about what was sent until then. Sent again, a payment could be paid and, by what
    two people had found before, given back too.
    """
    now = timezone.now()
    is_free = Q(fence=heard.fence)
    if heard.fence is None:
        is_free = free(now) & Q(fence=heard.asked_under)
    # Locked first, since a verdict is written under this lock.
    mine = Attempt.objects.select_for_update().filter(is_free, pk=attempt.pk, state=state)
    if not mine or attempt.verdicts.exists():
        return False
    due_at = when_to_look.send_again_at(attempt, now)
    mine.update(state=State.READY, next_look_at=due_at, lease_until=None, **columns)
    return True


def note(attempt: Attempt, heard: Heard) -> Finding:
    """Nothing final: write down what is known since, and when to look again."""
    answer, now = heard.answer, timezone.now()
    mine = Attempt.objects.filter(pk=attempt.pk, state__in=OPEN)
    if heard.fence is None:
        # A payout's id vouches for what gives money back, so it comes from the rail's own answer.
        if answer.rail_id and not attempt.rail_id and not attempt.is_payout:
            update(mine.filter(rail_id=""), rail_id=answer.rail_id[:64])
        if answer.outcome == Outcome.UNKNOWN:
            update(mine.filter(free(now), state=State.SENT), state=State.UNKNOWN)
        return Finding.NO_NEWS
    look_at = when_to_look.next_look_at(attempt, now)
    columns: dict[str, Any] = {"next_look_at": look_at, "lease_until": None}
    columns["state"] = State.UNKNOWN if look_at is None else state_after(attempt, answer)
    if answer.rail_id:
        columns["rail_id"] = first_id(answer.rail_id[:64])
    if not heard.is_send:
        columns["looks"] = attempt.looks + 1
    is_mine = update(mine.filter(fence=heard.fence), **columns)
    # Said once, however often finance has it asked about later.
    said = look_at is None and attempt.events.filter(finding=Finding.OVERDUE).exists()
    if is_mine and look_at is None and not said:
        write_finding(attempt, "overdue", Finding.OVERDUE)
    return Finding.NO_NEWS


def first_id(rail_id: str) -> Case:
    """The rail's name for a payment stays the one that it gave first."""
    return Case(When(rail_id="", then=Value(rail_id)), default=F("rail_id"))


def state_after(attempt: Attempt, answer: Answer) -> State:
    """Where an open attempt stands after an answer that isn't final."""
    # PENDING with a lookup_id says that the answer comes later, and nothing of the payment.
    is_at_work = answer.outcome == Outcome.PENDING and not answer.lookup_id
    if answer.outcome == Outcome.ACCEPTED or is_at_work:
        return State.SENT
    is_unsure = attempt.state == State.SENDING or answer.outcome == Outcome.NOT_TAKEN
    return State.UNKNOWN if is_unsure else State(attempt.state)


def doubt(attempt: Attempt, answer: Answer) -> Finding:
    """A message that anyone could have written who knows our reference: the rail is asked."""
    if not attempt.may_have_been_sent:
        return Finding.NEVER_SENT
    found = look_now(attempt, answer)
    return found if has_other_id(attempt, answer) else Finding.NO_NEWS


def look_now(attempt: Attempt, answer: Answer) -> Finding:
    """Have a worker ask the rail, which knows better than a message that doesn't fit. The answer to
    such a question is not asked about again."""
    if not answer.lookup_id:
        now = timezone.now()
        waiting = Attempt.objects.filter(free(now), pk=attempt.pk)
        update(waiting.filter(state__in=(State.SENT, State.UNKNOWN)), next_look_at=now)
    return Finding.OTHER_ID


def free(now: datetime) -> Q:
    """No worker is at it."""
    return Q(lease_until__isnull=True) | Q(lease_until__lte=now)


def with_attempt(attempt: Attempt, **columns: Any) -> int:
    sent = (State.SENDING, State.SENT, State.UNKNOWN)
    return update(Attempt.objects.filter(pk=attempt.pk, state__in=sent), **columns)


@committed
def update(attempts: Any, **columns: Any) -> int:
    """How many rows this changed: none when the attempt isn't any longer as it was."""
    changed: int = attempts.update(**columns)
    return changed
