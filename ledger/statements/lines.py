"""The lines of a statement: the entries of one account, as its member reads them.

An entry never changes, and has the balance after it. So nothing here is added up: a line shows what
the books hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from ledger import kinds, rails
from ledger.kinds import Kind, MemberView
from ledger.models import Entry
from ledger.status import BADGES, Status
from wallet.models import Account
from wallet.money import format_money
from wallet.names import short_name
from wallet.phones import mask

# A statement names the same few people again and again.
name_to_others = lru_cache(maxsize=1_000)(short_name)

# Rows in memory at a time.
BATCH = 1_000


class Line(NamedTuple):
    """One entry and what its transaction says about it, in the order of PATHS.

    `amount_cents` is signed: above zero for money in. `order_cents` and `fee_cents` are the
    transaction's.
    """

    id: int
    amount_cents: int
    balance_cents: int
    at: datetime
    is_fee: bool
    account_id: int
    reference: str
    type: str
    status: str
    order_cents: int
    fee_cents: int
    note: str
    rail_code: str
    receipt: str | None
    from_id: int | None
    from_name: str | None
    from_phone: str | None
    from_shows: bool | None
    to_id: int | None
    to_name: str | None
    to_phone: str | None
    to_shows: bool | None
    from_goal: str | None
    to_goal: str | None

    @property
    def kind(self) -> Kind:
        return kinds.of(self.type)

    @property
    def is_return(self) -> bool:
        """Money that went out in the same transaction and came back, as when a payout fails."""
        return (self.amount_cents > 0) == (self.from_id == self.account_id)

    @property
    def title(self) -> str:
        """`Brian O.`, `Deposit`, `Withdrawal fee`."""
        if self.is_fee:
            title = _("{payment} fee").format(payment=self.kind.label)
        else:
            title = self.kind.title(self.view)
        return _("{payment}, returned").format(payment=title) if self.is_return else title

    @property
    def view(self) -> MemberView:
        is_in = self.to_id == self.account_id
        return MemberView(
            is_in=is_in,
            other=self.other,
            amount=format_money(self.order_cents),
            status=Status(self.status),
        )

    @property
    def other(self) -> str:
        """The other member's name as they let this one see it, or the own goal's on the other side.

        In a correction, two members have paid each other nothing.
        """
        is_in = self.to_id == self.account_id
        if self.kind.moves_own:
            return (self.from_goal if is_in else self.to_goal) or ""
        name, shows = (self.from_name, self.from_shows) if is_in else (self.to_name, self.to_shows)
        if not name or self.kind.is_correction:
            return ""
        return name if shows else name_to_others(name)

    @property
    def details(self) -> list[str]:
        """What helps to recognise it: the other's masked number, the rail's receipt, the note."""
        if self.is_fee:
            return []
        phone = self.from_phone if self.to_id == self.account_id else self.to_phone
        waits = self.status == Status.PENDING
        found = [
            mask(phone) if phone and self.other and not self.kind.moves_own else "",
            str(rails.of(self.rail_code).name) if self.rail_code else "",
            self.receipt or "",
            self.own_note,
            str(BADGES[Status.PENDING].word) if waits else "",
        ]
        return [text for text in found if text]

    @property
    def own_note(self) -> str:
        """The note, where a member wrote it."""
        return self.note if self.kind.has_note and not self.is_fee else ""


# The lookup for each field of Line, in order.
PATHS = (
    "pk",
    "amount_cents",
    "balance_after_cents",
    "created_at",
    "is_fee",
    "account",
    "transaction__reference",
    "transaction__type",
    "transaction__status",
    "transaction__amount_cents",
    "transaction__fee_cents",
    "transaction__description",
    "transaction__rail",
    "transaction__attempt__receipt",
    "transaction__from_account",
    "transaction__from_account__user__name",
    "transaction__from_account__user__phone",
    "transaction__from_account__user__shows_full_name",
    "transaction__to_account",
    "transaction__to_account__user__name",
    "transaction__to_account__user__phone",
    "transaction__to_account__user__shows_full_name",
    "transaction__from_account__goal__name",
    "transaction__to_account__goal__name",
)


def entries_of(account: Account) -> QuerySet[Entry]:
    """The account's entries, each marked `is_fee` or not, oldest first."""
    return Entry.objects.filter(account=account).with_fees().order_by("pk")


def read(entries: QuerySet[Entry]) -> Iterator[Line]:
    """These entries as lines, in one query."""
    return map(Line._make, entries.values_list(*PATHS))


def stream(entries: QuerySet[Entry]) -> Iterator[Line]:
    """All of these entries as lines, oldest first, BATCH of them in memory at a time."""
    last_id = 0
    while found := list(read(entries.filter(pk__gt=last_id)[:BATCH])):
        yield from found
        if len(found) < BATCH:
            return
        last_id = found[-1].id
