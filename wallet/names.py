"""People's names: which are allowed, and how much of one strangers see.

People put more than a name into a name field: emoji, badges, brackets, numbers, titles. The short
name is all that a payer checks, so it's made only of the words of the name.
"""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from wallet import lookalikes
from wallet.folding import fold
from wallet.text import BLANK, has_control_characters

# Names that our own pages use for Nissmart and for its rails. No member may take them, in any case.
# A change needs a migration of the constraints, which first renames the members in question.
HOUSE_NAMES = (
    *("nissmart", "the system", "system", "simulated rail"),
    *("mpesa", "m-pesa", "m pesa"),
)

# Our own name, as `wallet/lookalikes.py` reads it. It may stand nowhere in a member's name.
HOUSE_SKELETON = "nlsmart"

TITLES = frozenset(["mr", "mrs", "ms", "miss", "dr", "prof", "rev", "eng", "hon", "fr", "adv"])
SUFFIXES = frozenset(["jr", "sr", "ii", "iii", "iv", "phd", "md"])
# Signs inside a word of a name: `Ng'ang'a`, `Wa-Thiong’o`, `J.R.`
INNER_SIGNS = "'\u2018\u2019.-\u2010\u2011\u00b7"
# The combining class of marks that join two letters into one, as in Hindi.
VIRAMA = 9


def short_name(name: str) -> str:
    """First name and initial, for strangers: `Jane W.`"""
    first, *rest = bare_words(name) or name.split()[:1] or [""]
    last = next(filter(None, map(initial, reversed(rest))), "")
    return f"{first} {last}." if last else first


def initials(name: str) -> str:
    """Initials of the first and the last name: `JW`. Empty for a name without letters."""
    first, *rest = bare_words(name) or [""]
    return initial(first) + next(filter(None, map(initial, reversed(rest))), "")


def bare_words(name: str) -> list[str]:
    """The words of a name, without titles and suffixes."""
    found = words(name)
    while len(found) > 1 and found[0].rstrip(".").lower() in TITLES:
        found.pop(0)
    while len(found) > 1 and found[-1].rstrip(".").lower() in SUFFIXES:
        found.pop()
    return found


def words(name: str) -> list[str]:
    """The words of a text, without emoji, badges, brackets and numbers."""
    pieces = "".join(each if is_word_character(each) else " " for each in name).split()
    plain = [unicodedata.normalize("NFKC", trim(piece)) for piece in pieces]
    return [word for word in plain if any(map(str.isalpha, word))]


def is_word_character(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LM" or category == "Nd" or character in INNER_SIGNS


def trim(piece: str) -> str:
    """Drop signs at both ends, and combining marks of a character before the piece."""
    piece = piece.strip(INNER_SIGNS)
    while piece and unicodedata.category(piece[0])[0] == "M":
        piece = piece[1:].lstrip(INNER_SIGNS)
    return piece


def initial(word: str) -> str:
    """The first letter of a word, with its accents. Empty for `2nd`."""
    # The apostrophe of `ʼAli` has the category of a letter, but isn't an initial.
    start = next((at for at, each in enumerate(word) if unicodedata.category(each) != "Lm"), None)
    if start is None or not word[start].isalpha():
        return ""
    capital = word[start].title()
    letter = capital if len(capital) == 1 else word[start]
    for each in word[start + 1 :]:
        is_joined = unicodedata.combining(letter[-1]) == VIRAMA and each.isalpha()
        if unicodedata.category(each)[0] != "M" and not is_joined:
            break
        letter += each
    return letter


def search_text(name: str) -> str:
    """A name folded for search, its words separated by single spaces."""
    spaced = (" " if unicodedata.category(each)[0] == "P" else each for each in fold(name))
    return " ".join("".join(spaced).split())


def search_words(text: str) -> list[str]:
    """The words of a search for a name. Part of an email isn't a name, so it has none."""
    return [] if "@" in text else search_text(text).split()


def search_columns(name: str) -> dict[str, str]:
    """The search columns stored with a name."""
    return {
        "search_name": search_text(name),
        "search_short_name": search_text(short_name(name)),
    }


def is_house_name(name: str) -> bool:
    """Would staff or payers read this as one of our own names?"""
    forms = (*search_columns(name).values(), search_text(" ".join(words(name))))
    return any(form in HOUSE_NAMES for form in forms)


def refuse_house_names(name: str) -> None:
    """Raise ValidationError for a name that reads like one of ours, or holds "Nissmart"."""
    if is_house_name(name) or lookalikes.holds(name, HOUSE_SKELETON, within_words=True):
        raise ValidationError(
            _("This name would read as one of ours. Enter yours."), code="house_name"
        )


def refuse_mixed_scripts(name: str) -> None:
    """Raise ValidationError for a word with letters of two alphabets, such as Cyrillic and Latin.

    Such a word is made to look like another one.
    """
    if lookalikes.mixes_scripts(name):
        raise ValidationError(
            _("A word of this name mixes two alphabets. Type it in one."), code="mixed_scripts"
        )


def refuse_invisible_characters(name: str) -> None:
    """Raise ValidationError for a name with invisible characters, or without visible ones.

    Otherwise two people could have names that look the same, or a name that looks empty. This is
    for names only: in a note such a character may join the parts of an emoji. Control characters
    get another sentence (`refuse_control_characters`).
    """
    if has_control_characters(name):
        return
    categories = [unicodedata.category(character) for character in name]
    hides = "Cf" in categories or "Co" in categories or "Cn" in categories
    shows = any(category[0] not in "CMZ" for category in categories)
    if hides or not shows or any(character in BLANK for character in name):
        raise ValidationError(
            _("This name has invisible characters. Type it again."), code="invisible_character"
        )
