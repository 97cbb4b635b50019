"""What a transaction's page shows of its payment on a rail."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext as _

from adminpanel.payouts import flags, words
from ledger.models import Attempt, Transaction
from ledger.models.attempts import State
from ledger.payouts import asking
from ledger.payouts.operations import CANCELLED
from ledger.status import Badge


class Payment(NamedTuple):
    """An attempt for staff. `problem` is why the question to the rail was refused."""

    badge: Badge
    rule: str
    failure: str
    is_unsent: bool
    is_being_asked: bool
    may_be_asked: bool
    problem: str = ""


def payment_of(record: Transaction, problem: str = "") -> Payment | None:
    """None if it took no rail, or an instant one. Needs the attempt and its approvals."""
    attempt = record.loaded_attempt
    if attempt is None:
        return None
    is_waiting = attempt.state in (State.HELD, State.READY)
    return Payment(
        badge=words.badge_of(attempt),
        rule=flags.rule(attempt),
        failure=failure(attempt),
        is_unsent=is_waiting and not attempt.may_have_been_sent,
        is_being_asked=asking.is_being_asked(attempt),
        may_be_asked=asking.may_be_asked(attempt),
        problem=problem,
    )


def failure(attempt: Attempt) -> str:
    """Why it ended without success, in the rail's or the person's words."""
    if attempt.failure_code == CANCELLED:
        return _("Its member cancelled it.")
    return attempt.failure_words
