"""A transaction as one member sees it: money in or money out, and with whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from ledger.models import Transaction
from ledger.status import BADGES, Badge
from wallet.models import Account, User

ICONS = {"DEPOSIT": "deposit", "WITHDRAW": "withdraw", "REVERSAL": "return"}
RETURNED = Badge(_lazy("Returned"), "calm", "return")


@dataclass(frozen=True, slots=True)
class Movement:
    """`record` seen from the member's own `account`."""

    record: Transaction
    account: Account

    @property
    def is_in(self) -> bool:
        return self.record.to_account_id == self.account.pk

    @property
    def signed_cents(self) -> int:
        return self.record.amount_cents if self.is_in else -self.record.amount_cents

    @property
    def counterparty(self) -> User | None:
        """The other member, if there is one."""
        other = self.record.from_account if self.is_in else self.record.to_account
        return other.user if other else None

    @property
    def title(self) -> str:
        other = self.counterparty
        if self.type == Transaction.Type.REVERSAL:
            return self.reversal_title
        return other.short_name if other else str(self.record.get_type_display())

    @property
    def reversal_title(self) -> str:
        if self.counterparty is None:
            return _("Deposit taken back")
        # The house has done it: neither member did anything, or is to be thanked or blamed for it.
        back = _("Returned to you by Nissmart (from {name})")
        away = _("Returned by Nissmart to {name}")
        return (back if self.is_in else away).format(name=self.counterparty.short_name)

    @property
    def reversal(self) -> Transaction | None:
        """What has taken this back, if anything has."""
        return getattr(self.record, "reversed_by", None)

    @property
    def returned(self) -> Badge | None:
        """Said beside the status, which stays: the money had moved, and came back."""
        return RETURNED if self.reversal else None

    @property
    def icon(self) -> str:
        return ICONS.get(self.record.type, "receive" if self.is_in else "send")

    @property
    def status(self) -> Badge:
        return BADGES[self.record.status]

    @property
    def reference(self) -> str:
        return self.record.reference

    @property
    def type(self) -> str:
        return self.record.type

    @property
    def is_settled(self) -> bool:
        return self.record.status == Transaction.Status.SUCCESS

    @property
    def note(self) -> str:
        return self.record.description

    @property
    def at(self) -> datetime:
        return self.record.created_at

    @property
    def amount_cents(self) -> int:
        return self.record.amount_cents


def by_day(records: Iterable[Transaction], account: Account) -> list[tuple[str, list[Movement]]]:
    """Movements under the name of their Nairobi day, in the order given."""
    movements = (Movement(record, account) for record in records)
    return [
        (day_name(day), list(group))
        for day, group in groupby(movements, key=lambda one: timezone.localdate(one.at))
    ]


def day_name(day: date) -> str:
    today = timezone.localdate()
    if day == today:
        return _("Today")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    return date_format(day, "j F" if day.year == today.year else "j F Y")
