"""The text of an SMS: one part of 160 characters, in the letters that every phone has.

The alphabet is GSM-7 (3GPP TS 23.038, section 6.2.1). One other letter would make an SMS hold 70
characters, and cost as much as two.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from wallet.messages.words import Words

LIMIT = 160
ONE_SEPTET = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
TWO_SEPTETS = frozenset("\f^{}\\[~]|€")
ALPHABET = ONE_SEPTET | TWO_SEPTETS
# What has no decomposition in Unicode, but a plain form that people use.
PLAIN = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-",
     "\u2014": "-", "\u2010": "-", "\u2011": "-", "\u00b7": ".", "\u2022": ".", "ł": "l", "Ł": "L",
     "đ": "d", "Đ": "D", "ı": "i", "ħ": "h", "Ħ": "H"}
)  # fmt: skip
UNKNOWN = re.compile(r"\?{2,}")
# The facts that may be cut, and how much stays. Amounts, dates and references never are.
CUT = ("name", "what", "device")
AT_LEAST = 8


def septets(text: str) -> int:
    """How much of an SMS these characters of its alphabet take."""
    return len(text) + sum(each in TWO_SEPTETS for each in text)


def to_alphabet(text: str) -> str:
    """`Wanjikũ` -> `Wanjiku`. Letters without a plain form become one question mark."""
    return UNKNOWN.sub("?", "".join(map(to_plain, text.translate(PLAIN))))


def to_plain(letter: str) -> str:
    if letter in ALPHABET:
        return letter
    parts = unicodedata.normalize("NFKD", letter)
    kept = "".join(each for each in parts if each in ALPHABET)
    return kept or ("" if unicodedata.category(letter)[0] == "M" else "?")


def compose(words: Words, facts: Mapping[str, str]) -> str:
    """The words with their facts, cut to one SMS.

    A name that is too long is cut first. If that isn't enough, the hint whom to contact goes.
    """
    plain = {name: to_alphabet(fact) for name, fact in facts.items()}
    for asks in (words.asks, False):
        one = words._replace(asks=asks)
        text = to_alphabet(one.render(plain))
        over = septets(text) - LIMIT
        if over > 0:
            text = to_alphabet(one.render(cut_facts(plain, over)))
        if septets(text) <= LIMIT:
            return text
    return cut(text, LIMIT)


def cut_facts(facts: Mapping[str, str], over: int) -> dict[str, str]:
    """The facts, with the longest of those that may be cut shorter by `over`, or as far as goes."""
    name = max(CUT, key=lambda name: septets(facts.get(name, "")))
    length = septets(facts.get(name, ""))
    if length <= AT_LEAST:
        return dict(facts)
    return {**facts, name: cut(facts[name], max(length - over, AT_LEAST))}


def cut(text: str, most: int) -> str:
    """The beginning of a text, of at most this many septets."""
    while septets(text) > most:
        text = text[:-1]
    return text
