"""What the database refuses about partial reversals and claims.

All parts of a transaction together are at most its amount, less what an open claim will take. A
transaction with parts or an open claim has no whole reversal. A claim is only paid or ended, once.
A deposit pays it once, and all claims together take at most its amount.
"""

from __future__ import annotations

from ledger.attempt_guards import Rule, refusing
from wallet.db.guards import Guards, append_only, never_deleted

TRANSACTIONS = "ledger_transaction"
CLAIMS = "ledger_claim"
TAKINGS = "ledger_claimtaking"

TOO_MUCH = "partial reversals take back at most the whole of one completed transaction"
FIXED = "of what a transaction takes back a part never changes"
BAD_TAKING = "what a claim took is never replaced, and comes from a later deposit into its wallet"
BAD_CHANGE = "a claim is only paid or ended, once"
BAD_BEGIN = "a claim is never replaced, and begins with what is left, once its member has a message"
NO_DELETE = "a claim is never deleted"
NO_REPLACE = "UNIQUE constraint failed: a claim is never replaced"

TAKES_BACK = "NEW.part_of_id IS NOT NULL OR NEW.reverses_id IS NOT NULL"
PARTS_OF = f"""
    COALESCE((SELECT SUM(part.amount_cents) FROM {TRANSACTIONS} part
              WHERE part.part_of_id = {{of}}), 0)"""
# `take_claim` writes its parts under such keys, which no client's key can be.
BY_CLAIM = "'claim ' || claim.id || ' '"
OF_CLAIM = f"SUBSTR(COALESCE(NEW.idempotency_key, ''), 1, LENGTH({BY_CLAIM})) = {BY_CLAIM}"
CLAIMED_OF = f"""
    COALESCE((SELECT SUM(claim.amount_cents - claim.taken_cents) FROM {CLAIMS} claim
              WHERE claim.original_id = {{of}} AND claim.state = 'OPEN'
                AND NOT ({OF_CLAIM})), 0)"""
IS_TOO_MUCH = f"""(
    NEW.part_of_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM {TRANSACTIONS} original
        WHERE original.id = NEW.part_of_id AND original.status = 'SUCCESS'
          AND original.type IN ('DEPOSIT', 'TRANSFER')
          AND original.to_account_id = NEW.from_account_id
          AND COALESCE(original.from_account_id, 0) = COALESCE(NEW.to_account_id, 0)
          AND {PARTS_OF.format(of="original.id")} + {CLAIMED_OF.format(of="original.id")}
              + NEW.amount_cents <= original.amount_cents
          AND NOT EXISTS (SELECT 1 FROM {TRANSACTIONS} whole WHERE whole.reverses_id = original.id))
    OR NEW.reverses_id IS NOT NULL AND 0 < {PARTS_OF.format(of="NEW.reverses_id")}
       + {CLAIMED_OF.format(of="NEW.reverses_id")})"""

# On PostgreSQL the row of the original is locked first, so that two at the same time are counted
# in turn.
PARTS = Guards(
    sqlite={
        "ledger_transaction_parts": f"""
            BEFORE INSERT ON {TRANSACTIONS} WHEN ({TAKES_BACK}) AND {IS_TOO_MUCH}
            BEGIN SELECT RAISE(ABORT, '{TOO_MUCH}'); END""",
        "ledger_transaction_part_fixed": f"""
            BEFORE UPDATE OF part_of_id ON {TRANSACTIONS}
            WHEN NEW.part_of_id IS NOT OLD.part_of_id
            BEGIN SELECT RAISE(ABORT, '{FIXED}'); END""",
    },
    postgresql={
        (TRANSACTIONS, "ledger_transaction_parts"): f"""
        BEFORE INSERT ON {TRANSACTIONS} FOR EACH ROW WHEN ({TAKES_BACK})
        EXECUTE FUNCTION ledger_refuse_parts()""",
        (TRANSACTIONS, "ledger_transaction_part_fixed"): f"""
        BEFORE UPDATE OF part_of_id ON {TRANSACTIONS} FOR EACH ROW
        WHEN (NEW.part_of_id IS DISTINCT FROM OLD.part_of_id)
        EXECUTE FUNCTION refuse_change('{FIXED}')""",
    },
    fixed={TRANSACTIONS: ("part_of_id",)},
    functions=(
        f"""
CREATE OR REPLACE FUNCTION ledger_refuse_parts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM {TRANSACTIONS} WHERE id = COALESCE(NEW.part_of_id, NEW.reverses_id)
    FOR NO KEY UPDATE;
    IF {IS_TOO_MUCH} THEN
        RAISE EXCEPTION '{TOO_MUCH}' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
""",
    ),
)

NEVER_CHANGES = (
    *("id", "original_id", "account_id", "amount_cents", "reason", "key", "proposed_by_id"),
    *(
        "proposed_by_name",
        "approved_by_id",
        "approved_by_name",
        "notice_id",
        "opened_at",
        "after_id",
    ),
)
CHANGED = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in NEVER_CHANGES)
IS_BAD_CHANGE = f"""({CHANGED} OR OLD.state <> 'OPEN' OR NEW.taken_cents < OLD.taken_cents
    OR NEW.taken_cents <> COALESCE(
        (SELECT SUM(taking.cents) FROM {TAKINGS} taking WHERE taking.claim_id = NEW.id), 0))"""
IS_BAD_CLAIM = f"""(NEW.taken_cents <> 0
    OR NEW.opened_at < (SELECT open_from FROM ledger_books WHERE id = 1)
    OR NOT EXISTS (
    SELECT 1 FROM {TRANSACTIONS} original
    JOIN wallet_account account ON account.id = original.to_account_id
    JOIN wallet_user member ON member.id = account.user_id AND member.is_active
    JOIN wallet_message notice ON notice.id = NEW.notice_id AND notice.user_id = account.user_id
    WHERE original.id = NEW.original_id AND original.to_account_id = NEW.account_id
      AND original.status = 'SUCCESS' AND original.type IN ('DEPOSIT', 'TRANSFER')
      AND NOT EXISTS (SELECT 1 FROM {TRANSACTIONS} whole WHERE whole.reverses_id = original.id)
      AND {PARTS_OF.format(of="original.id")} + NEW.amount_cents <= original.amount_cents))"""
IS_BAD_TAKING = f"""(NOT EXISTS (
        SELECT 1 FROM {CLAIMS} claim
        JOIN {TRANSACTIONS} cause ON cause.id = NEW.cause_id
        JOIN ledger_entry entry ON entry.transaction_id = cause.id
             AND entry.account_id = claim.account_id AND entry.id > claim.after_id
        WHERE claim.id = NEW.claim_id AND claim.state = 'OPEN' AND cause.type = 'DEPOSIT'
          AND NEW.cents <= claim.amount_cents - claim.taken_cents
          AND NEW.cents <= cause.amount_cents - COALESCE(
              (SELECT SUM(taking.cents) FROM {TAKINGS} taking WHERE taking.cause_id = cause.id), 0))
    OR NEW.made_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM {TRANSACTIONS} made JOIN {CLAIMS} claim ON claim.id = NEW.claim_id
        WHERE made.id = NEW.made_id AND made.part_of_id = claim.original_id
          AND made.amount_cents = NEW.cents))"""

CHANGES = Rule(IS_BAD_CHANGE, IS_BAD_CHANGE, BAD_CHANGE)
BEGINS = Rule(IS_BAD_CLAIM, IS_BAD_CLAIM, BAD_BEGIN)
TAKES = Rule(IS_BAD_TAKING, IS_BAD_TAKING, BAD_TAKING)

CLAIM_GUARDS = (
    never_deleted(
        CLAIMS,
        deleted=NO_DELETE,
        replaced=NO_REPLACE,
        same=f"""SELECT 1 FROM {CLAIMS} WHERE id = NEW.id OR key = NEW.key
            OR notice_id = NEW.notice_id OR original_id = NEW.original_id AND state = 'OPEN'""",
    )
    | refusing(CLAIMS, "ledger_claim_changes", "UPDATE", CHANGES, fixed=NEVER_CHANGES)
    | refusing(CLAIMS, "ledger_claim_begins", "INSERT", BEGINS)
    | append_only(
        TAKINGS,
        changed="what a claim took is never changed",
        deleted="what a claim took is never deleted",
        replaced="UNIQUE constraint failed: what a claim took is never replaced",
        unique=[("claim_id", "cause_id"), "made_id"],
    )
    | refusing(TAKINGS, "ledger_claim_takes", "INSERT", TAKES)
)
