"""Codes of documents, as people read, type and share them."""

from __future__ import annotations

from django.urls import reverse

from ledger.models.documents import CODE_LENGTH
from wallet.public_ids import ALPHABET

GROUP = 4
# Crockford's Base32 reads these letters as the digits that they look like.
LOOKALIKES = str.maketrans("OIL", "011")
TYPED_AT_MOST = 40


def to_text(code: str) -> str:
    """`7KQ2M9XD...` -> `7KQ2-M9XD-...`."""
    return "-".join(code[at : at + GROUP] for at in range(0, len(code), GROUP))


def parse(text: str) -> str:
    """What was typed as we store codes, without spaces and hyphens. It may be no code at all."""
    typed = "".join(filter(str.isalnum, text[:TYPED_AT_MOST])).upper()
    return typed.translate(LOOKALIKES)


def is_code(text: str) -> bool:
    return len(text) == CODE_LENGTH and set(text) <= set(ALPHABET)


def path(code: str) -> str:
    """The path of the page that says what the document with this code said."""
    return reverse("ledger:verify", args=[to_text(code)])
