"""The house accounts. Each has a fixed negative id, so no operation needs to look it up.

A rail adds its float account (`ledger/rails/`). `open_house_accounts` writes the rows.
"""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class HouseAccount(NamedTuple):
    """`purpose` explains the account to the finance team."""

    id: int
    kind: str
    label: str | Promise
    purpose: str | Promise


IN_TRANSIT = HouseAccount(
    -2,
    "in_transit",
    _("Payouts in transit"),
    _("Payouts that left a wallet and that the rail hasn't confirmed yet."),
)
SUSPENSE = HouseAccount(
    -3,
    "suspense",
    _("Suspense"),
    _("Money that came in and whose owner isn't known yet. It should be zero."),
)
ADJUSTMENTS = HouseAccount(
    -4,
    "adjustments",
    _("Adjustments"),
    _("The other side of corrections that two people of finance agreed on."),
)

FEES = HouseAccount(
    -6,
    "fees",
    _("Fees income"),
    _("What members paid in fees, once their payment was done."),
)
CHARGES = HouseAccount(
    -7,
    "rail_charges",
    _("Rail charges"),
    _("What rails charged Nissmart for payments."),
)

BANK = HouseAccount(
    -10,
    "bank",
    _("Bank"),
    _("The money the house holds at its bank. The statements of the bank are compared with it."),
)

BY_KIND = {one.kind: one for one in (IN_TRANSIT, SUSPENSE, ADJUSTMENTS, FEES, CHARGES, BANK)}

# The chart of accounts: the number of each kind of account in the books, fixed for good. The first
# digit is the type. Assets, which a debit raises, are 1; what we owe is 2, our own funds are 3,
# income is 4 and costs are 5. All wallets share a number, and so do all goals.
CODES = {
    "mpesa_float": "1100",
    "simulated_float": "1190",
    "bank": "1200",
    "wallet": "2100",
    "goal": "2200",
    "in_transit": "2300",
    "suspense": "2400",
    "adjustments": "3900",
    "fees": "4100",
    "rail_charges": "5100",
    "interest": "5200",
}


def code_of(kind: str) -> str:
    """The number of this kind of account in the books, such as `1100`.

    The float of a rail that has none here is numbered by its id: 1920 for -20.
    """
    return CODES.get(kind) or str(1900 - BY_KIND[kind].id)


def by_code(code: str) -> HouseAccount | None:
    """The house account with this number. None if no house account has it."""
    return next((one for one in all_accounts() if code_of(one.kind) == code), None)


def label_of(account_id: int | None) -> str:
    """The label of the house account with this id; empty if it's no house account."""
    found = (one for one in BY_KIND.values() if one.id == account_id)
    return str(next((one.label for one in found), ""))


def add(account: HouseAccount) -> None:
    """Add a house account. Ids and kinds are unique."""
    assert account.id < 0
    assert all(account.id != other.id for other in all_accounts() if other.kind != account.kind)
    BY_KIND[account.kind] = account


def remove(account: HouseAccount) -> None:
    """Undo `add` after a test. The row stays."""
    del BY_KIND[account.kind]


def all_accounts() -> list[HouseAccount]:
    """All house accounts, -1 first."""
    return sorted(BY_KIND.values(), key=lambda account: -account.id)
