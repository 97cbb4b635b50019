"""Search for members, and everything on a member's page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from adminpanel.models import Incident, ReversalProposal
from ledger import operations
from ledger.models import Transaction
from ledger.querysets import TransactionQuerySet, nairobi_day
from ledger.references import as_reference
from ledger.status import Badge
from wallet.models import Account, AuditEvent, User
from wallet.money import cents_in, format_money
from wallet.phones import is_phone
from wallet.staff import subjects
from wallet.staff.finding import by_name
from wallet.web import paging

# Amounts and notes have no index, because it would slow down payments. So a search covers only
# this many of the newest transactions, and the page says so.
RECENT = 20_000
# The most members that a search by amount finds.
BY_AMOUNT_AT_MOST = 50
OF_MEMBER_AT_MOST = 20

PHONE_END = re.compile(r"[ \d-]*", re.ASCII)
MEMBERS_AT_MOST = 100
ACCOUNTS_AT_MOST = 1_000
ACTIVE = Badge(_("Active"), "good", "check")
FROZEN = Badge(_("Frozen"), "info", "snowflake")
CLOSED = Badge(_("Closed"), "calm", "cross")


class Freeze(NamedTuple):
    """Who froze a wallet, in words, and since when, if that is known."""

    who: str
    at: datetime | None


class Row(NamedTuple):
    """A member in a list."""

    user: User
    balance_cents: int
    badge: Badge
    freeze: Freeze | None


class Found(NamedTuple):
    """Matching members. `how` says in words what matched."""

    people: QuerySet[User]
    how: str | Promise


class Limit(NamedTuple):
    """A limit and how much of it is used, in cents."""

    used_cents: int
    limit_cents: int

    @property
    def left_cents(self) -> int:
        return max(self.limit_cents - self.used_cents, 0)


def find(text: str, *, by_payments: bool = True) -> Found:
    """Members matching `text`, newest first. Without a text, all members.

    Not `by_payments` for people who may not read of money: who has paid an amount is money too.
    """
    people = User.objects.order_by("-pk")
    if not text:
        return Found(people, _("Newest first"))
    reference = as_reference(text) if by_payments else None
    if reference and (parties := member_ids(Transaction.objects.filter(reference=reference))):
        return Found(people.filter(pk__in=parties), _("The parties of this transaction"))
    if exact := find_exactly(text):
        return exact
    if by_payments and (cents := cents_in(text)):
        words = _(
            "Sent or received exactly {amount} in the newest {number} transactions, up to {most}"
            " members"
        ).format(amount=format_money(cents), number=f"{RECENT:,}", most=BY_AMOUNT_AT_MOST)
        if digits := phone_end(text):
            words = _("Phone number ends with {digits}").format(digits=digits) + f" · {words}"
        return Found(
            people.filter(Q(pk__in=members_by_amount(cents)) | phone_ends_with(text)), words
        )
    how = _("Name or last digits of the phone number, newest members first")
    return Found(people.filter(by_name(text) | phone_ends_with(text)), how)


def find_exactly(text: str) -> Found | None:
    """The one member with this member number, phone number or email, in any format."""
    people = User.objects.order_by("-pk")
    if number := member_id(text):
        return Found(people.filter(pk=number), _("The member with this number"))
    if person := User.objects.with_login(text):
        return Found(people.filter(pk=person.pk), _("Exact phone number or email"))
    return None


def member_id(text: str) -> int | None:
    """The id in `#12` or `member 12`. URLs use this, to hold no phone number or email."""
    subject = subjects.parse(f"member {text}" if text.startswith("#") else text)
    return subject.id if subject and subject.kind == "member" else None


def phone_end(text: str) -> str:
    """The digits, when they may be the last three of a phone number.

    Three is what a mask shows. With more, staff could guess a number digit by digit.
    """
    digits = re.sub(r"[ -]", "", text) if PHONE_END.fullmatch(text) else ""
    return digits if len(digits) == 3 else ""


def phone_ends_with(text: str) -> Q:
    """Members whose phone number ends with this. None, if the text can't be an end."""
    digits = phone_end(text)
    return Q(phone__endswith=digits) if digits else Q(pk__in=[])


def looks_like_person(text: str) -> bool:
    """Is this a phone number or email, so that a search for a member would help?"""
    return is_phone(text) or "@" in text


def recent() -> TransactionQuerySet:
    """The newest RECENT transactions."""
    ids = Transaction.objects.order_by("-pk").values_list("pk", flat=True)
    oldest = next(iter(ids[RECENT - 1 : RECENT]), 0)
    return Transaction.objects.filter(pk__gte=oldest)


def members_by_amount(cents: int) -> list[int]:
    found = recent().filter(amount_cents=cents).order_by("-pk")
    return member_ids(found[:BY_AMOUNT_AT_MOST])[:BY_AMOUNT_AT_MOST]


def member_ids(records: TransactionQuerySet) -> list[int]:
    """Ids of the members on either side of these transactions."""
    pairs = records.values_list("from_account__user", "to_account__user")
    return list(dict.fromkeys(id for pair in pairs for id in pair if id is not None))


def frozen(people: QuerySet[User], by: str) -> QuerySet[User]:
    """Those with a frozen wallet: `yes`, or frozen by `member` or `staff`. Empty: all of them."""
    wallets = Account.objects.filter(is_frozen=True, kind=Account.Kind.WALLET)
    if by in Account.FrozenBy.values and by:
        wallets = wallets.filter(frozen_by=by)
    return people.filter(pk__in=wallets.values("user")) if by else people


def page(people: QuerySet[User], cursor: str | None, size: int) -> paging.Page[Row]:
    """A page of these members, newest first, with balance and badge."""
    wallets = Account.objects.filter(kind=Account.Kind.WALLET).order_by("pk")
    with_wallets = people.prefetch_related(Prefetch("accounts", wallets, to_attr="wallets"))
    found: paging.Page[Any] = paging.page(with_wallets, cursor, size)
    freezes = freezes_of([wallet for user in found.rows for wallet in user.wallets])
    rows = [row(user, user.wallets, freezes) for user in found.rows]
    return paging.Page(rows, found.next_cursor)


def row(user: User, wallets: list[Account], freezes: Mapping[int, Freeze]) -> Row:
    held_cents = sum(wallet.balance_cents for wallet in wallets)
    return Row(user, held_cents, badge(user, wallets), freezes.get(user.pk))


def freezes_of(wallets: Iterable[Account]) -> dict[int, Freeze]:
    """Who froze these wallets and when, by their members' ids. Those that aren't are missing."""
    found = {wallet.user_id: wallet for wallet in wallets if wallet.is_frozen and wallet.user_id}
    if not found:
        return {}
    by_staff = AuditEvent.objects.filter(
        subject__in=[str(subjects.member(user_id)) for user_id in found],
        action=AuditEvent.Action.FREEZE,
    )
    # The newest last, so that it stays.
    names = {event.subject: event.who for event in by_staff.select_related("actor").order_by("pk")}
    return {
        user_id: Freeze(who_froze(wallet, names), wallet.frozen_at)
        for user_id, wallet in found.items()
    }


def who_froze(wallet: Account, names: Mapping[str, str]) -> str:
    if wallet.frozen_by == Account.FrozenBy.MEMBER:
        return _now("The member")
    return names.get(str(subjects.member(wallet.user_id or 0))) or _now("Staff")


def badge(user: User, wallets: list[Account]) -> Badge:
    return wallet_badge(*wallets) if user.is_active else CLOSED


def wallet_badge(*wallets: Account) -> Badge:
    return FROZEN if any(wallet.is_frozen for wallet in wallets) else ACTIVE


def limits_today(account: Account) -> tuple[Limit, Limit]:
    """The daily limit with what left the wallet today, and the balance limit with the balance."""
    sent_cents = operations.sent_cents(account.pk, nairobi_day())
    return (
        Limit(sent_cents, operations.limit_of_day(account.lower_limit_until, timezone.now()).cents),
        Limit(account.balance_cents, settings.LIMIT_CENTS_BALANCE),
    )


def open_incidents(user: User) -> QuerySet[Incident]:
    """Unresolved incidents about this member's transactions."""
    theirs = Q(transactions__from_account__user=user) | Q(transactions__to_account__user=user)
    found = Incident.objects.exclude(state=Incident.State.RESOLVED).filter(theirs)
    return found.distinct()[:OF_MEMBER_AT_MOST]


def open_proposals(user: User) -> QuerySet[ReversalProposal]:
    theirs = Q(transaction__from_account__user=user) | Q(transaction__to_account__user=user)
    found = ReversalProposal.objects.filter(theirs, state__in=ReversalProposal.OPEN)
    return found.select_related("transaction", "proposed_by")[:OF_MEMBER_AT_MOST]


def audit_of(user: User) -> QuerySet[AuditEvent]:
    """Audit events about this member, newest first. The audit's own page also has access."""
    events = AuditEvent.objects.filter(subject=str(subjects.member(user.pk))).acts()
    return events.select_related("actor")[:OF_MEMBER_AT_MOST]


def accounts_of(text: str) -> list[int] | None:
    """Ids of the accounts of members matching `text`. `#12` is the member with that id.

    Wallets and goals. None if these are too many members or accounts.
    """
    if number := member_id(text):
        return list(Account.objects.filter(user=number).values_list("pk", flat=True))
    exact = User.objects.with_login(text)
    people = Q(user=exact) if exact else by_name(text, "user__")
    accounts = Account.objects.filter(people).values_list("pk", "user")
    found = dict(accounts[: ACCOUNTS_AT_MOST + 1])
    is_too_many = len(found) > ACCOUNTS_AT_MOST or len(set(found.values())) > MEMBERS_AT_MOST
    return None if is_too_many else list(found)
