"""What must hold of items in suspense, for `verify_ledger`. Never calls the operations."""

from __future__ import annotations

# What the entries of a transaction change suspense by.
CENTS = """
    COALESCE((SELECT SUM(entry.amount_cents) FROM ledger_entry entry
              JOIN wallet_account account ON account.id = entry.account_id
              WHERE entry.transaction_id = {id} AND account.kind = 'suspense'), 0)"""

# A resolution that doesn't take back all that its item changed suspense by, or one of two. And an
# adjustment of suspense that settles no item.
RESOLUTIONS = f"""
    SELECT id, reference, item FROM (
    SELECT record.id, record.reference, record.resolves_id AS item
    FROM ledger_transaction record
    LEFT JOIN ledger_transaction item ON item.id = record.resolves_id
    WHERE record.resolves_id IS NOT NULL AND (
        item.id IS NULL OR item.id > record.id OR item.resolves_id IS NOT NULL
        OR item.status <> 'SUCCESS' OR item.amount_cents <> record.amount_cents
        OR {CENTS.format(id="item.id")} = 0
        OR {CENTS.format(id="record.id")} <>
           CASE record.status WHEN 'FAILED' THEN 0 ELSE -{CENTS.format(id="item.id")} END
        OR record.status <> 'FAILED' AND EXISTS (
            SELECT 1 FROM ledger_transaction other
            WHERE other.resolves_id = record.resolves_id AND other.status <> 'FAILED'
              AND other.id < record.id))
    UNION ALL
    SELECT record.id, record.reference, record.resolves_id AS item
    FROM wallet_account house JOIN ledger_transaction record
      ON record.from_account_id = house.id OR record.to_account_id = house.id
    WHERE house.kind = 'suspense' AND record.resolves_id IS NULL
    ) wrong ORDER BY id"""
