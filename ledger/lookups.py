"""Limit how many people a member may look up, since a review shows a name and part of a number."""

from __future__ import annotations

import hashlib

from django.conf import settings

from wallet.models import User
from wallet.web import rates

WINDOW_S = rates.HOUR_S


def wait_s(member: User, login: str) -> int:
    """Count a look-up of the person with this phone number or email. 0 if it's allowed, or the
    seconds to wait.

    The same person again is free, so a reviewed payment is never held up, and correcting an
    amount doesn't count.
    """
    limit = settings.PAYEE_LOOKUPS_PER_HOUR
    if not limit or not login or rates.was_counted(payee_key(member, login), WINDOW_S):
        return 0
    wait = rates.wait_s(total_key(member), limit, WINDOW_S)
    if wait:
        rates.take_back(total_key(member), WINDOW_S)
    else:
        rates.count(payee_key(member, login), WINDOW_S)
    return wait


def forgive(member: User, login: str) -> None:
    """Stop counting this look-up: it ended in a payment."""
    if login and rates.take_back(payee_key(member, login), WINDOW_S):
        rates.take_back(total_key(member), WINDOW_S)


def total_key(member: User) -> str:
    return f"payees:{member.pk}"


def payee_key(member: User, login: str) -> str:
    return f"payee:{member.pk}:{hashlib.sha256(login.lower().encode()).hexdigest()[:32]}"
