"""What text from people may hold."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


def refuse_control_characters(text: str) -> None:
    """Raise ValidationError on characters no keyboard types: PostgreSQL can't store NUL, and
    others hide or reorder the text around them on a receipt."""
    for character in text:
        category = unicodedata.category(character)
        if (
            category in {"Cc", "Cs"}
            or character in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        ):
            raise ValidationError(
                _("Use letters, digits and ordinary signs only."), code="control_character"
            )


def masked_email(email: str) -> str:
    """`jane@example.com` -> `j***@example.com`: enough to recognise, not enough to write to."""
    name, _at, domain = email.rpartition("@")
    return f"{name[:1]}***@{domain}"
