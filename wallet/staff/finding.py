"""Finding somebody among the members, for staff: pages show them phones and emails masked.

A name may be looked for in part. A phone or an email finds its owner only when it is whole; it is
counted, because whoever may try without end finds out what a mask hides, and a hit is in the audit.
"""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.crypto import salted_hmac

from wallet.models import User
from wallet.phones import masked, parse_phone
from wallet.staff import audit
from wallet.text import masked_email
from wallet.web import rates


def named(text: str) -> Q:
    """Members with every word of it in their name, in any order."""
    name = Q()
    for word in text.split():
        name &= Q(name__icontains=word)
    return name


def contact_in(text: str) -> str | None:
    """The email or phone that this is, as it is kept; None for anything else."""
    if "@" in text:
        return text.strip().lower()
    try:
        return parse_phone(text)
    except ValidationError:
        return None


def without_contact(text: str) -> str:
    """The text, but a phone or an email masked: for what is kept of a search."""
    contact = contact_in(text)
    if contact is None:
        return text
    return masked_email(contact) if "@" in contact else masked(contact)


def wait_s(staff_id: int, text: str, *, address: str) -> int:
    """Count a look-up of whose phone or email this is. 0 when it is allowed, else the seconds to
    wait.

    Other text costs nothing; nor does the same one again, as when a page is turned.
    """
    contact = contact_in(text)
    if contact is None:
        return 0
    digest = salted_hmac("wallet.staff.finding", contact, algorithm="sha256").hexdigest()
    this_one = f"contact:{staff_id}:{digest[:32]}"
    if rates.was_counted(this_one, rates.HOUR_S):
        return 0
    limit = settings.CONTACT_LOOKUPS_PER_HOUR
    if wait := rates.wait_s(f"contacts:{staff_id}", limit, rates.HOUR_S):
        return wait
    if person := User.objects.with_login(contact):
        audit.record(
            audit.Action.LOOK_UP,
            f"member {person.pk}",
            actor_id=staff_id,
            address=address,
            by="email" if "@" in contact else "phone",
        )
    # Last, so that none is free before it is written down.
    rates.count(this_one, rates.HOUR_S)
    return 0
