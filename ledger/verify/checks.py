"""The checks of the books, recomputed from the rows. Shares no code with the operations.

Each check is one SQL statement that finds the rows that break one rule, except those of closed
periods. So it sees the database at one instant, even while orders run, and can be run alone. Both
engines run the same text, except for days and triggers, where their SQL differs.
"""

from django.utils.translation import gettext_lazy as _

from ledger.verify import (
    account_days,
    attempts,
    claims,
    closes,
    goals,
    interest,
    seals,
    statements,
    suspense,
    triggers,
)
from ledger.verify.check import Check

CHECKS = (
    Check(
        "balances",
        _("Balances"),
        _("Every balance is the sum of its entries, and house accounts store none."),
        _("holds {balance_cents}, but its entries sum to {sum_cents}"),
        "account",
        """
        SELECT account.id, account.balance_cents,
               CASE WHEN account.user_id IS NULL THEN 0 ELSE COALESCE(written.cents, 0) END
                    AS sum_cents
        FROM wallet_account account
        LEFT JOIN (SELECT account_id, SUM(amount_cents) AS cents
                   FROM ledger_entry GROUP BY account_id) written
          ON written.account_id = account.id
        WHERE account.balance_cents <>
              CASE WHEN account.user_id IS NULL THEN 0 ELSE COALESCE(written.cents, 0) END
        ORDER BY account.id""",
    ),
    Check(
        "overdrafts",
        _("Balances below zero"),
        _("No member's balance is below zero."),
        _("holds {balance_cents}"),
        "account",
        """
        SELECT id, balance_cents FROM wallet_account WHERE balance_cents < 0 ORDER BY id""",
    ),
    Check(
        "sums",
        _("Sum of each transaction"),
        _("The entries of every transaction sum to zero."),
        _("its entries sum to {sum_cents}"),
        "transaction",
        """
        SELECT transaction_id AS id, SUM(amount_cents) AS sum_cents
        FROM ledger_entry GROUP BY transaction_id HAVING SUM(amount_cents) <> 0
        ORDER BY transaction_id""",
    ),
    Check(
        "total",
        _("Sum of all entries"),
        _("All entries together sum to zero."),
        _("the entries sum to {sum_cents}"),
        "table",
        """
        SELECT 'ledger_entry' AS name, sum_cents
        FROM (SELECT SUM(amount_cents) AS sum_cents FROM ledger_entry) total
        WHERE sum_cents <> 0""",
    ),
    Check(
        "shapes",
        _("Entries by type"),
        _("Every transaction has exactly the entries that its type and status require."),
        _(
            "{reference}: its {lines} entries don't fit a {type} of {amount_cents} with {status} "
            "and fee {fee_cents}"
        ),
        "transaction",
        statements.shapes,
    ),
    Check(
        "orders",
        _("Transaction columns"),
        _("The accounts, rail, fee, status and times of every transaction fit its type."),
        _(
            "{reference}: a {type} can't have status {status}, from account {source}, "
            "to account {target}, rail '{rail}', fee {fee_cents}, ordered {created_at}, "
            "settled {settled_at}"
        ),
        "transaction",
        statements.orders,
    ),
    Check(
        "reversals",
        _("Reversals"),
        _(
            "Every reversal takes back the whole of one completed deposit or transfer, and no "
            "other transaction does."
        ),
        _("{reference}: not a valid, single reversal of transaction {reverses}"),
        "transaction",
        statements.reversals,
    ),
    *claims.CHECKS,
    Check(
        "resolutions",
        _("Items in suspense"),
        _("Whatever resolves an item in suspense moves its whole amount, and only once."),
        _("{reference}: doesn't resolve the whole of an open item in suspense, {item}"),
        "transaction",
        suspense.RESOLUTIONS,
    ),
    Check(
        "parents",
        _("Entries without a parent"),
        _("Every entry belongs to a transaction and to an account."),
        _("{amount_cents}: transaction {record} or account {account} doesn't exist"),
        "entry",
        """
        SELECT entry.id, entry.transaction_id AS record, entry.account_id AS account,
               entry.amount_cents
        FROM ledger_entry entry
        WHERE NOT EXISTS (SELECT 1 FROM wallet_account WHERE id = entry.account_id)
           OR NOT EXISTS (SELECT 1 FROM ledger_transaction WHERE id = entry.transaction_id)
        ORDER BY entry.id""",
    ),
    Check(
        "running",
        _("Balance after each entry"),
        _(
            "Every entry on a wallet stores the balance after it: the balance of the entry before, "
            "plus its own amount. Entries on house accounts store none."
        ),
        _("on account {account}: {before_cents} plus {amount_cents} isn't {balance_after_cents}"),
        "entry",
        """
        SELECT id, record, account, amount_cents, before_cents, balance_after_cents FROM (
            SELECT entry.id, entry.transaction_id AS record, entry.account_id AS account,
                   entry.amount_cents, entry.balance_after_cents, account.user_id,
                   LAG(entry.balance_after_cents, 1, 0)
                       OVER (PARTITION BY entry.account_id ORDER BY entry.id) AS before_cents
            FROM ledger_entry entry JOIN wallet_account account ON account.id = entry.account_id
        ) line
        WHERE CASE WHEN user_id IS NULL THEN balance_after_cents IS NOT NULL
                   ELSE balance_after_cents IS NULL OR before_cents IS NULL
                        OR balance_after_cents <> before_cents + amount_cents END
        ORDER BY id""",
    ),
    Check(
        "times",
        _("Entries in time order"),
        _("On every wallet, no entry is older than the one before it."),
        _("on account {account}: written {created_at}, but the entry before it {before_at}"),
        "entry",
        """
        SELECT id, record, account, created_at, before_at FROM (
            SELECT id, transaction_id AS record, account_id AS account, created_at,
                   LAG(created_at) OVER (PARTITION BY account_id ORDER BY id) AS before_at
            FROM ledger_entry WHERE account_id > 0) line
        WHERE created_at < before_at
        ORDER BY id""",
    ),
    Check(
        "moments",
        _("Entries within their transaction"),
        _("Every entry was written between the order and the settlement of its transaction."),
        _(
            "written {created_at}, but transaction {record} was ordered {ordered_at} "
            "and settled {settled_at}"
        ),
        "entry",
        """
        SELECT entry.id, entry.transaction_id AS record, entry.created_at,
               record.created_at AS ordered_at, record.settled_at
        FROM ledger_entry entry JOIN ledger_transaction record ON record.id = entry.transaction_id
        WHERE entry.created_at < record.created_at OR entry.created_at > record.settled_at
        ORDER BY entry.id""",
    ),
    Check(
        "transit",
        _("Money in transit"),
        _("The money in transit is the sum of the pending payouts."),
        _("holds {held_cents}, but pending payouts sum to {open_cents}"),
        "account",
        statements.transit,
    ),
    *attempts.CHECKS,
    *goals.CHECKS,
    interest.CHECK,
    Check(
        "keys",
        _("Idempotency keys"),
        _("Each member uses an idempotency key for one transaction only."),
        _("{reference}: transaction {first} already has its key {key}"),
        "transaction",
        """
        SELECT id, reference, idempotency_key AS key, first FROM (
            SELECT id, reference, idempotency_key,
                   MIN(id) OVER (PARTITION BY created_by_id, idempotency_key) AS first
            FROM ledger_transaction WHERE idempotency_key IS NOT NULL) named
        WHERE id <> first
        ORDER BY id""",
    ),
    Check(
        "references",
        _("References"),
        _("Every reference belongs to one transaction."),
        _("transaction {first} already has the reference {reference}"),
        "transaction",
        """
        SELECT id, reference, first FROM (
            SELECT id, reference, MIN(id) OVER (PARTITION BY reference) AS first
            FROM ledger_transaction) named
        WHERE id <> first
        ORDER BY id""",
    ),
    Check(
        "rollups",
        _("Daily totals"),
        _("The stored totals of each day match its entries."),
        _("debits differ by {debit_cents}, credits by {credit_cents}, entries by {lines}"),
        "day",
        statements.rollups,
    ),
    Check(
        "running_totals",
        _("House balances"),
        _("The stored balances of each house account match its entries."),
        _("of account {account}: stores {balance_cents}, but the entries sum to {sum_cents}"),
        "house balance",
        statements.RUNNING_TOTALS,
    ),
    *account_days.CHECKS,
    *closes.CHECKS,
    *seals.CHECKS,
    Check(
        "guards",
        _("Triggers"),
        _("The database has the triggers that protect the books, the audit trail and staff notes."),
        _("missing, disabled or not the version that this release installs"),
        "trigger",
        triggers.guards,
    ),
)


def by_name(name: str) -> Check | None:
    return next((check for check in CHECKS if check.name == name), None)
