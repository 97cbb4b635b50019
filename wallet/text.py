"""Characters: what text from people may hold, and what pasting adds to it."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

ORDINARY_ONLY = _("Use letters, digits and ordinary signs only.")

BIDIRECTIONAL = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

# Copying from a phone book, a chat or a web page adds these around a number. They show as
# nothing. U+202E isn't one of them: it shows the characters after it in another order.
DIRECTION_MARKS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u2066\u2067\u2068\u2069"
# Places where a long word may break, or may not; and the mark at the start of a file.
ZERO_WIDTH = "\u00ad\u180e\u200b\u200c\u200d\u2060\ufeff"
MINUS = "\u2212"

# What shows as nothing though its category says otherwise: fillers of Hangul, the blank of
# braille, and what only chooses the look of the letter before it.
BLANK = "\u115f\u1160\u3164\uffa0\u2800\u034f" + "".join(map(chr, range(0xFE00, 0xFE10)))


def clean_paste(text: str) -> str:
    """The text as a keyboard would have typed it: nothing invisible, plain spaces and hyphens.

    Everything else stays, so a parser still refuses what it has always refused. Control
    characters stay too: a line break in a phone number is no slip of the clipboard.
    """
    return "".join(map(as_typed, text))


def as_typed(character: str) -> str:
    if character in DIRECTION_MARKS or character in ZERO_WIDTH:
        return ""
    if character.isascii():
        return character
    match unicodedata.category(character):
        case "Zs":
            return " "
        case "Pd":
            return "-"
    return "-" if character == MINUS else character


def refuse_control_characters(text: str) -> None:
    """Raise ValidationError on characters no keyboard types: PostgreSQL can't store NUL, and
    others hide or reorder the text around them on a receipt."""
    if has_control_characters(text):
        raise ValidationError(ORDINARY_ONLY, code="control_character")


def has_control_characters(text: str) -> bool:
    return any(
        unicodedata.category(character) in {"Cc", "Cs"} or character in BIDIRECTIONAL
        for character in text
    )
