"""A member's transactions, newest first, one page at a time."""

from __future__ import annotations

import heapq
from typing import NamedTuple

from django.db.models import Q

from ledger.models import Favourite, Transaction
from ledger.querysets import TransactionQuerySet
from ledger.references import as_reference
from wallet.db.text_search import holds
from wallet.models import Account
from wallet.money import cents_in
from wallet.names import search_words
from wallet.web import paging


class Payee(NamedTuple):
    """Someone to send to again: a transfer to them, and whether the member saved them."""

    record: Transaction
    is_saved: bool = False


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
    """A page of the `records` into or out of `account`. The cursor is as in `paging.page`.

    Money in and money out are two queries, each along its own index, merged here. One query
    with OR would sort the member's whole history.
    """
    found = sides(account, records, direction, text)
    older = [paging.after(side, cursor, by=by).order_by("-pk")[: size + 1] for side in found]
    return paging.cut(heapq.merge(*older, key=lambda record: -record.pk), size, by=by)


def count(
    account: Account,
    records: TransactionQuerySet,
    most: int,
    *,
    direction: str = "",
    text: str = "",
) -> int:
    """How many of the `records` went into or out of `account`. Counts no further than `most`."""
    found = sides(account, records, direction, text)
    return min(sum(side.order_by()[:most].count() for side in found), most)


def sides(
    account: Account, records: TransactionQuerySet, direction: str, text: str
) -> list[TransactionQuerySet]:
    """What went out of `account`, and what came in."""
    found = []
    if direction != "in":
        found.append(search(records.filter(from_account=account), text, other="to_account"))
    if direction != "out":
        found.append(search(records.filter(to_account=account), text, other="from_account"))
    return found


def latest(account: Account, size: int) -> list[Transaction]:
    """The member's newest transactions of any kind."""
    return page(account, Transaction.objects.for_members(), None, size).rows


def payees(account: Account, size: int) -> list[Payee]:
    """The people that the member saved, and the last others this account has sent to.

    The others fill the list up to `size`. There is at least one of them, however many are saved.
    """
    saved = saved_payees(account)
    known = {payee.record.to_account_id for payee in saved}
    recent = [each for each in recent_payees(account, size) if each.to_account_id not in known]
    return saved + [Payee(record) for record in recent[: max(size - len(saved), 1)]]


def saved_payees(account: Account) -> list[Payee]:
    """The people that the account's owner saved, the last one first."""
    saved = Favourite.objects.filter(user=account.user_id, payee__user__is_active=True)
    found = saved.select_related("payment__to_account__user").order_by("-pk")
    return [Payee(each.payment, is_saved=True) for each in found]


def recent_payees(account: Account, size: int) -> list[Transaction]:
    """The newest transfer to each of the last `size` people this account has sent to.

    Looks only at the newest 100 transactions out, so that a long history isn't slow.
    """
    sent = Transaction.objects.filter(from_account=account).select_related("to_account__user")
    newest: dict[int, Transaction] = {}
    for record in sent.order_by("-pk")[:100]:
        target = record.to_account
        if target and target.user and target.user.is_active and record.kind.names_payee:
            newest.setdefault(target.pk, record)
    return list(newest.values())[:size]


def search(records: TransactionQuerySet, text: str, *, other: str) -> TransactionQuerySet:
    """Keep the records that match by reference, note, exact amount or the other member's name."""
    if not text:
        return records
    found = holds("description", text) | name_is(text, f"{other}__user")
    found |= holds(f"{other}__goal__name", text)
    if reference := as_reference(text):
        found |= Q(reference=reference)
    if cents := cents_in(text):
        found |= Q(amount_cents=cents)
    return records.filter(found)


def name_is(text: str, person: str) -> Q:
    """Match people by what others see of their name: `Brian O.`, or all of it by their choice.

    Of a typed surname only the first letter counts otherwise, so search can't reveal the rest.
    """
    words = search_words(text)
    if not words:
        return Q(pk__in=[])
    column = f"{person}__search_short_name"
    found = Q(**{f"{column}__startswith": " ".join(words)})
    whole = {f"{person}__search_name__contains": " ".join(words)}
    found |= Q(**whole, **{f"{person}__shows_full_name": True})
    first, *rest = words
    if rest:
        ends = {f"{column}__startswith": first, f"{column}__endswith": f" {rest[-1][0]}"}
        found |= Q(**ends)
    return found
