"""How staff find a member: pages show them phones and emails masked.

Part of a name will do. A phone or an email finds its owner only when it is whole. These look-ups
are counted, because a mask is useless if staff can guess what is behind it; a hit is in the audit.
"""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.crypto import salted_hmac

from wallet.context import Context
from wallet.models import User
from wallet.phones import masked, parse_phone
from wallet.staff import audit, subjects
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
    """The text, with a phone or an email in it masked: for what is kept of a search."""
    contact = contact_in(text)
    if contact is None:
        return text
    return masked_email(contact) if "@" in contact else masked(contact)


def without_contacts(filters: dict[str, str]) -> dict[str, str]:
    """The filters of a list, with a phone or an email in them masked: the audit keeps them."""
    typed = {name: without_contact(filters[name]) for name in ("member", "q") if name in filters}
    return filters | typed


def wait_s(context: Context, text: str) -> int:
    """Count a look-up of the owner of this phone or email. 0 when it is allowed, otherwise the
    seconds to wait.

    Other text costs nothing; nor does the same one again, as when a page is turned.
    """
    contact = contact_in(text)
    if contact is None:
        return 0
    digest = salted_hmac("wallet.staff.finding", contact, algorithm="sha256").hexdigest()
    this_one = f"contact:{context.actor_id}:{digest[:32]}"
    if rates.was_counted(this_one, rates.HOUR_S):
        return 0
    limit = settings.CONTACT_LOOKUPS_PER_HOUR
    if wait := rates.wait_s(f"contacts:{context.actor_id}", limit, rates.HOUR_S):
        return wait
    if person := User.objects.with_login(contact):
        audit.record(
            context,
            audit.Action.LOOK_UP,
            subjects.member(person.pk),
            by="email" if "@" in contact else "phone",
        )
    # Last, so that none is free before it is written down.
    rates.count(this_one, rates.HOUR_S)
    return 0
