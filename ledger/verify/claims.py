"""What must hold of partial reversals and claims, for `verify_ledger`. Never calls operations."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ledger import kinds
from ledger.verify.check import Check

PART_KINDS = ", ".join(f"'{kind.code}'" for kind in kinds.every() if kind.takes_part)
REVERSIBLE = ", ".join(f"'{kind.code}'" for kind in kinds.every() if kind.is_reversible)

# The sum is over all parts up to this one: so the one that went too far is named.
PARTS = f"""
    SELECT record.id, record.reference, record.part_of_id AS original
    FROM ledger_transaction record
    LEFT JOIN ledger_transaction original ON original.id = record.part_of_id
    WHERE (record.part_of_id IS NOT NULL OR record.type IN ({PART_KINDS})) AND (
        original.id IS NULL OR record.type NOT IN ({PART_KINDS})
        OR original.type NOT IN ({REVERSIBLE}) OR original.status <> 'SUCCESS'
        OR original.id > record.id
        OR original.to_account_id <> record.from_account_id
        OR COALESCE(original.from_account_id, 0) <> COALESCE(record.to_account_id, 0)
        OR original.amount_cents < (
            SELECT SUM(part.amount_cents) FROM ledger_transaction part
            WHERE part.part_of_id = original.id AND part.id <= record.id)
        OR EXISTS (SELECT 1 FROM ledger_transaction whole WHERE whole.reverses_id = original.id))
    ORDER BY record.id"""

CLAIMS = f"""
    SELECT claim.id, original.reference, claim.taken_cents,
           COALESCE(taken.cents, 0) AS paid_cents
    FROM ledger_claim claim
    LEFT JOIN ledger_transaction original ON original.id = claim.original_id
    LEFT JOIN wallet_account account ON account.id = claim.account_id
    LEFT JOIN wallet_message notice ON notice.id = claim.notice_id
    LEFT JOIN (SELECT claim_id, SUM(cents) AS cents
               FROM ledger_claimtaking GROUP BY claim_id) taken ON taken.claim_id = claim.id
    WHERE original.id IS NULL OR original.to_account_id <> claim.account_id
       OR notice.id IS NULL OR notice.user_id <> account.user_id OR notice.topic <> 'claimed'
       OR claim.proposed_by_id = claim.approved_by_id
       OR claim.end_proposed_by_id = claim.end_approved_by_id
       OR claim.taken_cents <> COALESCE(taken.cents, 0)
       OR claim.taken_cents > claim.amount_cents
       OR (claim.state = 'PAID') <> (claim.taken_cents = claim.amount_cents)
       OR (claim.state = 'ENDED') <> (claim.end_approved_by_id IS NOT NULL)
       OR claim.state = 'OPEN' AND (
            EXISTS (SELECT 1 FROM ledger_transaction whole WHERE whole.reverses_id = original.id)
            OR claim.amount_cents - claim.taken_cents > original.amount_cents - COALESCE((
                SELECT SUM(part.amount_cents) FROM ledger_transaction part
                WHERE part.part_of_id = original.id), 0))
       OR EXISTS (
            SELECT 1 FROM ledger_claimtaking taking
            LEFT JOIN ledger_transaction made ON made.id = taking.made_id
            LEFT JOIN ledger_transaction cause ON cause.id = taking.cause_id
            WHERE taking.claim_id = claim.id AND (
                cause.id IS NULL OR cause.type <> '{kinds.DEPOSIT.code}'
                OR cause.to_account_id <> claim.account_id
                OR NOT EXISTS (
                    SELECT 1 FROM ledger_entry entry
                    WHERE entry.transaction_id = cause.id AND entry.account_id = claim.account_id
                      AND entry.id > claim.after_id)
                OR cause.amount_cents < (
                    SELECT SUM(paid.cents) FROM ledger_claimtaking paid
                    WHERE paid.cause_id = cause.id AND paid.id <= taking.id)
                OR COALESCE(made.amount_cents, 0) <> taking.cents
                OR made.id IS NOT NULL AND COALESCE(made.part_of_id, 0) <> claim.original_id))
    ORDER BY claim.id"""

CHECKS = (
    Check(
        "parts",
        _("Partial reversals"),
        _(
            "All partial reversals of a completed deposit or transfer take back at most its whole "
            "amount, on the way it came."
        ),
        _("{reference}: not a valid part of a reversal of transaction {original}"),
        "transaction",
        PARTS,
    ),
    Check(
        "claims",
        _("Claims"),
        _(
            "Two people agreed on every claim, its member has a message, and what it took is what "
            "its deposits paid, at most the whole of each. An open one claims at most what "
            "is left to reverse."
        ),
        _("on {reference}: took {taken_cents}, and its deposits paid {paid_cents}"),
        "claim",
        CLAIMS,
    ),
)
