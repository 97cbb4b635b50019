"""Characters: which ones people's text may contain, and which ones pasting adds."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

ORDINARY_ONLY = _("Use letters, digits and ordinary signs only.")

BIDIRECTIONAL = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

# Invisible marks that copying from a phone book, a chat or a web page adds around a number. Not
# U+202E, which reverses the text after it.
DIRECTION_MARKS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u2066\u2067\u2068\u2069"
# Soft hyphens, zero-width spaces and joiners, and the byte order mark.
ZERO_WIDTH = "\u00ad\u180e\u200b\u200c\u200d\u2060\ufeff"
MINUS = "\u2212"

# Characters that look blank although their category says otherwise: Hangul fillers, the braille
# blank, and variation selectors.
BLANK = "\u115f\u1160\u3164\uffa0\u2800\u034f" + "".join(map(chr, range(0xFE00, 0xFE10)))


def unicode_forms(text: str) -> list[str]:
    """The text composed (NFC), as it is, and decomposed (NFD), each once. ASCII has one form."""
    normalize = unicodedata.normalize
    return list(dict.fromkeys([normalize("NFC", text), text, normalize("NFD", text)]))


def clean_paste(text: str) -> str:
    """The text as a keyboard would type it: no invisible marks, plain spaces and hyphens.

    Everything else stays, including control characters, so parsers still refuse what they always
    refused.
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
    """Raise ValidationError for control and direction characters.

    PostgreSQL can't store NUL, and others hide or reorder the text on a receipt.
    """
    if has_control_characters(text):
        raise ValidationError(ORDINARY_ONLY, code="control_character")


def has_control_characters(text: str) -> bool:
    return any(
        unicodedata.category(character) in {"Cc", "Cs"} or character in BIDIRECTIONAL
        for character in text
    )
