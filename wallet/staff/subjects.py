"""Subjects of audit events: `member 12`, `transaction NS-7K2Q9PXM`, `ledger`."""

from __future__ import annotations

import re
from typing import NamedTuple

from django.urls import NoReverseMatch, reverse

# URL names of the pages. Text only, because the pages are in an app above this one.
PAGES = {
    "account": "adminpanel:account",
    "audit": "",
    "delivery": "",
    "deposits": "adminpanel:deposits",
    "group": "",
    "incident": "adminpanel:incident",
    "ledger": "adminpanel:ledger",
    "member": "adminpanel:member",
    "names": "",
    "payouts": "adminpanel:payouts",
    "site": "",
    "statement": "adminpanel:statement",
    "tariffs": "",
    "transaction": "adminpanel:transaction",
}
# The audit writes `member 12`, people also type `Member #12`.
PATTERN = re.compile(
    rf"({'|'.join(PAGES)})(?:(?:\s*#\s*|\s+|(?=\d))(\S{{1,40}}))?", re.ASCII | re.I
)
ID = re.compile(r"[0-9]{1,18}")


class Subject(NamedTuple):
    """A kind, and the id or reference of the object."""

    kind: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.key}".rstrip()

    @property
    def id(self) -> int | None:
        """The key as an id, or None if it isn't a number in the database's range."""
        return int(self.key) if ID.fullmatch(self.key) else None

    @property
    def url(self) -> str | None:
        """The URL of its page in the panel, if it has one."""
        try:
            return reverse(PAGES[self.kind], args=[self.key] if self.key else [])
        except NoReverseMatch:
            return None


LEDGER = Subject("ledger")
AUDIT = Subject("audit")
PAYOUTS = Subject("payouts")
DEPOSITS = Subject("deposits")
TARIFFS = Subject("tariffs")
NAMES = Subject("names")
SITE = Subject("site")


def member(user_id: int) -> Subject:
    return Subject("member", str(user_id))


def transaction(reference: str) -> Subject:
    return Subject("transaction", reference)


def incident(incident_id: int) -> Subject:
    return Subject("incident", str(incident_id))


def group(group_id: int) -> Subject:
    return Subject("group", str(group_id))


def statement(statement_id: int) -> Subject:
    return Subject("statement", str(statement_id))


def account(account_id: int) -> Subject:
    return Subject("account", str(account_id))


def parse(text: str) -> Subject | None:
    """The subject with this text, or None if it's other text."""
    found = PATTERN.fullmatch(text.strip())
    return Subject(found[1].lower(), (found[2] or "").upper()) if found else None
