"""Account numbers: what a payer types on their phone to pay into a member's wallet.

`NS481972` follows from the wallet's id, so it needs no column and never changes. Its last digit is
a check digit: one mistyped digit, or two neighbours that changed places, never name another
member's wallet.
"""

from __future__ import annotations

import re
import unicodedata

from wallet.text import clean_paste

PREFIX = "NS"
NUMBER = re.compile(PREFIX + r"([0-9]{5,17})([0-9])", re.ASCII)
SHORTEST = 5
# Spreads neighbouring ids. It shares no factor with 9 * 10**n, so no two get the same number.
STEP = 38_197
# Damm's table for check digits: it finds every wrong digit and every swap of neighbours.
DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)


def of(account_id: int) -> str:
    """The account number of the wallet with this id."""
    assert account_id > 0
    length = SHORTEST
    while account_id >= spread(length):
        length += 1
    digits = str(10 ** (length - 1) + account_id * STEP % spread(length))
    return f"{PREFIX}{digits}{check_digit(digits)}"


def parse(text: str) -> int | None:
    """The wallet's id for an account number in any case, spacing and punctuation.

    None if it can't be one. There may be no wallet with the id.
    """
    typed = unicodedata.normalize("NFKC", clean_paste(text)).upper()
    found = NUMBER.fullmatch("".join(filter(str.isalnum, typed)))
    if not found or check_digit(found[1]) != found[2]:
        return None
    length = len(found[1])
    first = 10 ** (length - 1)
    inverse = pow(STEP, -1, spread(length))
    account_id: int = (int(found[1]) - first) * inverse % spread(length)
    # A longer number than it needs isn't its own.
    is_own = account_id > 0 and of(account_id) == found[0]
    return account_id if is_own else None


def spread(length: int) -> int:
    """How many numbers have this many digits before the check digit."""
    count: int = 9 * 10 ** (length - 1)
    return count


def check_digit(digits: str) -> str:
    state = 0
    for digit in digits:
        state = int(DAMM[state][int(digit)])
    return str(state)
