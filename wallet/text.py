"""What text from people may hold."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

BIDIRECTIONAL = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

# What shows as nothing though its category says otherwise: fillers of Hangul, the blank of
# braille, and what only chooses the look of the letter before it.
BLANK = "\u115f\u1160\u3164\uffa0\u2800\u034f" + "".join(map(chr, range(0xFE00, 0xFE10)))

# Who pages say has done what no person did.
HOUSE_NAMES = ("nissmart", "the system", "system", "simulated rail")


def refuse_control_characters(text: str) -> None:
    """Raise ValidationError on characters no keyboard types: PostgreSQL can't store NUL, and
    others hide or reorder the text around them on a receipt."""
    if has_control_characters(text):
        raise ValidationError(
            _("Use letters, digits and ordinary signs only."), code="control_character"
        )


def has_control_characters(text: str) -> bool:
    return any(
        unicodedata.category(character) in {"Cc", "Cs"} or character in BIDIRECTIONAL
        for character in text
    )


def refuse_invisible_characters(text: str) -> None:
    """Raise ValidationError on a name that holds what can't be seen, or nothing to see.

    Two names that look the same would be two people, and a name of nothing would be nobody.
    Only names are held to it: in a note such a character joins the parts of an emoji. Control
    characters are refused by name above.
    """
    if has_control_characters(text):
        return
    categories = [unicodedata.category(character) for character in text]
    hides = "Cf" in categories or "Co" in categories or "Cn" in categories
    shows = any(category[0] not in "CMZ" for category in categories)
    if hides or not shows or any(character in BLANK for character in text):
        raise ValidationError(
            _("Enter a name of letters that can be seen."), code="invisible_character"
        )


def refuse_house_names(text: str) -> None:
    """Raise ValidationError on a name that pages give to what the house itself does."""
    letters = unicodedata.normalize("NFKC", text).casefold()
    if " ".join(letters.split()) in HOUSE_NAMES:
        raise ValidationError(
            _("Nissmart goes by this name itself. Enter your own."), code="house_name"
        )


def masked_email(email: str) -> str:
    """`jane@example.com` -> `j***@example.com`: enough to recognise, not enough to write to."""
    name, _at, domain = email.rpartition("@")
    return f"{name[:1]}***@{domain}"
