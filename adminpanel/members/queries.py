"""Members: looked up by what somebody knows of them, and one with all that concerns them."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from adminpanel.models import Incident, ReversalProposal
from ledger import operations
from ledger.models import Transaction
from ledger.querysets import TransactionQuerySet
from ledger.references import as_reference
from ledger.status import Badge
from wallet.models import Account, AuditEvent, User
from wallet.money import cents_in, format_money
from wallet.phones import is_phone
from wallet.staff import subjects
from wallet.staff.finding import by_name
from wallet.web import paging

# Amounts and notes have no index: payments would pay for it. They are looked for among so many
# of the newest transactions, and the page says so.
RECENT = 20_000
# Members found by an amount.
BY_AMOUNT_AT_MOST = 50
OF_MEMBER_AT_MOST = 20

PHONE_END = re.compile(r"[ \d-]*", re.ASCII)
MEMBERS_AT_MOST = 100
ACTIVE = Badge(_("Active"), "good", "check")
FROZEN = Badge(_("Frozen"), "info", "snowflake")
CLOSED = Badge(_("Closed"), "calm", "cross")


class Row(NamedTuple):
    """A member as a list shows them."""

    user: User
    balance_cents: int
    badge: Badge


class Found(NamedTuple):
    """Members that fit what was looked for; `how` says in what way they do."""

    people: QuerySet[User]
    how: str | Promise


class Limit(NamedTuple):
    """How much of a limit is used, in cents."""

    used_cents: int
    limit_cents: int

    @property
    def left_cents(self) -> int:
        return max(self.limit_cents - self.used_cents, 0)


def find(text: str) -> Found:
    """The members that `text` may mean; without any, all of them. Newest first."""
    people = User.objects.order_by("-pk")
    if not text:
        return Found(people, _("Newest first"))
    reference = as_reference(text)
    if reference and (parties := member_ids(Transaction.objects.filter(reference=reference))):
        return Found(people.filter(pk__in=parties), _("Parties of this transaction"))
    if exact := find_exactly(text):
        return exact
    if cents := cents_in(text):
        words = _(
            "Who sent or received exactly {amount}, among the newest {number} transactions;"
            " at most {most} members"
        ).format(amount=format_money(cents), number=f"{RECENT:,}", most=BY_AMOUNT_AT_MOST)
        if digits := phone_end(text):
            words = _("Phone ends with {digits}").format(digits=digits) + f" · {words}"
        return Found(
            people.filter(Q(pk__in=members_by_amount(cents)) | phone_ends_with(text)), words
        )
    how = _("Name or end of the phone, newest members first")
    return Found(people.filter(by_name(text) | phone_ends_with(text)), how)


def find_exactly(text: str) -> Found | None:
    """The one member whose number, phone or email this is, in any spelling."""
    people = User.objects.order_by("-pk")
    if number := member_id(text):
        return Found(people.filter(pk=number), _("The member of this number"))
    if person := User.objects.with_login(text):
        return Found(people.filter(pk=person.pk), _("Phone or email, exactly"))
    return None


def member_id(text: str) -> int | None:
    """`#12`, `member 12`: how URLs of the panel name a member, without their phone or email."""
    subject = subjects.parse(f"member {text}" if text.startswith("#") else text)
    return subject.id if subject and subject.kind == "member" else None


def phone_end(text: str) -> str:
    """The digits, when they may be the end of a phone: the three that a mask shows, since with
    one more of them somebody could spell the rest out."""
    digits = re.sub(r"[ -]", "", text) if PHONE_END.fullmatch(text) else ""
    return digits if len(digits) == 3 else ""


def phone_ends_with(text: str) -> Q:
    """Whose phone ends with this; nobody's, if it is not the end of one."""
    digits = phone_end(text)
    return Q(phone__endswith=digits) if digits else Q(pk__in=[])


def looks_like_person(text: str) -> bool:
    """Would somebody rather look for a member with this: a phone, or an email?"""
    return is_phone(text) or "@" in text


def recent() -> TransactionQuerySet:
    """The newest transactions, RECENT of them."""
    ids = Transaction.objects.order_by("-pk").values_list("pk", flat=True)
    oldest = next(iter(ids[RECENT - 1 : RECENT]), 0)
    return Transaction.objects.filter(pk__gte=oldest)


def members_by_amount(cents: int) -> list[int]:
    found = recent().filter(amount_cents=cents).order_by("-pk")
    return member_ids(found[:BY_AMOUNT_AT_MOST])[:BY_AMOUNT_AT_MOST]


def member_ids(records: TransactionQuerySet) -> list[int]:
    """Ids of the members whose money these moved."""
    pairs = records.values_list("from_account__user", "to_account__user")
    return list(dict.fromkeys(id for pair in pairs for id in pair if id is not None))


def page(people: QuerySet[User], cursor: str | None, size: int) -> paging.Page[Row]:
    """A page of these members, newest first, as a list shows them."""
    wallets = Account.objects.filter(kind=Account.Kind.WALLET).order_by("pk")
    with_wallets = people.prefetch_related(Prefetch("accounts", wallets, to_attr="wallets"))
    found: paging.Page[Any] = paging.page(with_wallets, cursor, size)
    return paging.Page([row(user, user.wallets) for user in found.rows], found.next_cursor)


def row(user: User, wallets: list[Account]) -> Row:
    return Row(user, sum(wallet.balance_cents for wallet in wallets), badge(user, wallets))


def badge(user: User, wallets: list[Account]) -> Badge:
    return wallet_badge(*wallets) if user.is_active else CLOSED


def wallet_badge(*wallets: Account) -> Badge:
    return FROZEN if any(wallet.is_frozen for wallet in wallets) else ACTIVE


def limits_today(account: Account) -> tuple[Limit, Limit]:
    """What has left the wallet today, as the rules of a payment count it; and what is in it."""
    sent_cents = operations.sent_cents(account.pk, timezone.localdate())
    return (
        Limit(sent_cents, settings.LIMIT_CENTS_OUT_PER_DAY),
        Limit(account.balance_cents, settings.LIMIT_CENTS_BALANCE),
    )


def open_incidents(user: User) -> QuerySet[Incident]:
    """Not resolved, and about a transaction of theirs."""
    theirs = Q(transactions__from_account__user=user) | Q(transactions__to_account__user=user)
    found = Incident.objects.exclude(state=Incident.State.RESOLVED).filter(theirs)
    return found.distinct()[:OF_MEMBER_AT_MOST]


def open_proposals(user: User) -> QuerySet[ReversalProposal]:
    theirs = Q(transaction__from_account__user=user) | Q(transaction__to_account__user=user)
    found = ReversalProposal.objects.filter(theirs, state__in=ReversalProposal.OPEN)
    return found.select_related("transaction", "proposed_by")[:OF_MEMBER_AT_MOST]


def audit_of(user: User) -> QuerySet[AuditEvent]:
    """What staff did about this member, newest first."""
    events = AuditEvent.objects.filter(subject=str(subjects.member(user.pk)))
    return events.select_related("actor")[:OF_MEMBER_AT_MOST]


def accounts_of(text: str) -> list[int]:
    """Ids of the accounts of the members that `text` may mean, up to one too many.

    `#12` is the member of that id.
    """
    if number := member_id(text):
        return list(Account.objects.filter(user=number).values_list("pk", flat=True))
    exact = User.objects.with_login(text)
    people = Q(user=exact) if exact else by_name(text, "user__")
    accounts = Account.objects.filter(people).values_list("pk", flat=True)
    return list(accounts[: MEMBERS_AT_MOST + 1])
