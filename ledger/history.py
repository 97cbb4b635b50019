"""A member's own activity, newest first, a page at a time."""

from __future__ import annotations

import heapq
import re
from contextlib import suppress

from django.core.exceptions import ValidationError
from django.db.models import Q

from ledger.models import Transaction
from ledger.querysets import TransactionQuerySet
from wallet.models import Account
from wallet.money import parse_shillings
from wallet.web import paging


def page(
    account: Account,
    records: TransactionQuerySet,
    cursor: str | None,
    size: int,
    *,
    by: str = "pk",
    direction: str = "",
    text: str = "",
) -> paging.Page[Transaction]:
    """A page of the `records` that moved money of `account`. The cursor is as in `paging.page`.

    Money in and money out are two queries, each one walk along its own index, merged here:
    one query with OR would sort the member's whole history.
    """
    sides = []
    if direction != "in":
        sides.append(search(records.filter(from_account=account), text, other="to_account"))
    if direction != "out":
        sides.append(search(records.filter(to_account=account), text, other="from_account"))
    older = [paging.after(side, cursor, by=by).order_by("-pk")[: size + 1] for side in sides]
    return paging.cut(heapq.merge(*older, key=lambda record: -record.pk), size, by=by)


def latest(account: Account, size: int) -> list[Transaction]:
    """The member's newest transactions, whatever they are."""
    return page(account, Transaction.objects.with_parties().with_reversal(), None, size).rows


def recent_payees(account: Account, size: int) -> list[Transaction]:
    """The newest transfer to each of the last `size` people that this account has sent to.

    Looks at the newest hundred movements out only, so that a long history costs no more.
    """
    sent = Transaction.objects.filter(from_account=account).select_related("to_account__user")
    newest: dict[int, Transaction] = {}
    for record in sent.order_by("-pk")[:100]:
        target = record.to_account
        if target and target.user and target.user.is_active and record.kind.names_payee:
            newest.setdefault(target.pk, record)
    return list(newest.values())[:size]


def search(records: TransactionQuerySet, text: str, *, other: str) -> TransactionQuerySet:
    """Narrow by reference, note, exact amount, or the name of the other side.

    The first name and an initial, as in `Brian O.`: a member is shown no more of a stranger's
    name than that.
    """
    if not text:
        return records
    found = Q(reference__iexact=text) | Q(description__icontains=text)
    found |= named(text, f"{other}__user__name")
    with suppress(ValidationError):
        found |= Q(amount_cents=parse_shillings(text.upper().removeprefix("KES")))
    return records.filter(found)


def named(text: str, field: str) -> Q:
    """Whose first name begins with the first word, and last name with the last word's letter."""
    first, *rest = text.split()
    if not (first := first.rstrip(".")):
        return Q(pk__in=[])
    found = Q(**{f"{field}__istartswith": first})
    if not rest:
        return found
    initial = rest[-1][0]
    return found & Q(**{f"{field}__iregex": rf" {re.escape(initial)}[^ ]*$"})
