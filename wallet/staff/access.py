"""The audit of access: sign-ins, refusals, rate limits, and what staff read about a member.

Anyone can cause most of these, and the audit keeps its rows for ever. So each is recorded a few
times an hour at most under a key, and the acts of people who aren't signed in also at most
STRANGERS_PER_HOUR times together. Nothing that someone typed is recorded.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from wallet.context import SYSTEM, Context
from wallet.staff import audit, subjects
from wallet.staff.subjects import Subject
from wallet.web import rates
from wallet.web.rates import HOUR_S

Action = audit.Action

# Someone who guesses at a thousand accounts an hour writes a thousand rows, and one that says that
# there was more.
STRANGERS_PER_HOUR = 1_000
STRANGERS = "audit:strangers"
# Enough for any person, and too few for a program that signs in all day to fill the table.
SIGN_INS_PER_HOUR = 20


def record(
    context: Context,
    action: audit.Action,
    subject: Subject,
    *,
    key: object,
    most: int = 1,
    **facts: Any,
) -> None:
    """Record this act, unless that was done `most` times in this hour under this key.

    The count and the event are committed together: without the event, the next one isn't skipped.
    """
    name = f"audit:{action}:{key}"[:80]
    # A read first, so that most requests write nothing.
    if rates.calls(name, HOUR_S) >= most:
        return
    with transaction.atomic():
        if rates.count(name, HOUR_S) <= most and has_room(context):
            audit.record(context, action, subject, **facts)


def has_room(context: Context) -> bool:
    """May another act of this actor be recorded? Of people who aren't signed in, only so many."""
    if context.actor_id is not None:
        return True
    count = rates.count(STRANGERS, HOUR_S)
    if count == STRANGERS_PER_HOUR + 1:
        audit.record(SYSTEM, Action.HIT_LIMIT, subjects.AUDIT, not_recorded="others of this hour")
    return count <= STRANGERS_PER_HOUR


def open_member(context: Context, user_id: int) -> None:
    """Record that staff read this member's data, once an hour. Call it before you show any.

    If it can't be recorded it raises, so nothing is shown.
    """
    key = f"{context.actor_id}:{user_id}"
    record(context, Action.OPEN_MEMBER, subjects.member(user_id), key=key)


def list_members(context: Context) -> None:
    """Like `open_member`, for a list of members with their phone numbers and emails."""
    record(context, Action.LIST_MEMBERS, subjects.SITE, key=context.actor_id)
