"""How staff find members, whose phone numbers and emails are masked on staff pages.

Part of a name is enough, but a phone number or email must be whole. Look-ups by phone number or
email are counted, because staff could guess what a mask hides. A hit goes into the audit.
"""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from wallet import emails
from wallet.context import Context
from wallet.models import User
from wallet.names import search_words
from wallet.phones import mask, parse_phone
from wallet.staff import audit, subjects
from wallet.web import rates

TOO_MANY = _(
    "You've looked up too many phone numbers and emails this hour. You can still search by name."
)


def by_name(text: str, person: str = "") -> Q:
    """Members with every word of this text in their name, in any order and spelling.

    `person` is the lookup path to the member from another table, such as `user__`.
    """
    words = search_words(text)
    if not words:
        return Q(pk__in=[])
    return Q(*(Q(**{f"{person}search_name__contains": word}) for word in words))


def contact_in(text: str) -> str | None:
    """The email or phone number in the form we store, or None if the text is neither."""
    if "@" in text:
        return emails.normalize(text)
    try:
        return parse_phone(text)
    except ValidationError:
        return None


def mask_contact(text: str) -> str:
    """Mask the text if it's a phone number or email, to record a search."""
    contact = contact_in(text)
    if contact is None:
        return text
    return emails.mask(contact) if "@" in contact else mask(contact)


def mask_contacts(filters: dict[str, str]) -> dict[str, str]:
    """Mask phone numbers and emails in a list's filters, for the audit."""
    typed = {name: mask_contact(filters[name]) for name in ("member", "q") if name in filters}
    return filters | typed


def count_lookup(context: Context, text: str) -> None:
    """Count a look-up by phone number or email. Raises TooManyRequests.

    Other text isn't counted, nor is the same contact again, such as on the next page of a list.
    """
    contact = contact_in(text)
    if contact is None:
        return
    digest = salted_hmac("wallet.staff.finding", contact, algorithm="sha256").hexdigest()
    this_one = f"contact:{context.actor_id}:{digest[:32]}"
    if rates.was_counted(this_one, rates.HOUR_S):
        return
    limit = settings.CONTACT_LOOKUPS_PER_HOUR
    rates.enforce(f"contacts:{context.actor_id}", limit, rates.HOUR_S, TOO_MANY)
    if person := User.objects.with_login(contact):
        audit.record(
            context,
            audit.Action.LOOK_UP,
            subjects.member(person.pk),
            by="email" if "@" in contact else "phone",
        )
    # Last, so that a look-up is free only after it was recorded.
    rates.count(this_one, rates.HOUR_S)
