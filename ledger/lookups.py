"""How many people one member may look up: a review shows a name and part of a phone."""

from __future__ import annotations

import hashlib

from django.conf import settings

from wallet.models import User
from wallet.web import rates

WINDOW_S = rates.HOUR_S


def wait_s(member: User, login: str) -> int:
    """Count a look-up of whoever signs in with `login`. 0 when it is allowed, else the seconds
    to wait.

    A person looked up before costs nothing: so a payment that was reviewed is never held up,
    and whoever mends an amount is not counted each time.
    """
    limit = settings.PAYEE_LOOKUPS_PER_HOUR
    if not limit or not login or rates.was_counted(one(member, login), WINDOW_S):
        return 0
    wait = rates.wait_s(every(member), limit, WINDOW_S)
    if wait:
        rates.take_back(every(member), WINDOW_S)
    else:
        rates.count(one(member, login), WINDOW_S)
    return wait


def ended_in_payment(member: User, login: str) -> None:
    """Count this look-up less: it was none."""
    if login and rates.take_back(one(member, login), WINDOW_S):
        rates.take_back(every(member), WINDOW_S)


def every(member: User) -> str:
    return f"payees:{member.pk}"


def one(member: User, login: str) -> str:
    return f"payee:{member.pk}:{hashlib.sha256(login.lower().encode()).hexdigest()[:32]}"
