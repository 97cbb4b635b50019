"""What must hold of attempts, said once more, for `verify_ledger`. Never calls the operations."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ledger.kinds import CHARGE
from ledger.verify.check import Check

# How a transaction stands, by the state of its attempt.
STATUS_OF_STATE = """
    CASE attempt.state WHEN 'SUCCEEDED' THEN 'SUCCESS' WHEN 'FAILED' THEN 'FAILED'
                       WHEN 'CANCELLED' THEN 'FAILED' ELSE 'PENDING' END"""

# An attempt that disagrees with its transaction, or an open transaction without one.
ATTEMPTS = f"""
    SELECT id, reference, state, status FROM (
        SELECT record.id, record.reference, attempt.state, record.status
        FROM ledger_attempt attempt JOIN ledger_transaction record
          ON record.id = attempt.transaction_id
        WHERE record.status <> {STATUS_OF_STATE} OR record.rail <> attempt.rail
           OR attempt.is_payout <> (record.to_account_id IS NULL)
           OR attempt.ended_at <> record.settled_at OR attempt.created_at <> record.created_at
        UNION ALL
        SELECT record.id, record.reference, NULL AS state, record.status
        FROM ledger_transaction record
        WHERE record.status = 'PENDING' AND NOT EXISTS (
            SELECT 1 FROM ledger_attempt attempt WHERE attempt.transaction_id = record.id)
    ) wrong ORDER BY id"""

# Money in transit belongs to payouts whose attempts are open, to the cent.
PAYOUTS = """
    SELECT id, held_cents, open_cents FROM (
        SELECT account.id,
               COALESCE((SELECT SUM(amount_cents) FROM ledger_entry
                         WHERE account_id = account.id), 0) AS held_cents,
               COALESCE((SELECT SUM(record.amount_cents + record.fee_cents)
                         FROM ledger_attempt attempt
                         JOIN ledger_transaction record ON record.id = attempt.transaction_id
                         WHERE record.to_account_id IS NULL
                           AND attempt.state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELLED')), 0)
                    AS open_cents
        FROM wallet_account account WHERE account.kind = 'in_transit') transit
    WHERE held_cents <> open_cents"""

# Sent without its approvals, or approved by a person whose own payment it is.
APPROVALS = """
    SELECT record.id, record.reference, attempt.state, attempt.approvals_needed AS needed,
           given.people, given.own
    FROM (SELECT attempt.id,
                 COUNT(CASE approval.decision WHEN 'approve' THEN 1 END) AS people,
                 COUNT(CASE WHEN approval.person_id
                       IN (record.created_by_id, source.user_id, target.user_id) THEN 1 END) AS own
          FROM ledger_attempt attempt
          JOIN ledger_transaction record ON record.id = attempt.transaction_id
          LEFT JOIN wallet_account source ON source.id = record.from_account_id
          LEFT JOIN wallet_account target ON target.id = record.to_account_id
          LEFT JOIN ledger_approval approval ON approval.attempt_id = attempt.id
          GROUP BY attempt.id) given
    JOIN ledger_attempt attempt ON attempt.id = given.id
    JOIN ledger_transaction record ON record.id = attempt.transaction_id
    WHERE given.own > 0 OR given.people <> attempt.approvals_given
       OR attempt.state NOT IN ('HELD', 'CANCELLED') AND given.people < attempt.approvals_needed
    ORDER BY record.id"""

# About to be sent, or being sent, although people have said what became of it.
VERDICTS = """
    SELECT record.id, record.reference, attempt.state
    FROM ledger_attempt attempt JOIN ledger_transaction record
      ON record.id = attempt.transaction_id
    WHERE attempt.state IN ('READY', 'SENDING')
      AND EXISTS (SELECT 1 FROM ledger_verdict WHERE attempt_id = attempt.id)
    ORDER BY record.id"""

# Money that came in under a receipt is booked once, and by the transaction that its arrival names.
ARRIVALS = """
    SELECT id, reference, receipt FROM (
        SELECT record.id, record.reference, arrival.receipt
        FROM ledger_arrival arrival JOIN ledger_transaction record
          ON record.id = arrival.transaction_id
        LEFT JOIN ledger_attempt attempt ON attempt.transaction_id = record.id
        WHERE arrival.amount_cents <> record.amount_cents OR arrival.rail <> record.rail
           OR record.status <> 'SUCCESS'
           OR CASE WHEN record.to_account_id IS NULL THEN FALSE
                   ELSE attempt.receipt IS NULL OR attempt.receipt <> arrival.receipt END
        UNION ALL
        SELECT record.id, record.reference, attempt.receipt
        FROM ledger_attempt attempt JOIN ledger_transaction record
          ON record.id = attempt.transaction_id
        WHERE attempt.receipt IS NOT NULL AND record.to_account_id IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM ledger_arrival arrival
                          WHERE arrival.transaction_id = record.id)
    ) wrong ORDER BY id"""

# A rail's charge that isn't of one paid payout on the same rail. Its key names the payout.
CHARGES = f"""
    SELECT record.id, record.reference, record.description
    FROM ledger_transaction record
    LEFT JOIN ledger_transaction payout ON payout.reference = substr(record.idempotency_key, 8)
    LEFT JOIN ledger_attempt attempt ON attempt.transaction_id = payout.id
    WHERE record.type = '{CHARGE.code}'
      AND (record.idempotency_key IS NULL OR substr(record.idempotency_key, 1, 7) <> 'charge '
           OR attempt.state IS NULL OR attempt.state <> 'SUCCEEDED'
           OR payout.to_account_id IS NOT NULL OR payout.rail <> record.rail
           OR payout.created_by_id <> record.created_by_id)
    ORDER BY record.id"""

# One receipt names one payout of a rail, or one payment that came in. One of each is an incident:
# a forged message mustn't make the books wrong.
RECEIPTS = """
    SELECT id, reference, receipt, first FROM (
        SELECT record.id, record.reference, attempt.receipt,
               MIN(record.id) OVER (
                   PARTITION BY attempt.rail, attempt.is_payout, attempt.receipt) AS first
        FROM ledger_attempt attempt JOIN ledger_transaction record
          ON record.id = attempt.transaction_id
        WHERE attempt.receipt IS NOT NULL) named
    WHERE id <> first
    ORDER BY id"""

CHECKS = (
    Check(
        "attempts",
        _("Attempts"),
        _("Every attempt stands as its transaction does, and what is open has one."),
        _("{reference}: is {status}, but its attempt is {state}"),
        "transaction",
        ATTEMPTS,
    ),
    Check(
        "payouts",
        _("Open payouts"),
        _("Money in transit is that of payouts whose attempts are open."),
        _("holds {held_cents}, but open attempts pay out {open_cents}"),
        "account",
        PAYOUTS,
    ),
    Check(
        "approvals",
        _("Approvals"),
        _("Every payout that was sent has its approvals, by people it doesn't belong to."),
        _("{reference}: {state} with {people} of {needed} approvals, {own} by its own people"),
        "transaction",
        APPROVALS,
    ),
    Check(
        "verdicts",
        _("Verdicts"),
        _("A payment isn't sent again once people have said what became of it."),
        _("{reference}: {state}, although people have said what became of it"),
        "transaction",
        VERDICTS,
    ),
    Check(
        "receipts",
        _("Receipts"),
        _("A receipt names one payment of its rail."),
        _("{reference}: its receipt {receipt} already names transaction {first}"),
        "transaction",
        RECEIPTS,
    ),
    Check(
        "arrivals",
        _("Money that came in"),
        _("Money that came in under a receipt is booked once, with its amount."),
        _("{reference}: isn't what came in under the receipt {receipt}"),
        "transaction",
        ARRIVALS,
    ),
    Check(
        "charges",
        _("Rail charges"),
        _("Every charge of a rail belongs to one payout that the rail has paid."),
        _("{reference}: no paid payout has this charge ({description})"),
        "transaction",
        CHARGES,
    ),
)
