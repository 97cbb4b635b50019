"""The menu of the panel: its sections, in groups.

A new section is one line here. Its link shows to people who have the section's right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from wallet.staff.roles import Right

WAITING = _("waiting")


@dataclass(frozen=True, slots=True)
class Section:
    """One link of the menu.

    `page` names its URL, and `inside` the URLs of the pages below it. `counts` names a field of
    `Standing` (templatetags/panel.py): how many items of this section wait. `waiting` is the word
    after that number, for screen readers.
    """

    page: str
    label: Promise
    icon: str
    inside: tuple[str, ...] = ()
    counts: str = ""
    waiting: Promise = WAITING
    right: Right = Right.READ


class Group(NamedTuple):
    name: Promise | str
    sections: tuple[Section, ...]


MENU = (
    Group(
        "",
        (
            Section("overview", _("Overview"), "overview"),
            Section("activity", _("Live activity"), "activity"),
        ),
    ),
    Group(
        _("Money"),
        (
            Section(
                "payouts",
                _("Payouts"),
                "withdraw",
                inside=("payout", "approve_several"),
                counts="payouts",
            ),
            Section("deposits", _("Deposits"), "deposit"),
            Section(
                "reversals",
                _("Reversals"),
                "return",
                inside=("reversal", "reverse_several", "claims", "claim"),
                counts="proposals",
            ),
            Section(
                "adjustments",
                _("Adjustments"),
                "pencil",
                inside=("adjustment", "propose_adjustment"),
                counts="corrections",
            ),
        ),
    ),
    Group(
        _("Books"),
        (
            Section(
                "ledger",
                _("Ledger"),
                "ledger",
                inside=("transaction", "ledger_totals", "save_view"),
            ),
            Section(
                "reconciliation",
                _("Reconciliation"),
                "bank",
                inside=("statement", "import_statement", "workspace", "movement"),
            ),
            Section("close", _("Close"), "lock", inside=("close_period",)),
            Section("accounts", _("Accounts"), "scale", inside=("account", "account_statement")),
            Section(
                "reports",
                _("Reports"),
                "chart",
                inside=("trial_balance", "books", "export_jobs", "report_mails"),
            ),
            Section("integrity", _("Integrity"), "shield", inside=("check", "tables")),
        ),
    ),
    Group(
        _("People"),
        (
            Section(
                "members",
                _("Members"),
                "members",
                inside=("member", "freeze_several"),
                right=Right.FIND,
            ),
        ),
    ),
    Group(
        _("Work"),
        (
            Section(
                "incidents",
                _("Incidents"),
                "flag",
                inside=("incident", "open_incident", "assign_several"),
                counts="incidents",
                waiting=_("open"),
            ),
            Section("audit", _("Audit"), "scroll"),
        ),
    ),
)


def menu_for(rights: frozenset[Right]) -> list[Group]:
    """The groups and sections that someone with these rights sees."""
    found = [
        Group(group.name, tuple(one for one in group.sections if one.right in rights))
        for group in MENU
    ]
    return [group for group in found if group.sections]
