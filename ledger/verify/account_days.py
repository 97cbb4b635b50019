"""The check of the stored days of members' accounts against the entries they sum."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ledger import kinds
from ledger.verify.check import Check
from ledger.verify.statements import DAY, in_list

SUMS = (
    "in_cents",
    "out_cents",
    "credited_cents",
    "debited_cents",
    "fee_cents",
    "line_count",
)
OWN = in_list(kind.code for kind in kinds.every() if kind.moves_own)
# The fee of an order comes after its amount, and may be equal to it.
IS_FEE = """
    record.fee_cents > 0 AND ABS(entry.amount_cents) = record.fee_cents
    AND (record.fee_cents <> record.amount_cents OR EXISTS (
        SELECT 1 FROM ledger_entry earlier
        WHERE earlier.account_id = entry.account_id AND earlier.id < entry.id
          AND earlier.transaction_id = entry.transaction_id
          AND earlier.amount_cents = entry.amount_cents))"""


def days(engine: str) -> str:
    """SQL that finds the account and day whose stored sums differ from the folded entries."""
    entry_day = DAY[engine]
    order_day = entry_day.replace("entry.", "record.")
    folded = """
        FROM ledger_entry entry JOIN ledger_transaction record ON record.id = entry.transaction_id
        WHERE entry.account_id > 0
          AND entry.id <= (SELECT accounts_through_id FROM ledger_rollupmark)"""
    wrong = " OR ".join(f"SUM({name}) <> 0" for name in SUMS)
    return f"""
    SELECT day || ' of ' || account_id AS name, {", ".join(f"SUM({one}) AS {one}" for one in SUMS)},
           MAX(last_id) AS last_id, MAX(entry_id) AS entry_id
    FROM (
        SELECT account_id, day, {", ".join(SUMS)}, last_id, 0 AS entry_id FROM ledger_accountday
        UNION ALL
        SELECT entry.account_id, {order_day} AS day,
               CASE WHEN record.from_account_id = entry.account_id THEN 0
                    ELSE -entry.amount_cents END,
               CASE WHEN record.from_account_id = entry.account_id THEN entry.amount_cents
                    ELSE 0 END,
               0, 0, 0, 0, 0, 0
        {folded} AND record.type NOT IN {OWN}
        UNION ALL
        SELECT entry.account_id, {entry_day} AS day, 0, 0,
               CASE WHEN entry.amount_cents > 0 THEN -entry.amount_cents ELSE 0 END,
               CASE WHEN entry.amount_cents < 0 AND NOT ({IS_FEE})
                    THEN entry.amount_cents ELSE 0 END,
               CASE WHEN entry.amount_cents < 0 AND ({IS_FEE})
                    THEN entry.amount_cents ELSE 0 END,
               -1, 0, entry.id
        {folded}) both_sides
    GROUP BY account_id, day
    HAVING {wrong} OR MAX(last_id) <> MAX(entry_id)
    ORDER BY account_id, day"""


CHECKS = (
    Check(
        "account_days",
        _("Days of accounts"),
        _("The stored sums of each member's days match the entries."),
        _(
            "in differs by {in_cents}, out by {out_cents}; lines: in by {credited_cents}, out by"
            " {debited_cents}, fees by {fee_cents}, number by {line_count}; last entry {last_id},"
            " should be {entry_id}"
        ),
        "day",
        days,
    ),
)
