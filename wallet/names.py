"""People's names: what they may be, and how much of one a stranger sees.

A name field holds more than a name: emoji, badges, brackets, numbers, titles. The short name is
the only thing that a payer checks, so it is made of the words of the name and of nothing else.
"""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from wallet.folding import fold
from wallet.text import BLANK, has_control_characters

# Names that pages give to what the house itself does.
HOUSE_NAMES = ("nissmart", "the system", "system", "simulated rail")

TITLES = frozenset(["mr", "mrs", "ms", "miss", "dr", "prof", "rev", "eng", "hon", "fr", "adv"])
SUFFIXES = frozenset(["jr", "sr", "ii", "iii", "iv", "phd", "md"])
# Signs inside a word of a name: `Ng'ang'a`, `Wa-Thiong’o`, `J.R.`
INNER_SIGNS = "'\u2018\u2019.-\u2010\u2011\u00b7"
# Of the marks that join two letters into one sign, as in Hindi.
VIRAMA = 9


def short_name(name: str) -> str:
    """First name and initial, as a stranger may see it: `Jane W.`"""
    first, *rest = bare_words(name) or name.split()[:1] or [""]
    last = next(filter(None, map(initial, reversed(rest))), "")
    return f"{first} {last}." if last else first


def initials(name: str) -> str:
    """Of the first name and the last: `JW`; empty for a name without a letter."""
    first, *rest = bare_words(name) or [""]
    return initial(first) + next(filter(None, map(initial, reversed(rest))), "")


def bare_words(name: str) -> list[str]:
    """The words of a name without the titles around it."""
    found = words(name)
    while len(found) > 1 and found[0].rstrip(".").lower() in TITLES:
        found.pop(0)
    while len(found) > 1 and found[-1].rstrip(".").lower() in SUFFIXES:
        found.pop()
    return found


def words(name: str) -> list[str]:
    """What is written in letters, without emoji, badges, brackets and numbers around it."""
    pieces = "".join(each if stands_in_words(each) else " " for each in name).split()
    plain = [unicodedata.normalize("NFKC", trimmed(piece)) for piece in pieces]
    return [word for word in plain if any(map(str.isalpha, word))]


def stands_in_words(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LM" or category == "Nd" or character in INNER_SIGNS


def trimmed(piece: str) -> str:
    """Without the signs at its ends, and without the marks of what stood before it."""
    piece = piece.strip(INNER_SIGNS)
    while piece and unicodedata.category(piece[0])[0] == "M":
        piece = piece[1:].lstrip(INNER_SIGNS)
    return piece


def initial(word: str) -> str:
    """The letter that a word begins with, whole: with its accents. Empty for `2nd`."""
    # An apostrophe that is a letter by its category, as in `ʼAli`, is no initial.
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
    """A name as it's searched: folded, and its words apart by one space each."""
    spaced = (" " if unicodedata.category(each)[0] == "P" else each for each in fold(name))
    return " ".join("".join(spaced).split())


def search_words(text: str) -> list[str]:
    """The words of a search for a name. A part of an email is no name, so it has none."""
    return [] if "@" in text else search_text(text).split()


def search_columns(name: str) -> dict[str, str]:
    """What is stored beside a name, to find its owner by."""
    return {
        "search_name": search_text(name),
        "search_short_name": search_text(short_name(name)),
    }


def is_house_name(name: str) -> bool:
    """Would this be read as one of our own names, on a page for staff or for a payer?"""
    forms = (*search_columns(name).values(), search_text(" ".join(words(name))))
    return any(form in HOUSE_NAMES for form in forms)


def refuse_house_names(name: str) -> None:
    """Raise ValidationError on a name that reads like one of the house's own."""
    if is_house_name(name):
        raise ValidationError(
            _("Nissmart goes by this name itself. Enter your own."), code="house_name"
        )


def refuse_invisible_characters(name: str) -> None:
    """Raise ValidationError on a name that holds what can't be seen, or nothing to see.

    Two names that look the same would be two people, and a name of nothing would be no one.
    Only names are held to it: in a note such a character joins the parts of an emoji. Control
    characters have another sentence (`refuse_control_characters`).
    """
    if has_control_characters(name):
        return
    categories = [unicodedata.category(character) for character in name]
    hides = "Cf" in categories or "Co" in categories or "Cn" in categories
    shows = any(category[0] not in "CMZ" for category in categories)
    if hides or not shows or any(character in BLANK for character in name):
        raise ValidationError(
            _("Enter a name of letters that can be seen."), code="invisible_character"
        )
