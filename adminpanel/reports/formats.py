"""The books as CSV, and as journals of beancount and hledger.

In both journals a debit is above zero. Text is escaped, so that nothing a rail sent is syntax.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from django.utils import timezone

from adminpanel.exports.datasets import Piece, csv_pieces
from adminpanel.reports import books
from adminpanel.reports.books import Books, Frame, Journal, Posting
from ledger.csv_export import Cell
from ledger.querysets import NAIROBI
from wallet.models import Account
from wallet.money import shillings

KES = Account.Currency.KES.value
HEADINGS = (
    *("entry", "posted_at", "account_code", "account", "member_account", "debit", "credit"),
    *("currency", "balance_after", "transaction", "type", "status", "ordered_at", "settled_at"),
    *("receipt", "reverses"),
)
# What ends a tag, a description or a line in one of the two journals.
SYNTAX = re.compile(r"[\s,;|()\[\]{}\"\\:]+")


def plain(text: str) -> str:
    """The text without anything that one of the journals reads as syntax."""
    return SYNTAX.sub(" ", "".join(filter(str.isprintable, text))).strip()


def amount(cents: int) -> str:
    return f"{shillings(cents):.2f} {KES}"


def moment(at: datetime | None) -> str:
    return f"{timezone.localtime(at, NAIROBI):%Y-%m-%dT%H:%M:%S%z}" if at else ""


# --- CSV


def as_csv(asked: Books) -> Iterator[Piece]:
    return csv_pieces(HEADINGS, map(cells, books.postings(asked)))


def cells(one: Posting) -> list[Cell]:
    """One entry. The balance of what we have is a debit, as in the columns: below zero then."""
    return [
        one.id,
        one.at,
        one.account.code,
        str(one.account.label),
        one.member_account or None,
        shillings(-one.cents) if one.cents < 0 else None,
        shillings(one.cents) if one.cents > 0 else None,
        KES,
        shillings(one.balance_cents),
        one.reference,
        one.type,
        one.status,
        one.ordered_at,
        one.settled_at,
        one.receipt or None,
        one.reverses or None,
    ]


# --- beancount


def as_beancount(asked: Books) -> Iterator[Piece]:
    return pieces(asked, beancount_head, beancount_journal, beancount_ends)


def beancount_head(frame: Frame) -> Iterator[str]:
    yield f'option "title" "Nissmart, {frame.first} to {frame.last}"\n'
    yield f'option "operating_currency" "{KES}"\n\n'
    for account in frame.accounts:
        yield f"{frame.opened} open {account.path} {KES}\n"
        yield f'  name: "{plain(str(account.label))}"\n'
    yield f'\n{frame.opened} * "Opening balances"\n'
    yield from opening(frame)


def beancount_journal(journal: Journal) -> Iterator[str]:
    one = journal.first
    yield f'\n{one.day} * "{plain(one.title)}"\n'
    for name, text in facts(one).items():
        yield f'  {name}: "{text}"\n'
    for each in journal.postings:
        yield f"  {each.account.path}  {amount(-each.cents)}\n"
        yield f'    entry: "{each.id}"\n'
        yield f"    after: {amount(-each.balance_cents)}\n"
        if each.member_account:
            yield f'    member-account: "{each.member_account}"\n'


def beancount_ends(frame: Frame) -> Iterator[str]:
    """Balances at the start of the day after. beancount compares them with the entries."""
    yield "\n"
    for day, account, cents in frame.day_ends():
        yield f"{day + timedelta(days=1)} balance {account.path}  {amount(-cents)}\n"


# --- hledger


def as_hledger(asked: Books) -> Iterator[Piece]:
    return pieces(asked, hledger_head, hledger_journal, hledger_ends)


def hledger_head(frame: Frame) -> Iterator[str]:
    yield f"; Nissmart, {frame.first} to {frame.last}\n"
    yield f"commodity 1000.00 {KES}\n"
    for account in frame.accounts:
        yield f"account {account.path}  ; {plain(str(account.label))}\n"
    yield f"\n{frame.opened} * Opening balances\n"
    yield from opening(frame)


def hledger_journal(journal: Journal) -> Iterator[str]:
    one = journal.first
    yield f"\n{one.day} * ({one.reference}) {plain(one.title)}\n"
    for name, text in facts(one).items():
        yield f"    ; {name}: {text}\n"
    for each in journal.postings:
        tags = f"entry: {each.id}, after: {amount(-each.balance_cents)}"
        member = f", member-account: {each.member_account}" if each.member_account else ""
        yield f"    {each.account.path}  {amount(-each.cents)}  ; {tags}{member}\n"


def hledger_ends(frame: Frame) -> Iterator[str]:
    """Balances at the end of the day. hledger compares them with the entries above."""
    for day, account, cents in frame.day_ends():
        yield f"\n{day} * End of the day\n"
        yield f"    {account.path}  0.00 {KES} = {amount(-cents)}\n"


# --- What both share


def opening(frame: Frame) -> Iterator[str]:
    """What each account held before the period."""
    for account in frame.accounts:
        if cents := frame.opening[account.kind]:
            yield f"    {account.path}  {amount(-cents)}\n"


def facts(one: Posting) -> Mapping[str, str]:
    """What the journal says of a transaction, beside its amounts."""
    found = {
        "transaction": one.reference,
        "type": one.type,
        "ordered": moment(one.ordered_at),
        "settled": moment(one.settled_at),
        "written": moment(one.at),
        "receipt": plain(one.receipt),
        "reverses": one.reverses,
    }
    return {name: text for name, text in found.items() if text}


def pieces(
    asked: Books,
    head: Callable[[Frame], Iterator[str]],
    write: Callable[[Journal], Iterator[str]],
    ends: Callable[[Frame], Iterator[str]],
) -> Iterator[Piece]:
    frame = Frame(asked)
    yield Piece("".join(head(frame)), 0)
    for journal in books.journals(books.postings(asked)):
        yield Piece("".join(write(journal)), len(journal.postings))
    yield Piece("".join(ends(frame)), 0)


FORMATS: Mapping[str, Callable[[Books], Iterator[Piece]]] = {
    "csv": as_csv,
    "beancount": as_beancount,
    "hledger": as_hledger,
}
ENDINGS = {"csv": "csv", "beancount": "beancount", "hledger": "journal"}
