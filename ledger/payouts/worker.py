"""Send what is ready, ask about what has no answer: any number of workers, each payment once.

A worker claims an attempt in a short transaction: it raises the fence, takes a lease, and makes it
SENDING before it calls. What it hears counts while the fence is still its own. A worker that died
or hangs loses the lease; then the payment is asked about, and sent again, under the same reference,
only when its rail says that it never saw it and pays a reference once.

Its threads claim together, keep their requests together and write their answers together
(`Together`): a commit costs the database more than a row.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import connection

from ledger.models import Attempt
from ledger.models.attempts import State
from ledger.payouts import alarms, outcomes
from ledger.payouts.callbacks import LOOKUP, named
from ledger.payouts.keeping import Keeper, Withheld, event_of
from ledger.payouts.leases import Lease, claim_at_most, give_back, next_lease
from ledger.payouts.outcomes import Heard
from ledger.rails import Answer, Instruction, Lookup, Outcome, recording
from wallet.failures import Failures
from wallet.stopping import IsStopping, never

logger = logging.getLogger(__name__)


def do_due(is_stopping: IsStopping = never) -> int:
    """Send and ask about all that is due; says how many. Claims nothing new once `is_stopping`.

    Raises an ExceptionGroup of what went wrong, once the others had their turn.
    """
    held = claim_at_most(settings.PAYOUT_THREADS)
    if not held:
        return 0
    failures = Failures("payments could not be handled")

    def drain(claimed: Lease | None) -> int:
        done = 0
        while claimed:
            # The lease of one that fails runs out, and then it is asked about.
            with failures.of(f"payment {claimed.attempt.reference}"):
                handle(claimed)
            done += 1
            claimed = None if is_stopping() else next_lease(None)
        return done

    done = drain(held[0]) if len(held) == 1 else drain_together(drain, held)
    failures.raise_all()
    return done


def drain_together(drain: Callable[[Lease], int], held: list[Lease]) -> int:
    """The same in a thread for each, since most of the time is spent waiting for a rail."""

    def run(claimed: Lease) -> int:
        try:
            return drain(claimed)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(held), "payouts") as pool:
        return sum(pool.map(run, held))


def handle(claimed: Lease) -> None:
    """Make the call, outside any transaction, and write down what came of it."""
    attempt = claimed.attempt
    if never_went_out(claimed):
        give_back(claimed, is_unsent=True)
        return
    keeper = Keeper(claimed)
    try:
        with recording.to(keeper.keep):
            answer = send(attempt) if claimed.is_send else ask(attempt)
    except Withheld:
        if claimed.is_send and not keeper.has_sent:
            give_back(claimed, is_unsent=not claimed.is_resend)
            return
        answer = Answer(Outcome.UNKNOWN, code="withheld")
    except Exception as error:
        # Nothing is known of a call that broke off in the middle.
        logger.exception("the call of a rail failed", extra={"attempt": attempt.reference})
        answer = Answer(Outcome.UNKNOWN, code="error", words=type(error).__name__)
    if answer.lookup_id:
        asked = {"rail_id": answer.lookup_id[:64], "body": named(claimed.fence)}
        keeper.answers.append(event_of(attempt, kind=LOOKUP, **asked))
    heard = Heard(answer, claimed.fence, claimed.is_send, claimed.is_resend)
    if keeper.write_answers(heard):
        return
    finding = outcomes.take_in(attempt, heard)
    if finding.is_alarming:
        alarms.write_finding(attempt, "answer", finding, f"{answer.outcome} {answer.receipt}")


def never_went_out(claimed: Lease) -> bool:
    """Did the worker that was to send it die before it kept its request?

    A request is kept before it goes out, and only then does its worker look whether the claim is
    still its own. We raised the fence first. So a request that isn't kept by now never goes out.
    """
    attempt = claimed.attempt
    if claimed.is_send or attempt.state != State.SENDING:
        return False
    return not attempt.events.filter(is_callback=False, kind__endswith="-request").exists()


def send(attempt: Attempt) -> Answer:
    """The rail passes its request to the keeper, which lets it out or doesn't."""
    rail, record = attempt.took_rail, attempt.transaction
    asked = Instruction(attempt.reference, record.amount_cents, attempt.phone, record.description)
    return rail.disburse(asked) if attempt.is_payout else rail.collect(asked)


def ask(attempt: Attempt) -> Answer:
    asked = Lookup(attempt.reference, attempt.is_payout, attempt.rail_id, attempt.receipt or "")
    return attempt.took_rail.query(asked)
