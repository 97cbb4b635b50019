"""Skeletons: texts that look the same to a person have the same skeleton.

After Unicode Technical Standard 39, section 4, made stricter for people who mean to deceive: digits
and signs stand for the letters they look like, and a name may be spread over several words. The
shapes are those of Latin letters only, because the names that we protect are Latin.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from wallet.folding import APOSTROPHES
from wallet.text import BIDIRECTIONAL, BLANK, ZERO_WIDTH

# Letters of other alphabets, by the Latin letter that they look like. Capitals and small letters
# differ: a Greek Ν looks like N, and its small ν like v.
SHAPES = {
    "a": "ΑαАаᎪꓮⲀⲁɑ⍺ᗅ",
    "b": "ΒβВвЬьЪъᏴꓐⲂᏏƄ",
    "c": "СсᏟꓚⲤⲥϹϲ¢ⅽↄ",
    "d": "ԁᎠꓓᗞδԀ₫",
    "e": "ΕεЕеЄєЭэҽᎬꓰ€℮Ҿҿξ",
    "f": "ҒғꓝϜƑᖴẝ",
    "g": "ԌԍᏀꓖɡցƓᏳ",
    "h": "ΗНнҺһᎻꓧհⲎᏂ",
    "i": "ΙιІіЇїӀӏᎥꓲⲒıɩ",
    "j": "ЈјᎫꓙյϳ",
    "k": "ҜҝΚκКкᏦꓗⲔқҚ",
    "l": "ꓡԼᏞⳐլוןا",
    "m": "ΜμМмᎷꓟⲘϺ",
    "n": "ΝηПпИиꓠⲚոռꞐ",
    "o": "ΟοσОоΘθӨөꓳⲞօՕ০०੦૦๐໐೦ഠဝס",
    "p": "ΡρРрᏢꓑⲢքҏ",
    "q": "ԚԛզႭ",
    "r": "ГгЯяᎡᏒꓣᴦ",
    "s": "ЅѕՏᏚꓢऽ",
    "t": "ΤτТтᎢꓔⲦ",
    "u": "υЦцՍսꓴᑌ",
    "v": "νѴѵᏙꓦ",
    "w": "ωШшЩщѠѡԜԝᎳꓪա",
    "x": "ΧχХхҲҳꓫⲬ×",
    "y": "ΥγУуҮүЎўᎩꓬⲨ",
    "z": "ΖζᏃꓜⲌ",
}
BY_SHAPE = {shape: letter for letter, shapes in SHAPES.items() for shape in shapes}
DIGITS = dict(zip("0123456789", "olzeasbtbg", strict=True))
SIGNS = {"@": "a", "$": "s", "!": "l", "|": "l", "+": "t", "(": "c", "<": "c", "£": "l"}
# `LATIN SMALL LETTER N WITH DOT`, `LATIN LETTER SMALL CAPITAL N`, `REGIONAL INDICATOR SYMBOL
# LETTER N`, `NEGATIVE SQUARED LATIN CAPITAL LETTER N` and the like.
NAMED = re.compile(
    r"(?:.*\bLATIN (?:SMALL |CAPITAL )?|REGIONAL INDICATOR SYMBOL )LETTER"
    r"(?: SMALL CAPITAL| TURNED| REVERSED| OPEN| SCRIPT| DOTLESS| BARRED)* ([A-Z])(?: .*)?"
)
# Two letters that together look like one.
PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
REPEATED = re.compile(r"(.)\1+")
SILENT = set(APOSTROPHES + ZERO_WIDTH + BIDIRECTIONAL + BLANK)

# A name has at most 80 characters (`User.name`), and rows of words grow with their square. One
# character may stand for a whole phrase: U+FDFA is four words.
AT_MOST = 80
EXPANDS_AT_MOST = 4
# Shorter names are too close to too many others.
NEAR_FROM = 8


def skeleton(name: str) -> str:
    """The skeleton of a whole name, without its spaces: `M-PESA`, `МРЕЅА`, `rnp3sa` -> `mpesa`."""
    return canonical("".join(spelled(name, DIGITS | SIGNS)))


def words_of(name: str) -> str:
    """The skeleton of each word: stored with each member's name (`User.name_skeleton`)."""
    return " ".join(map(canonical, spelled(name, DIGITS | SIGNS)))


def holds(name: str, wanted: str, *, within_words: bool) -> bool:
    """Does `name` hold the name with the skeleton `wanted`, in any spelling?

    As a word or as several words in a row: `K.C.B`, `Niss mart`. With `within_words` also as part
    of a word. What begins inside one word and ends in another doesn't count: Dennis Smart is a
    person.
    """
    return any(
        wanted in rows or (within_words and any(wanted in word for word in words))
        for words, rows in readings(name)
    )


def is_near(name: str, protected: str) -> bool:
    """Is some part of `name` one typing error away from this longer name?"""
    wanted = canonical("".join(spelled(protected, {})), collapses=False)
    if len(wanted) < NEAR_FROM:
        return False
    return any(is_one_edit(part, wanted) for part in parts_of(name))


@lru_cache(maxsize=8)
def parts_of(name: str) -> set[str]:
    """Words and words in a row that are long enough to be near a protected name."""
    parts = (canonical(part, collapses=False) for part in joins(spelled(name, DIGITS | SIGNS)))
    return {part for part in parts if len(part) >= NEAR_FROM - 1}


@lru_cache(maxsize=8)
def readings(name: str) -> list[tuple[list[str], set[str]]]:
    """The skeletons of the words of a name, and of words in a row: once with digits and signs as
    letters, once with digits only, and once with neither."""
    ways = (spelled(name, letters) for letters in (DIGITS | SIGNS, DIGITS, {}))
    return [([*map(canonical, words)], {*map(canonical, joins(words))}) for words in ways]


def joins(words: list[str]) -> list[str]:
    """Each word, and each row of neighbouring words written as one."""
    count = len(words)
    return ["".join(words[a:b]) for a in range(count) for b in range(a + 1, count + 1)]


def spelled(name: str, letters: dict[str, str]) -> list[str]:
    """The words of a name in plain Latin letters, as far as its letters look Latin.

    `letters` are digits and signs that stand for a letter. Any other sign ends a word.
    """
    parts = (unicodedata.normalize("NFKD", BY_SHAPE.get(each, each)) for each in name[:AT_MOST])
    text = "".join(part[:EXPANDS_AT_MOST] for part in parts)
    return "".join(plain_letter(each, letters) for each in text).split()


def plain_letter(character: str, letters: dict[str, str]) -> str:
    if character in letters:
        return letters[character]
    if character.isascii():
        return character.lower() if character.isalpha() else " "
    if character in SILENT or unicodedata.category(character)[0] == "M":
        return ""
    if character in BY_SHAPE:
        return BY_SHAPE[character]
    if found := NAMED.fullmatch(unicodedata.name(character, "")):
        return found[1].lower()
    return character.casefold() if character.isalpha() else " "


def canonical(word: str, *, collapses: bool = True) -> str:
    """Letters that look alike as one, and repeated letters once."""
    for pair, letter in PAIRS:
        word = word.replace(pair, letter)
    word = word.replace("i", "l")
    return REPEATED.sub(r"\1", word) if collapses else word


def is_one_edit(one: str, other: str) -> bool:
    """Do they differ by one letter more, less or changed, or by two that changed places?"""
    if one == other or abs(len(one) - len(other)) > 1:
        return one == other
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if start is None:
        return True
    rest, its = one[start:], other[start:]
    swapped = rest[1:2] + rest[:1] + rest[2:]
    return rest[1:] == its[1:] or rest == its[1:] or rest[1:] == its or swapped == its


def mixes_scripts(name: str) -> bool:
    """Does a word have letters of two alphabets? Japanese, which always does, may."""
    for word in unicodedata.normalize("NFKC", name).split():
        found = {script_of(each) for each in word if unicodedata.category(each) in LETTERS}
        if len(found) > 1 and not found <= JAPANESE:
            return True
    return False


# Not `Lm`: the apostrophe of `ʼAli` belongs to every alphabet.
LETTERS = {"Lu", "Ll", "Lt", "Lo"}
JAPANESE = {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}


def script_of(letter: str) -> str:
    """The alphabet's name, which begins the name of each of its letters in Unicode."""
    return unicodedata.name(letter, "UNKNOWN").split()[0]
