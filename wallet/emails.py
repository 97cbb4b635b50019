"""Email addresses: parse what people paste, store lower case, mask for display."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from wallet.text import clean_paste

EMAIL_FORMAT = _("Enter an email address, like jane@example.com.")
LINK = "mailto:"


def normalize(text: str) -> str:
    """`mailto:Jane@Example.com` -> `jane@example.com`: the form we store and search."""
    plain = clean_paste(text).strip(" ")
    if plain[: len(LINK)].lower() == LINK:
        plain = plain[len(LINK) :].strip(" ")
    return plain.lower()


def parse_email(text: str) -> str:
    """Return the email in the form we store. Raises ValidationError."""
    email = normalize(text)
    try:
        validate_email(email)
    except ValidationError as error:
        raise ValidationError(EMAIL_FORMAT, code="email_format") from error
    return email


def mask(email: str) -> str:
    """`jane@example.com` -> `j***@example.com`: enough to recognise, not enough to write to."""
    name, _at, domain = email.rpartition("@")
    return f"{name[:1]}***@{domain}"
