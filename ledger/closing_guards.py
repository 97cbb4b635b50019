"""What the database refuses about closed periods.

Nothing is dated into a closed day: no entry, no order and no settlement. One indexed row,
`ledger_books`, says where the open books begin, so a trigger looks at that row only. A close is
never changed, and only the newest one is reopened.
"""

from __future__ import annotations

from ledger.attempt_guards import Rule, refusing
from wallet.db.guards import Guards, append_only

CLOSES = "ledger_close"
BOOKS_TABLE = "ledger_books"

# Worded like SQLite's error for a repeated key, and with PostgreSQL's code for one, so that it's
# retried. A machine whose clock is behind, or that was writing when the day was closed, then reads
# `open_from` afresh and dates what it writes into the open books.
IS_CLOSED = "UNIQUE constraint failed: the day is closed"
NO_CHANGE = "a close is never changed"
NO_DELETE = "a close is never deleted"
NO_REPLACE = "UNIQUE constraint failed: a close is never replaced"
NOT_NEWEST = "only the newest close is reopened"
NOT_NEXT = "a day is closed after the day before it, and once the books are open from its end"
NOT_OPEN_AGAIN = "the books are open from the end of the newest close"
NOT_TWICE = "UNIQUE constraint failed: where the open books begin is never replaced"
ONE_ROW = "where the open books begin is never deleted"

SEALS = "ledger_seal"
NOT_LAST = "UNIQUE constraint failed: a seal is never replaced, and follows the newest one"

IS_EARLY = f"< (SELECT open_from FROM {BOOKS_TABLE} WHERE id = 1)"
LATE_ORDER = f"NEW.created_at {IS_EARLY} OR NEW.settled_at {IS_EARLY}"
LATE_SETTLEMENT = f"NEW.settled_at IS NOT OLD.settled_at AND NEW.settled_at {IS_EARLY}"


def raising(condition: str) -> str:
    return f"""
    IF {condition} THEN
        RAISE EXCEPTION '{IS_CLOSED}' USING ERRCODE = 'unique_violation';
    END IF;"""


def function(name: str, condition: str) -> str:
    return f"""
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN{raising(condition)}
    RETURN NULL;
END $$;
"""


# After the statement on PostgreSQL: by then the transaction has its id, so that the close of the
# day waits for it (`ledger/closing/gate.py`).
CLOSED_DAYS = Guards(
    sqlite={
        "ledger_entry_of_closed_day": f"""
            BEFORE INSERT ON ledger_entry WHEN NEW.created_at {IS_EARLY}
            BEGIN SELECT RAISE(ABORT, '{IS_CLOSED}'); END""",
        "ledger_transaction_of_closed_day": f"""
            BEFORE INSERT ON ledger_transaction WHEN {LATE_ORDER}
            BEGIN SELECT RAISE(ABORT, '{IS_CLOSED}'); END""",
        "ledger_transaction_settled_in_closed_day": f"""
            BEFORE UPDATE ON ledger_transaction WHEN {LATE_SETTLEMENT}
            BEGIN SELECT RAISE(ABORT, '{IS_CLOSED}'); END""",
    },
    postgresql={
        ("ledger_entry", "ledger_entry_of_closed_day"): """
        AFTER INSERT ON ledger_entry REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT
        EXECUTE FUNCTION ledger_refuse_closed_entries()""",
        ("ledger_transaction", "ledger_transaction_of_closed_day"): """
        AFTER INSERT ON ledger_transaction REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT
        EXECUTE FUNCTION ledger_refuse_closed_orders()""",
        ("ledger_transaction", "ledger_transaction_settled_in_closed_day"): """
        AFTER UPDATE ON ledger_transaction FOR EACH ROW
        WHEN (NEW.settled_at IS DISTINCT FROM OLD.settled_at)
        EXECUTE FUNCTION ledger_refuse_closed_settlement()""",
    },
    functions=(
        function(
            "ledger_refuse_closed_entries",
            f"EXISTS (SELECT FROM fresh WHERE created_at {IS_EARLY})",
        ),
        function(
            "ledger_refuse_closed_orders",
            f"EXISTS (SELECT FROM fresh WHERE created_at {IS_EARLY} OR settled_at {IS_EARLY})",
        ),
        function("ledger_refuse_closed_settlement", f"NEW.settled_at {IS_EARLY}"),
    ),
)

IS_LIVE = f"NOT EXISTS (SELECT 1 FROM {CLOSES} later WHERE later.reopens_id = kept.id)"
REOPENS_OLD = f"""NEW.act = 'reopen' AND EXISTS (
    SELECT 1 FROM {CLOSES} kept WHERE kept.act <> 'reopen' AND {IS_LIVE}
      AND kept.id <> NEW.reopens_id
      AND kept.number > (SELECT number FROM {CLOSES} WHERE id = NEW.reopens_id))"""
FOLLOWS_WRONGLY = f"""NEW.act = 'day' AND (
    NEW.ends_at > COALESCE((SELECT open_from FROM {BOOKS_TABLE} WHERE id = 1), NEW.starts_at)
    OR EXISTS (SELECT 1 FROM {CLOSES} kept WHERE kept.act = 'day' AND {IS_LIVE})
       AND NEW.starts_at <> (
           SELECT MAX(kept.ends_at) FROM {CLOSES} kept WHERE kept.act = 'day' AND {IS_LIVE}))"""
OPENS_CLOSED = f"""EXISTS (
    SELECT 1 FROM {CLOSES} kept
    WHERE kept.act = 'day' AND kept.ends_at > NEW.open_from AND {IS_LIVE})"""

CLOSE_ROWS = (
    append_only(
        CLOSES,
        changed=NO_CHANGE,
        deleted=NO_DELETE,
        replaced=NO_REPLACE,
        unique=["number", "previous_id", "reopens_id", "hash"],
    )
    | refusing(
        CLOSES,
        "ledger_close_follows",
        "INSERT",
        Rule(REOPENS_OLD, REOPENS_OLD, NOT_NEWEST),
        Rule(FOLLOWS_WRONGLY, FOLLOWS_WRONGLY, NOT_NEXT),
    )
    | refusing(
        BOOKS_TABLE,
        "ledger_books_stay_closed",
        "UPDATE",
        Rule(OPENS_CLOSED, OPENS_CLOSED, NOT_OPEN_AGAIN),
    )
    | Guards(
        sqlite={
            "ledger_books_no_delete": f"""
            BEFORE DELETE ON {BOOKS_TABLE}
            BEGIN SELECT RAISE(ABORT, '{ONE_ROW}'); END""",
            "ledger_books_no_replace": f"""
            BEFORE INSERT ON {BOOKS_TABLE}
            WHEN EXISTS (SELECT 1 FROM {BOOKS_TABLE} WHERE id = NEW.id)
            BEGIN SELECT RAISE(ABORT, '{NOT_TWICE}'); END""",
        },
        postgresql={
            (BOOKS_TABLE, "ledger_books_no_delete"): f"""
        BEFORE DELETE OR TRUNCATE ON {BOOKS_TABLE} FOR EACH STATEMENT
        EXECUTE FUNCTION refuse_change('{ONE_ROW}')""",
        },
    )
)

CLOSING = CLOSED_DAYS | CLOSE_ROWS

SEALED_WRONGLY = f"NEW.number <> COALESCE((SELECT MAX(number) FROM {SEALS}), 0) + 1"
SEAL_ROWS = append_only(
    SEALS,
    changed="a seal is never changed",
    deleted="a seal is never deleted",
    replaced="UNIQUE constraint failed: a seal is never replaced",
    unique=["number", "previous_id", "hash"],
) | refusing(SEALS, "ledger_seal_follows", "INSERT", Rule(SEALED_WRONGLY, SEALED_WRONGLY, NOT_LAST))
