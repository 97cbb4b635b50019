"""A transaction as one member sees it: money in or out, and the other side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _lazy

from ledger import progress
from ledger.kinds import Kind, MemberView
from ledger.models import Goal, Transaction
from ledger.progress import Progress
from ledger.rails import Rail
from ledger.status import Badge, Status
from wallet.days import day_name, nairobi_day
from wallet.models import Account, User
from wallet.money import format_amount, format_money

RETURNED = Badge(_lazy("Returned"), "calm", "return")
PARTLY_RETURNED = Badge(_lazy("Partly returned"), "wait", "return")


@dataclass(frozen=True, slots=True)
class Movement:
    """`record` from the point of view of the member's own `account`."""

    record: Transaction
    account: Account
    # Messages have few characters, so they always have the other's short name.
    is_brief: bool = False

    @property
    def is_in(self) -> bool:
        return self.record.to_account_id == self.account.pk

    @property
    def signed_cents(self) -> int:
        return self.record.amount_cents if self.is_in else -self.record.amount_cents

    @property
    def fee_cents(self) -> int:
        """What it cost this member on top of the amount. Only the source pays a fee."""
        return 0 if self.is_in or self.has_failed else self.record.fee_cents

    @property
    def has_failed(self) -> bool:
        return self.record.status == Status.FAILED

    @property
    def counterparty(self) -> User | None:
        """The other member, if there is one. In a correction, they have paid each other nothing."""
        if self.kind.is_correction or self.kind.moves_own:
            return None
        return self.other_account.user if self.other_account else None

    @property
    def other_account(self) -> Account | None:
        return self.record.from_account if self.is_in else self.record.to_account

    @property
    def goal(self) -> Goal | None:
        """The savings goal on the other side, if the member moved their own money."""
        return getattr(self.other_account, "goal", None) if self.kind.moves_own else None

    @property
    def other_name(self) -> str:
        """The other member's name as they let this one see it, or the goal's on the other side."""
        if other := self.counterparty:
            return other.short_name if self.is_brief else other.name_for_parties
        return self.goal.name if self.goal else ""

    @property
    def kind(self) -> Kind:
        return self.record.kind

    @property
    def rail(self) -> Rail | None:
        return self.record.took_rail

    @property
    def view(self) -> MemberView:
        """What its kind needs to choose the words."""
        return MemberView(
            is_in=self.is_in,
            other=self.other_name,
            amount=format_money(self.amount_cents),
            taken=format_money(self.record.taken_cents),
            status=Status(self.record.status),
            picture=self.goal.picture if self.goal else "",
        )

    @property
    def title(self) -> str:
        return self.kind.title(self.view)

    @property
    def heading(self) -> str:
        """The receipt's heading, which says the newest fact."""
        if self.is_returned:
            return self.kind.heading_after_reversal(self.view)
        return self.kind.heading(self.view)

    @property
    def outlook(self) -> str:
        """What happens next, why it failed, or what a reversal did."""
        if self.is_returned:
            return self.kind.after_reversal(self.view)
        if self.returned_cents:
            return self.kind.after_part(self.view, format_money(self.returned_cents))
        return self.kind.outlook(self.view)

    @property
    def icon(self) -> str:
        return self.kind.icon_for(self.view)

    @property
    def is_void(self) -> bool:
        """True if the page must show it as money that hasn't moved."""
        return self.status.tone in ("bad", "calm")

    @property
    def again_url(self) -> str:
        """The form to repeat this payment, for the member who made it. Empty if there is none.

        While a payment over a rail hasn't ended, the page doesn't offer another one. After one that
        failed, the form keeps the amount and the note.
        """
        page = self.kind.page
        if page is None:
            return ""
        url = reverse(page.url_name)
        if not self.kind.names_payee:
            match self.record.status:
                case Status.PENDING:
                    return ""
                case Status.FAILED:
                    return self.same_again_url
            return url
        if self.is_in or self.returned_cents:
            return ""
        again = {"again": self.reference, "amount": format_amount(self.amount_cents)}
        return f"{url}?{urlencode(again)}"

    @property
    def same_again_url(self) -> str:
        """The form with this payment's amount and note, for a kind without a payee."""
        assert self.kind.page
        same = {"amount": format_amount(self.amount_cents)}
        if self.note:
            same["description"] = self.note
        return f"{reverse(self.kind.page.url_name)}?{urlencode(same)}"

    @property
    def reversal(self) -> Transaction | None:
        """The transaction that reversed the whole of this one, if any."""
        return getattr(self.record, "reversed_by", None)

    @property
    def returned_cents(self) -> int:
        """How much of it was reversed."""
        return self.record.taken_back_cents if self.kind.is_reversible else 0

    @property
    def is_returned(self) -> bool:
        """All of it was reversed, with one reversal or in parts."""
        return self.returned_cents == self.amount_cents

    @property
    def returns(self) -> list[Transaction]:
        """The transactions that reversed it, oldest first."""
        if self.reversal:
            return [self.reversal]
        return list(self.record.parts.order_by("pk")) if self.returned_cents else []

    @property
    def returned_badge(self) -> Badge | None:
        """A second badge beside the status: the money moved and came back, or a part of it."""
        if not self.returned_cents:
            return None
        return RETURNED if self.is_returned else PARTLY_RETURNED

    @property
    def newest(self) -> Badge:
        """The badge of the newest fact: its status, unless the money came back."""
        return self.returned_badge or self.status

    @property
    def progress(self) -> Progress | None:
        """How far it has come on its rail, if the attempt was loaded with the record."""
        return progress.of(self.record)

    @property
    def status(self) -> Badge:
        how_far = self.progress
        return how_far.badge if how_far else self.record.status_badge

    @property
    def reference(self) -> str:
        return self.record.reference

    @property
    def is_settled(self) -> bool:
        return self.record.status == Status.SUCCESS

    @property
    def note(self) -> str:
        return self.record.description

    @property
    def row_note(self) -> str:
        """The note, in a list where the note of some kinds says the same as their title."""
        return self.note if self.kind.has_note else ""

    @property
    def balance_after_cents(self) -> int | None:
        """The balance after it, if the page loaded it. What failed has none: it moved nothing."""
        return None if self.has_failed else getattr(self.record, "balance_after_cents", None)

    @property
    def at(self) -> datetime:
        return self.record.created_at

    @property
    def is_today(self) -> bool:
        return nairobi_day(self.at) == nairobi_day()

    @property
    def amount_cents(self) -> int:
        return self.record.amount_cents


def by_day(records: Iterable[Transaction], account: Account) -> list[tuple[str, list[Movement]]]:
    """Movements grouped under the name of their Nairobi day, in the given order."""
    movements = (Movement(record, account) for record in records)
    return [
        (day_name(day), list(group))
        for day, group in groupby(movements, key=lambda one: nairobi_day(one.at))
    ]
