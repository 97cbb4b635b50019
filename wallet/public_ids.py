"""Public ids: what a member may give to others to be paid, such as `MB-7K2Q9PXM4TRC`.

60 random bits, so that no one finds a member by guessing, and counting ids finds none.
"""

from __future__ import annotations

import re
import secrets

from wallet.text import clean_paste

# Crockford's Base32 alphabet. It has no I, L, O or U, which are easily misheard or misread.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 12
PREFIX = "MB-"
PUBLIC_ID = re.compile(f"{PREFIX}[{ALPHABET}]{{{LENGTH}}}")


def new_public_id() -> str:
    return PREFIX + "".join(secrets.choice(ALPHABET) for _character in range(LENGTH))


def parse(text: str) -> str | None:
    """The public id in the form we store, or None if the text can't be one."""
    typed = clean_paste(text).strip().upper()
    return typed if PUBLIC_ID.fullmatch(typed) else None
