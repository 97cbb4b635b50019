"""The house's own accounts: each has a fixed id below zero, so that no operation looks it up.

A rail adds its float here (`ledger/rails/`). `open_house_accounts` writes the rows.
"""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class HouseAccount(NamedTuple):
    """`purpose` says to the finance team what the account is for."""

    id: int
    kind: str
    label: str | Promise
    purpose: str | Promise


IN_TRANSIT = HouseAccount(
    -2,
    "in_transit",
    _("Payouts in transit"),
    _("Payouts that have left a wallet and that the rail has not confirmed yet."),
)
SUSPENSE = HouseAccount(
    -3,
    "suspense",
    _("Suspense"),
    _("Money that has come in and whose owner is not known yet; it should be zero."),
)
ADJUSTMENTS = HouseAccount(
    -4,
    "adjustments",
    _("Adjustments"),
    _("Corrections that two of the team have agreed on, so that each stays visible."),
)

BY_KIND = {account.kind: account for account in (IN_TRANSIT, SUSPENSE, ADJUSTMENTS)}


def add(account: HouseAccount) -> None:
    """Give the house another account. Two can't share an id or a kind."""
    assert account.id < 0
    assert all(account.id != other.id for other in all_accounts() if other.kind != account.kind)
    BY_KIND[account.kind] = account


def remove(account: HouseAccount) -> None:
    """Forget an account that was added, for a test that is over. Its row stays."""
    del BY_KIND[account.kind]


def all_accounts() -> list[HouseAccount]:
    """All of them, the oldest id first."""
    return sorted(BY_KIND.values(), key=lambda account: -account.id)
