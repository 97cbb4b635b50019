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
INTEREST = HouseAccount(
    -10,
    "member_interest",
    _("Member interest"),
    _("What Nissmart paid members in interest on their savings goals, before tax."),
)
TAX = HouseAccount(
    -11,
    "tax_payable",
    _("Withholding tax payable"),
    _("Tax that was withheld from members' interest and is to be paid to the tax authority."),
)

BY_KIND = {
    one.kind: one for one in (IN_TRANSIT, SUSPENSE, ADJUSTMENTS, FEES, CHARGES, INTEREST, TAX)
}


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
