"""Whom a member may look up to pay: as many new people an hour and a day as the settings say.

A review shows a name, and a payment by the API proves that there is a member. So someone whom the
member hasn't paid before counts, on the pages and in the API together, paid or not. Count first,
then say whether there is such a member.
"""

from __future__ import annotations

from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from ledger.models import Transaction
from wallet.models import Account, User
from wallet.public_ids import parse
from wallet.staff.finding import contact_in
from wallet.web import rates

TOO_MANY = _("You've looked up too many new people. Nothing has moved.")

# The wallet of a payee who doesn't exist.
NO_ONE = 0
# Pairs of wallets of which the first has paid the second. That stays true, so a process may
# remember it.
paid: set[tuple[int, int]] = set()
REMEMBERED = 2**18


def find(member_id: int, login: str) -> User | None:
    """The person with this phone number, email or public id, if there is one.

    Raises TooManyRequests, with the same answer for people who exist and who don't.
    """
    found = User.objects.payable_as(login)
    target_id = Account.objects.wallet_id(found.pk) if found else NO_ONE
    if not has_paid(Account.objects.wallet_id(member_id), target_id):
        count(member_id, login)
    return found


def has_paid(source_id: int, target_id: int) -> bool:
    """Has this wallet ever paid that one?"""
    if (source_id, target_id) in paid:
        return True
    if not Transaction.objects.paid_by(source_id, target_id).exists():
        return False
    if len(paid) > REMEMBERED:
        paid.clear()
    paid.add((source_id, target_id))
    return True


def count(member_id: int, login: str) -> None:
    """Count a look-up of a new person. Raises TooManyRequests, and then it isn't counted.

    The same person again is free for an hour, so a reviewed payment is never held up, and
    correcting an amount doesn't count.
    """
    this_one = payee_key(member_id, login)
    if rates.was_counted(this_one, rates.HOUR_S):
        return
    limits = (
        (rates.HOUR_S, settings.PAYEE_LOOKUPS_PER_HOUR),
        (rates.DAY_S, settings.PAYEE_LOOKUPS_PER_DAY),
    )
    counted = []
    try:
        for window_s, limit in limits:
            if limit:
                counted.append(window_s)
                rates.enforce(f"payees:{member_id}:{window_s}", limit, window_s, TOO_MANY)
    except rates.TooManyRequests:
        for window_s in counted:
            rates.take_back(f"payees:{member_id}:{window_s}", window_s)
        raise
    if counted:
        rates.count(this_one, rates.HOUR_S)


def payee_key(member_id: int, login: str) -> str:
    """The same for each spelling of a number. It takes SECRET_KEY to find the number again."""
    contact = parse(login) or contact_in(login) or login.lower()
    digest = salted_hmac("ledger.lookups", contact, algorithm="sha256").hexdigest()
    return f"payee:{member_id}:{digest[:32]}"
