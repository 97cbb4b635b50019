"""How staff find a member. Their pages show phone numbers and emails masked.

A part of a name is enough. A phone number or an email finds its owner only when it's whole. Each
of those look-ups is counted, because staff could guess what a mask hides, and a hit is audited.
"""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.crypto import salted_hmac

from wallet import emails
from wallet.context import Context
from wallet.models import User
from wallet.names import search_words
from wallet.phones import mask, parse_phone
from wallet.staff import audit, subjects
from wallet.web import rates


def by_name(text: str, person: str = "") -> Q:
    """Members with every word of this text in their name, in any order and however written.

    `person` leads to the member from another table: `user__`.
    """
    words = search_words(text)
    if not words:
        return Q(pk__in=[])
    return Q(*(Q(**{f"{person}search_name__contains": word}) for word in words))


def contact_in(text: str) -> str | None:
    """The email or phone number that this is, as it's stored; None for anything else."""
    if "@" in text:
        return emails.normalize(text)
    try:
        return parse_phone(text)
    except ValidationError:
        return None


def mask_contact(text: str) -> str:
    """The text with a phone number or an email in it masked, for records of a search."""
    contact = contact_in(text)
    if contact is None:
        return text
    return emails.mask(contact) if "@" in contact else mask(contact)


def mask_contacts(filters: dict[str, str]) -> dict[str, str]:
    """A list's filters with phone numbers and emails in them masked, for the audit."""
    typed = {name: mask_contact(filters[name]) for name in ("member", "q") if name in filters}
    return filters | typed


def wait_s(context: Context, text: str) -> int:
    """Count a look-up by phone number or email. 0 when it's allowed, otherwise the seconds to wait.

    Other text costs nothing; nor does the same contact again, as when someone turns a page.
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
