"""What the API says about a transaction's payment on its rail: receipt, failure and steps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _
from ninja import Schema

from ledger.models import Attempt, Transaction
from ledger.models.attempts import State
from ledger.status import Status
from ledger.steps import was_taken_back


class StepState(StrEnum):
    """The steps of a payment, in their usual order."""

    REQUESTED = "REQUESTED"
    AWAITING_APPROVAL = "AWAITING_APPROVAL"
    APPROVED = "APPROVED"
    SENDING = "SENDING"
    SENT = "SENT"
    UNKNOWN = "UNKNOWN"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"  # by its member
    REFUSED = "REFUSED"  # by the finance team


class StepOut(Schema):
    state: StepState
    at: datetime | None


class FailureOut(Schema):
    code: str
    detail: str


# What a transaction has that took no rail. Shared, so nothing may change it.
NONE: dict[str, Any] = {"receipt": None, "failure": None, "steps": []}


def payment_out(record: Transaction) -> dict[str, Any]:
    """The fields about the payment. Needs the record's attempt to be loaded (`with_payment`)."""
    if not record.rail:
        return NONE
    attempt = record.loaded_attempt
    if attempt is None:
        return NONE | {"failure": failure_out(record, None)}
    return {
        "receipt": attempt.receipt,
        "failure": failure_out(record, attempt),
        "steps": [{"state": state, "at": at} for state, at in steps(attempt)],
    }


def failure_out(record: Transaction, attempt: Attempt | None) -> dict[str, str] | None:
    if record.status != Status.FAILED:
        return None
    code = attempt.failure_code if attempt else ""
    return {"code": code or "failed", "detail": why(attempt) or _("It didn't go through.")}


def why(attempt: Attempt | None) -> str:
    """Why it ended without success, in words for its member. May be empty."""
    if attempt is None:
        return ""
    if attempt.state == State.CANCELLED:
        return _("Its member cancelled it.") if was_taken_back(attempt) else attempt.failure_words
    return str(attempt.took_rail.explain(attempt.failure_code, is_payout=attempt.is_payout))


def steps(attempt: Attempt) -> Iterator[tuple[StepState, datetime | None]]:
    """Each step that the payment has reached and when, if that is known. The last is where it is.

    Its approvals must be loaded.
    """
    if attempt.is_payers:
        yield StepState.SUCCEEDED, attempt.ended_at
        return
    yield StepState.REQUESTED, attempt.created_at
    if attempt.state == State.HELD:
        yield StepState.AWAITING_APPROVAL, attempt.created_at
    elif attempt.approvals_needed and attempt.approvals_given >= attempt.approvals_needed:
        times = [one.at for one in attempt.approvals.all() if one.decision == one.Decision.APPROVE]
        yield StepState.APPROVED, max(times, default=None)
    match attempt.state:
        case State.SENDING:
            yield StepState.SENDING, attempt.sent_at
        case State.SENT | State.UNKNOWN | State.SUCCEEDED | State.FAILED:
            yield StepState.SENT, attempt.sent_at
    match attempt.state:
        case State.UNKNOWN:
            yield StepState.UNKNOWN, None
        case State.SUCCEEDED | State.FAILED:
            yield StepState(attempt.state), attempt.ended_at
        case State.CANCELLED:
            is_members = was_taken_back(attempt)
            yield StepState.CANCELLED if is_members else StepState.REFUSED, attempt.ended_at
