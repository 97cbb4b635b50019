"""Triggers that make the books append-only, for every user of the database.

An entry is never updated or deleted. A transaction is never deleted, and its only change is
from PENDING to SUCCESS or FAILED. SQLite's `INSERT OR REPLACE` deletes rows without firing a
delete trigger, so it has its own trigger. On PostgreSQL the entries that one statement
writes must also sum to zero for each transaction, and TRUNCATE is refused.

Migrations install these triggers. After a change here, add a migration that installs them again.
"""

from collections.abc import Sequence

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.exceptions import IrreversibleError

from ledger.attempt_guards import ARRIVALS_ONCE, PAYOUTS, Rule, refusing
from ledger.closing_guards import CLOSING, SEAL_ROWS
from ledger.goal_guards import GOAL_LOCKS, OWN_MOVES
from ledger.part_guards import CLAIM_GUARDS, PARTS
from ledger.receipt_guards import DIRECTIONS
from wallet.db.guards import Guards, append_only

ENTRIES = "ledger_entry"
TRANSACTIONS = "ledger_transaction"

FIXED_COLUMNS = (
    "id",
    "reference",
    "type",
    "amount_cents",
    "from_account_id",
    "to_account_id",
    "description",
    "created_by_id",
    "idempotency_key",
    "reverses_id",
    "created_at",
    "rail",
    "fee_cents",
    "resolves_id",
)

NO_UPDATE = "entries are never changed"
NO_DELETE = "the books are never deleted"
NO_CHANGE = "a transaction only moves from PENDING to SUCCESS or FAILED"
NO_REPLACE = "the books are never replaced"
NOT_ZERO = "entries of a transaction must sum to zero"


def _moves_illegally(is_distinct: str, columns: Sequence[str]) -> str:
    """An SQL condition: the update is anything other than PENDING to SUCCESS or FAILED."""
    changed = " OR ".join(f"NEW.{name} {is_distinct} OLD.{name}" for name in columns)
    lawful = "OLD.status = 'PENDING' AND NEW.status IN ('SUCCESS', 'FAILED')"
    return f"NOT ({lawful}) OR {changed}"


ENTRY_GUARDS = append_only(ENTRIES, changed=NO_UPDATE, deleted=NO_DELETE, replaced=NO_REPLACE)


ONE_RESOLUTION = f"""
                UNION ALL
                SELECT 1 FROM {TRANSACTIONS}
                WHERE resolves_id = NEW.resolves_id AND status <> 'FAILED'"""


def transaction_guards(columns: Sequence[str] = FIXED_COLUMNS) -> Guards:
    """The triggers on transactions. `columns` never change; a migration passes its own list."""
    return Guards(
        sqlite={
            "ledger_transaction_one_move": f"""
            BEFORE UPDATE ON {TRANSACTIONS}
            WHEN {_moves_illegally("IS NOT", columns)}
            BEGIN SELECT RAISE(ABORT, '{NO_CHANGE}'); END""",
            "ledger_transaction_no_delete": f"""
            BEFORE DELETE ON {TRANSACTIONS}
            BEGIN SELECT RAISE(ABORT, '{NO_DELETE}'); END""",
            # A plain INSERT of a repeated key fails on the unique index. REPLACE would first
            # delete the old row, so this trigger has to fail before that.
            "ledger_transaction_no_replace": f"""
            BEFORE INSERT ON {TRANSACTIONS}
            WHEN EXISTS (
                SELECT 1 FROM {TRANSACTIONS} WHERE id = NEW.id OR reference = NEW.reference
                UNION ALL
                SELECT 1 FROM {TRANSACTIONS}
                WHERE created_by_id = NEW.created_by_id AND idempotency_key = NEW.idempotency_key
                UNION ALL
                SELECT 1 FROM {TRANSACTIONS} WHERE reverses_id = NEW.reverses_id{
                ONE_RESOLUTION if "resolves_id" in columns else ""
            }
            )
            BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: {NO_REPLACE}'); END""",
        },
        postgresql={
            (TRANSACTIONS, "ledger_transaction_one_move"): f"""
            BEFORE UPDATE ON {TRANSACTIONS} FOR EACH ROW
            WHEN ({_moves_illegally("IS DISTINCT FROM", columns)})
            EXECUTE FUNCTION refuse_change('{NO_CHANGE}')""",
            (TRANSACTIONS, "ledger_transaction_no_delete"): f"""
            BEFORE DELETE OR TRUNCATE ON {TRANSACTIONS} FOR EACH STATEMENT
            EXECUTE FUNCTION refuse_change('{NO_DELETE}')""",
        },
        fixed={TRANSACTIONS: columns},
    )


SUM_GUARD = Guards(
    postgresql={
        (ENTRIES, "ledger_entry_sum_zero"): f"""
        AFTER INSERT ON {ENTRIES} REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT
        EXECUTE FUNCTION ledger_entries_balance()""",
    },
    functions=(
        f"""
CREATE OR REPLACE FUNCTION ledger_entries_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM fresh GROUP BY transaction_id HAVING sum(amount_cents) <> 0) THEN
        RAISE EXCEPTION '{NOT_ZERO}' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
""",
    ),
)

# Only of withdrawals: transfers are the path that has to stay fast. On SQLite our schema editor
# keeps the trigger out of the way of migrations of the tables that it looks into.
ON_HOLD = "nothing is paid out of a goal, or of a wallet that is frozen, closed or on hold"
IS_STOPPED = """EXISTS (
    SELECT 1 FROM wallet_account source JOIN wallet_user owner ON owner.id = source.user_id
    WHERE source.id = NEW.from_account_id
      AND (source.kind = 'goal' OR source.is_frozen OR NOT owner.is_active
           OR source.no_payouts_until > NEW.created_at))"""
HOLDS = Guards(
    sqlite={
        "ledger_transaction_on_hold": f"""
            BEFORE INSERT ON {TRANSACTIONS}
            WHEN NEW.type = 'WITHDRAW' AND {IS_STOPPED}
            BEGIN SELECT RAISE(ABORT, '{ON_HOLD}'); END""",
    },
    postgresql={
        (TRANSACTIONS, "ledger_transaction_on_hold"): f"""
        BEFORE INSERT ON {TRANSACTIONS} FOR EACH ROW WHEN (NEW.type = 'WITHDRAW')
        EXECUTE FUNCTION ledger_refuse_on_hold()""",
    },
    functions=(
        f"""
CREATE OR REPLACE FUNCTION ledger_refuse_on_hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {IS_STOPPED} THEN
        RAISE EXCEPTION '{ON_HOLD}' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
""",
    ),
)

TARIFFS = append_only(
    "ledger_tariff",
    changed="a tariff is never changed",
    deleted="a tariff is never deleted",
    replaced="a tariff is never replaced",
) | append_only(
    "ledger_band",
    changed="a tariff is never changed",
    deleted="a tariff is never deleted",
    replaced="a tariff is never replaced",
    unique=[("tariff_id", "from_cents")],
)

REPORTS = append_only(
    "ledger_report",
    changed="a report is never changed",
    deleted="a report is never deleted",
    replaced="a report is never replaced",
    unique=["reference", ("reporter_id", "transaction_id")],
)

DOCUMENTS = append_only(
    "ledger_issuedreceipt",
    changed="what a document said is never changed",
    deleted="what a document said is never deleted",
    replaced="what a document said is never replaced",
    unique=["code", "transaction_id"],
) | append_only(
    "ledger_issuedstatement",
    changed="what a document said is never changed",
    deleted="what a document said is never deleted",
    replaced="what a document said is never replaced",
    unique=["code", ("account_id", "first_day", "last_day", "through_entry", "owner_name")],
)

AUTO_SAVED = append_only(
    "ledger_autosaved",
    changed="what was saved by itself is never changed",
    deleted="what was saved by itself is never deleted",
    replaced="what was saved by itself is never replaced",
    unique=[("rule_id", "cause_id"), "made_id"],
)

RATES = append_only(
    "ledger_interestrate",
    changed="a rate of interest is never changed",
    deleted="a rate of interest is never deleted",
    replaced="a rate of interest is never replaced",
) | append_only(
    "ledger_rateapproval",
    changed="the approval of a rate is never changed",
    deleted="the approval of a rate is never deleted",
    replaced="the approval of a rate is never replaced",
    unique=["rate_id"],
)
OWN_RATE = """EXISTS (
    SELECT 1 FROM ledger_interestrate rate WHERE rate.id = NEW.rate_id
      AND (rate.written_by_id = NEW.approved_by_id OR rate.from_date < NEW.approved_on))"""
RATES_OF_TWO = refusing(
    "ledger_rateapproval",
    "ledger_rateapproval_by_another",
    "INSERT",
    Rule(OWN_RATE, OWN_RATE, "a rate is approved by another person, and before it begins"),
)

INTEREST_PAID = append_only(
    "ledger_interestpaid",
    changed="what interest was paid is never changed",
    deleted="what interest was paid is never deleted",
    replaced="what interest was paid is never replaced",
    unique=[("goal_id", "month"), "interest_id", "tax_id"],
)

# A tariff says how many bands it has, and its bands are written in the same commit: all that come
# later are too many. An older migration installs TARIFFS before that column exists.
TOO_MANY_BANDS = """(
    SELECT COUNT(*) FROM ledger_band WHERE tariff_id = NEW.tariff_id
) >= (SELECT band_count FROM ledger_tariff WHERE id = NEW.tariff_id)"""
WHOLE_TARIFFS = refusing(
    "ledger_band",
    "ledger_band_of_a_new_tariff",
    "INSERT",
    Rule(TOO_MANY_BANDS, TOO_MANY_BANDS, "a tariff gets no bands besides those it began with"),
)

BOOKS = (
    ENTRY_GUARDS
    | transaction_guards()
    | SUM_GUARD
    | HOLDS
    | PAYOUTS
    | ARRIVALS_ONCE
    | DIRECTIONS
    | OWN_MOVES
    | GOAL_LOCKS
    | AUTO_SAVED
    | RATES
    | RATES_OF_TWO
    | INTEREST_PAID
    | TARIFFS
    | WHOLE_TARIFFS
    | REPORTS
    | DOCUMENTS
    | CLOSING
    | PARTS
    | CLAIM_GUARDS
    | SEAL_ROWS
)


def install(connection: BaseDatabaseWrapper) -> None:
    """Install the triggers, replacing older ones of the same names."""
    BOOKS.install(connection)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers."""
    BOOKS.remove(connection)


def refuse_to_go_back(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Stop a backwards migration that would delete transactions."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {TRANSACTIONS} LIMIT 1")  # nosec B608: a constant
        if cursor.fetchone():
            raise IrreversibleError("Can't migrate back: it would delete transactions.")
