"""Send codes on behalf of a request, within limits: an SMS costs money, and so do guesses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from wallet import contacts
from wallet.errors import Taken
from wallet.messages import Contact
from wallet.models import Claim, User
from wallet.models.contacts import field_of
from wallet.web import rates
from wallet.web.http import ip_address
from wallet.web.rates import HOUR_S, TooManyRequests

RESEND_AFTER = timedelta(seconds=30)
TOO_MANY = _("Too many codes were sent.")
TOO_SOON = _("We sent a code a moment ago.")


def count(request: HttpRequest, asked: Iterable[Contact], account: User | None = None) -> None:
    """Count a code to each of these contacts. Raises TooManyRequests, before any is sent."""
    limits = settings.CODES_PER_HOUR
    for contact in asked:
        rates.enforce(f"codes:{ip_address(request)}", limits["address"], HOUR_S, TOO_MANY)
        if account:
            rates.enforce(f"codes:user {account.pk}", limits["account"], HOUR_S, TOO_MANY)
        rates.enforce(f"codes:{hashed(contact.value)}", limits["contact"], HOUR_S, TOO_MANY)


def hashed(value: str) -> str:
    """It takes SECRET_KEY to find the contact again."""
    return salted_hmac("wallet.codes", value, algorithm="sha256").hexdigest()[:32]


def begin(
    request: HttpRequest, user: User, asked: Iterable[Contact], *, refuse_taken: bool = False
) -> None:
    """Claim these contacts for the person and send a code to each. Raises TooManyRequests.

    A code that was sent to the same claim a moment ago isn't sent again: a double click is one.
    `refuse_taken`: raises Taken for a contact that another member has proved.
    """
    claimed = {each.value: each for each in user.claims.all()}
    wanted = [one for one in asked if not was_just_sent(claimed.get(one.value))]
    count(request, wanted, user)
    with transaction.atomic():
        for contact in wanted:
            if refuse_taken and contacts.is_taken(user.pk, contact):
                raise Taken(field_of(contact.channel))
            contacts.send_code(contacts.claim(user.pk, contact))


def resend(request: HttpRequest, user: User) -> None:
    """Send new codes to all that the person has to prove. Raises TooManyRequests."""
    now = timezone.now()
    sent = [each.sent_at for each in user.claims.all() if each.sent_at]
    if sent and (wait := max(sent) + RESEND_AFTER - now) > timedelta():
        raise TooManyRequests(wait.seconds + 1, TOO_SOON)
    begin(request, user, contacts.to_prove(user))


def was_just_sent(claim: Claim | None) -> bool:
    return bool(claim and claim.sent_at and claim.sent_at + RESEND_AFTER > timezone.now())
