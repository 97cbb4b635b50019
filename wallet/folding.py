"""Fold text for search: case, accents and other differences in writing don't count.

The databases fold differently: SQLite knows only ASCII capitals, and PostgreSQL uses its locale. So
each name is stored folded as well (`User.search_name`). Text without a folded column is matched
by a regular expression made here, which works the same on both engines
(`wallet/db/text_search.py`).
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from functools import cache
from itertools import chain

from wallet.text import ZERO_WIDTH, clean_paste

# `Ng'ang'a` is typed with many different apostrophes, and often with none.
APOSTROPHES = "'`\u00b4\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u2018\u2019\u201b\u2032\ua78c\uff07"
# Letters that Unicode doesn't decompose: with a stroke, ligatures and the like.
PLAIN_LETTERS = {
    "æ": "ae", "ð": "d", "ø": "o", "þ": "th", "đ": "d", "ħ": "h", "ı": "i", "ł": "l", "ŋ": "ng",
    "œ": "oe", "ŧ": "t", "ƀ": "b", "ɓ": "b", "ɗ": "d", "ƙ": "k", "ƴ": "y", "ɖ": "d", "ɛ": "e",
    "ɔ": "o", "ə": "e", "ɨ": "i", "ʉ": "u", "⁄": "/",
}  # fmt: skip
TRANSLATION = str.maketrans(PLAIN_LETTERS | dict.fromkeys(APOSTROPHES, ""))


def fold(text: str) -> str:
    """`ＥＬＯＤＩＥ`, `Élodie`, `E\u0301lodie` -> `elodie`; `Wa-Thiong’o` -> `wa thiongo`.

    Drops case, accents, width, ligatures and apostrophes. Hyphens become spaces, and several
    spaces become one. Other signs stay.
    """
    text = clean_paste(text).translate(TRANSLATION)
    for _again in range(2):
        text = unicodedata.normalize("NFKD", text).casefold().translate(TRANSLATION)
    # Marks of class 0 are vowels in Indian scripts, not accents.
    text = "".join(each for each in text if not unicodedata.combining(each))
    return " ".join(unicodedata.normalize("NFC", text).replace("-", " ").split())


# What may follow a letter without changing the word: accents and apostrophes.
SILENT = f"[\u0300-\u036f{APOSTROPHES}{ZERO_WIDTH}]*"
GAP = "[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u2010-\u2015\u2212\ufe58\ufe63\uff0d-]+"
# Characters that may fold to another one: letters of all alphabets, ligatures, full width. Higher
# ranges, such as the cursive letters of chats, would make matching slow.
FOLDABLE = (
    range(0x80, 0x3400),
    range(0xFB00, 0xFB07),
    range(0xFF00, 0xFFEF),
)


def pattern(folded: str) -> str:
    """A regular expression, for both engines, that finds any spelling of this folded text."""
    parts, at = [], 0
    by_fold, longest = variants()
    while at < len(folded):
        size = next(n for n in range(longest, 0, -1) if n == 1 or folded[at : at + n] in by_fold)
        piece = folded[at : at + size]
        spelled = "".join(one_of(letter) + SILENT for letter in piece)
        as_one = any_of(by_fold.get(piece, "")) + SILENT
        parts.append(spelled if size == 1 else f"(?:{spelled}|{as_one})")
        at += size
    return "".join(parts)


def one_of(letter: str) -> str:
    """A pattern for any spelling of this folded character."""
    if letter == " ":
        return GAP
    by_fold, _longest = variants()
    return any_of(letter + by_fold.get(letter, ""))


def any_of(characters: str) -> str:
    # The engines escape differently inside brackets, so use alternatives instead.
    if any(each in "[]^\\" for each in characters):
        return "(?:" + "|".join(map(re.escape, characters)) + ")"
    return f"[{characters}]"


@cache
def variants() -> tuple[dict[str, str], int]:
    """All characters that fold to each piece of text, and the length of the longest piece."""
    found: defaultdict[str, str] = defaultdict(str)
    for capital in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        found[capital.lower()] += capital
    for character in map(chr, chain(*FOLDABLE)):
        folded = fold(character)
        if folded and folded != character and " " not in folded:
            found[folded] += character
    return dict(found), max(map(len, found))
