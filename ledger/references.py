"""Transaction references, short enough to read out over the phone: `NS-7K2Q9PXM`."""

import re
import secrets

from wallet.public_ids import ALPHABET
from wallet.text import clean_paste

PATTERN = f"NS-[{ALPHABET}]{{8}}"
REFERENCE = re.compile(PATTERN)
# Our names at rails stand in callback URLs. Daraja refuses a URL that contains `cmd`, `exe` or
# `mpesa`, so these have no M and no X.
RAIL_ALPHABET = ALPHABET.replace("M", "").replace("X", "")


def new_reference() -> str:
    """A reference of 40 random bits."""
    bits = secrets.randbits(40)
    return "NS-" + "".join(ALPHABET[bits >> shift & 31] for shift in range(35, -5, -5))


def new_attempt_reference() -> str:
    """Our name for a payment at its rail: 78 random bits in 20 characters, `NSP-7K2Q9PVA...`."""
    return "NSP-" + "".join(secrets.choice(RAIL_ALPHABET) for _character in range(16))


def charge_key(reference: str) -> str:
    """The key of a rail's charge for the payout with this reference.

    It has a space, which no key from outside may hold.
    """
    return f"charge {reference}"


def as_reference(text: str) -> str | None:
    """`7k2q9pxm`, `ns-7k2q9pxm` -> `NS-7K2Q9PXM`; None if the text can't be a reference.

    Accepts pasted text with invisible characters and other hyphens.
    """
    typed = clean_paste(text).strip().upper()
    reference = f"NS-{typed.removeprefix('NS-')}"
    return reference if REFERENCE.fullmatch(reference) else None


class ReferenceConverter:
    """A reference in a URL, in upper or lower case."""

    regex = f"(?i:{PATTERN})"

    def to_python(self, value: str) -> str:
        return value.upper()

    def to_url(self, value: str) -> str:
        return value
