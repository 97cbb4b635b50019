"""The trial balance of a period, by number of account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from ledger.closing.periods import Period
from ledger.closing.sections import between, long_read
from wallet import house

OF_PERIOD = """
    SELECT COALESCE(account.kind, ''),
           SUM(CASE WHEN entry.created_at < %(start)s THEN entry.amount_cents ELSE 0 END),
           SUM(CASE WHEN entry.created_at >= %(start)s AND entry.amount_cents < 0
               THEN -entry.amount_cents ELSE 0 END),
           SUM(CASE WHEN entry.created_at >= %(start)s AND entry.amount_cents > 0
               THEN entry.amount_cents ELSE 0 END)
    FROM ledger_entry entry LEFT JOIN wallet_account account ON account.id = entry.account_id
    WHERE entry.created_at < %(end)s GROUP BY COALESCE(account.kind, '')"""

# A line: what the account held, was debited, was credited and then held. Credits count up.
type Line = dict[str, Any]


def after_movement(before: Sequence[Line], moved: Mapping[str, Sequence[int]]) -> list[Line]:
    """The trial balance after a day: that of the day before, and what moved by kind of account."""
    opening = {line["code"]: line["closing_cents"] for line in before}
    debits: dict[str, int] = defaultdict(int)
    credits: dict[str, int] = defaultdict(int)
    for kind, (debit_cents, credit_cents) in moved.items():
        debits[code_of(kind)] += debit_cents
        credits[code_of(kind)] += credit_cents
    return [
        to_line(code, opening.get(code, 0), debits[code], credits[code])
        for code in sorted({*opening, *debits, *credits})
    ]


def of_period(period: Period) -> list[Line]:
    """The trial balance of any period, from all entries until its end."""
    with long_read(), connection.cursor() as cursor:
        cursor.execute(OF_PERIOD, between(period.starts_at, period.ends_at))
        rows = cursor.fetchall()
    before = [to_line(code_of(kind), 0, 0, int(opening)) for kind, opening, _debit, _credit in rows]
    moved = {kind: (int(debit), int(credit)) for kind, _opening, debit, credit in rows}
    return after_movement(before, moved)


def to_line(code: str, opening_cents: int, debit_cents: int, credit_cents: int) -> Line:
    return {
        "code": code,
        "opening_cents": opening_cents,
        "debit_cents": debit_cents,
        "credit_cents": credit_cents,
        "closing_cents": opening_cents - debit_cents + credit_cents,
    }


def code_of(kind: str) -> str:
    """The number of this kind of account. `0000` if the account isn't there any more."""
    return house.code_of(kind) if kind else "0000"
