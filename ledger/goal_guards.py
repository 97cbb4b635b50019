"""What the database refuses about savings goals and their locks.

On SQLite our schema editor keeps a trigger that looks into another table out of the way of that
table's migrations.
"""

from __future__ import annotations

from ledger.attempt_guards import Rule, refusing
from wallet.db.guards import Guards

NOT_OWN = (
    "money moves between open accounts of one member, a wallet or a goal as its type says, "
    "and not out of a frozen one"
)
IS_OWN_MOVE = "NEW.type IN ('SAVE', 'TAKE', 'MOVE')"
IS_NOT_OWN = """NOT EXISTS (
    SELECT 1 FROM wallet_account source JOIN wallet_account target
        ON target.user_id = source.user_id
    WHERE source.id = NEW.from_account_id AND target.id = NEW.to_account_id
      AND source.kind = CASE NEW.type WHEN 'SAVE' THEN 'wallet' ELSE 'goal' END
      AND target.kind = CASE NEW.type WHEN 'TAKE' THEN 'wallet' ELSE 'goal' END
      AND source.closed_at IS NULL AND target.closed_at IS NULL AND NOT source.is_frozen)"""

OWN_MOVES = Guards(
    sqlite={
        "ledger_transaction_own_move": f"""
            BEFORE INSERT ON ledger_transaction
            WHEN {IS_OWN_MOVE} AND {IS_NOT_OWN}
            BEGIN SELECT RAISE(ABORT, '{NOT_OWN}'); END""",
    },
    postgresql={
        ("ledger_transaction", "ledger_transaction_own_move"): f"""
        BEFORE INSERT ON ledger_transaction FOR EACH ROW WHEN ({IS_OWN_MOVE})
        EXECUTE FUNCTION ledger_refuse_own_move()""",
    },
    functions=(
        f"""
CREATE OR REPLACE FUNCTION ledger_refuse_own_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {IS_NOT_OWN} THEN
        RAISE EXCEPTION '{NOT_OWN}' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
""",
    ),
)

LOCKS = "ledger_goallock"
IS_LOCKED = "a locked goal keeps its money"
LEAVES_GOAL = "NEW.type IN ('TAKE', 'MOVE')"
STILL_LOCKED = f"""EXISTS (
    SELECT 1 FROM {LOCKS} kept
    WHERE kept.goal_id = NEW.from_account_id AND kept.ended_at IS NULL)"""
LOCKED_MOVES = Guards(
    sqlite={
        "ledger_transaction_of_locked": f"""
            BEFORE INSERT ON ledger_transaction
            WHEN {LEAVES_GOAL} AND {STILL_LOCKED}
            BEGIN SELECT RAISE(ABORT, '{IS_LOCKED}'); END""",
    },
    postgresql={
        ("ledger_transaction", "ledger_transaction_of_locked"): f"""
        BEFORE INSERT ON ledger_transaction FOR EACH ROW WHEN ({LEAVES_GOAL})
        EXECUTE FUNCTION ledger_refuse_of_locked()""",
    },
    functions=(
        f"""
CREATE OR REPLACE FUNCTION ledger_refuse_of_locked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {STILL_LOCKED} THEN
        RAISE EXCEPTION '{IS_LOCKED}' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
""",
    ),
)

BEGINS_WRONG = "NEW.asked_at IS NOT NULL OR NEW.ended_at IS NOT NULL"
BAD_BEGINNING = "a lock begins without an end and without an early way out"
BAD_CHANGE = "a lock stays as it was set, and once it has ended nothing changes"
BAD_WAIT = "money that was asked for early is free after 48 hours"
BAD_BALANCE = "a lock ends with what its goal holds"
NO_DELETE = "a lock is never deleted"

SET_ONCE = ("id", "goal_id", "locked_at", "opens_at", "target_cents")


def changes_lock(is_distinct: str) -> str:
    changed = " OR ".join(f"NEW.{name} {is_distinct} OLD.{name}" for name in SET_ONCE)
    return f"OLD.ended_at IS NOT NULL OR {changed}"


# Written twice, because each engine has its own arithmetic of times. A second less, for the parts
# of a second that SQLite's days can't hold.
WAITS_TOO_SHORT = "NEW.free_at < NEW.asked_at + interval '48 hours' OR NEW.asked_at < OLD.locked_at"
WAITS_TOO_SHORT_SQLITE = """
    (julianday(NEW.free_at) - julianday(NEW.asked_at)) * 86400 < 172799
    OR NEW.asked_at < OLD.locked_at"""
OTHER_BALANCE = """
    NEW.held_cents <> (SELECT balance_cents FROM wallet_account WHERE id = NEW.goal_id)"""
IS_THERE = f"""EXISTS (
    SELECT 1 FROM {LOCKS} WHERE id = NEW.id OR goal_id = NEW.goal_id AND ended_at IS NULL)"""

GOAL_LOCKS = (
    LOCKED_MOVES
    | refusing(
        LOCKS,
        "ledger_goallock_begins",
        "INSERT",
        Rule(BEGINS_WRONG, BEGINS_WRONG, BAD_BEGINNING),
        Rule("FALSE", IS_THERE, f"UNIQUE constraint failed: {NO_DELETE}"),
    )
    | refusing(
        LOCKS,
        "ledger_goallock_changes",
        "UPDATE",
        Rule(changes_lock("IS DISTINCT FROM"), changes_lock("IS NOT"), BAD_CHANGE),
        Rule(WAITS_TOO_SHORT, WAITS_TOO_SHORT_SQLITE, BAD_WAIT),
        Rule(OTHER_BALANCE, OTHER_BALANCE, BAD_BALANCE),
        fixed=SET_ONCE,
    )
    | Guards(
        sqlite={
            "ledger_goallock_no_delete": f"""
            BEFORE DELETE ON {LOCKS}
            BEGIN SELECT RAISE(ABORT, '{NO_DELETE}'); END""",
        },
        postgresql={
            (LOCKS, "ledger_goallock_no_delete"): f"""
            BEFORE DELETE OR TRUNCATE ON {LOCKS} FOR EACH STATEMENT
            EXECUTE FUNCTION refuse_change('{NO_DELETE}')""",
        },
    )
)
