"""Limit how many people a member may look up, since a review shows a name and part of a number."""

from __future__ import annotations

from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from wallet.models import User
from wallet.staff.finding import contact_in
from wallet.web import rates

WINDOW_S = rates.HOUR_S
TOO_MANY = _("You've looked up too many people without sending them money. Nothing has moved.")


def count(member: User, login: str) -> None:
    """Count a look-up of the person with this phone number or email. Raises TooManyRequests.

    The same person again is free, so a reviewed payment is never held up, and correcting an
    amount doesn't count.
    """
    limit = settings.PAYEE_LOOKUPS_PER_HOUR
    if not limit or not login or rates.was_counted(payee_key(member, login), WINDOW_S):
        return
    try:
        rates.enforce(total_key(member), limit, WINDOW_S, TOO_MANY)
    except rates.TooManyRequests:
        rates.take_back(total_key(member), WINDOW_S)
        raise
    rates.count(payee_key(member, login), WINDOW_S)


def forgive(member: User, login: str) -> None:
    """Stop counting this look-up: it ended in a payment."""
    if login and rates.take_back(payee_key(member, login), WINDOW_S):
        rates.take_back(total_key(member), WINDOW_S)


def total_key(member: User) -> str:
    return f"payees:{member.pk}"


def payee_key(member: User, login: str) -> str:
    """The same for each spelling of a number. It takes SECRET_KEY to find the number again."""
    contact = contact_in(login) or login.lower()
    digest = salted_hmac("ledger.lookups", contact, algorithm="sha256").hexdigest()
    return f"payee:{member.pk}:{digest[:32]}"
