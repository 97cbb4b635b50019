"""What the database refuses about attempts: a payment is sent once, and what ended stays.

The moves of an attempt, and who may approve or judge it. What was sent and answered is append-only.
Both engines get the same SQL, but for rules that look into another table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from wallet.db.guards import REFUSE, Guards, append_only, never_deleted

ATTEMPTS = "ledger_attempt"
APPROVALS = "ledger_approval"
VERDICTS = "ledger_verdict"
EVENTS = "ledger_railevent"
PAUSES = "ledger_pause"
ARRIVALS = "ledger_arrival"

BAD_START = "an attempt begins held for approval, ready to be sent, or paid by its payer"
BAD_MOVE = "this is no move of an attempt"
NOT_APPROVED = "approvals are counted as they were given"
NOT_AGREED = "an ended attempt agrees with its transaction"
JUDGED = "a payment that people have judged is not sent again"
NOT_ANOTHER = "who ordered a payment neither approves nor judges it"
BAD_EVENT = "a rail event only gets its finding, once"
BAD_PAUSE = "a pause is only lifted, once"
BAD_ARRIVAL = "an arrival is only confirmed and booked, once"
NO_DELETE = "what happened on a rail is never deleted"
NO_REPLACE = "what happened on a rail is never replaced"
NO_CHANGE = "a decision is never changed"

# From each state, those that may follow, besides the same state again while it is open.
MOVES: Mapping[str, Sequence[str]] = {
    "HELD": ["READY", "CANCELLED"],
    "READY": ["SENDING", "CANCELLED"],
    "SENDING": ["READY", "SENT", "UNKNOWN", "SUCCEEDED", "FAILED"],
    "SENT": ["UNKNOWN", "SUCCEEDED", "FAILED"],
    "UNKNOWN": ["READY", "SENT", "SUCCEEDED", "FAILED"],
}
FIXED = (
    *("id", "transaction_id", "rail", "reference", "phone", "approvals_needed", "created_at"),
    *("held_because", "held_above_cents"),
)
EVENT_FIXED = (
    *("id", "rail", "kind", "reference", "rail_id", "is_callback", "status_code", "body"),
    *("ip_address", "at"),
)
ARRIVAL_FIXED = (
    *("id", "rail", "receipt", "account_number", "payer", "paid_at", "at", "event_id"),
    "attempt_id",
)
PAUSE_FIXED = ("id", "rail", "reason", "paused_by_id", "paused_at", "until")

# A deposit that its payer started is written when its money has come, with its receipt.
IS_PAID_ALREADY = """
    NEW.state = 'SUCCEEDED' AND NEW.receipt IS NOT NULL AND NEW.approvals_needed = 0
    AND NEW.sent_at = NEW.created_at AND NEW.ended_at = NEW.created_at"""
BEGINS_WRONG = f"""
    NEW.fence <> 0 OR NEW.approvals_given <> 0
    OR NOT COALESCE({IS_PAID_ALREADY}, FALSE) AND (NEW.sent_at IS NOT NULL
    OR NEW.state <> CASE WHEN NEW.approvals_needed > 0 THEN 'HELD' ELSE 'READY' END)"""


def moves_wrongly(is_distinct: str, fixed: Sequence[str]) -> str:
    """SQL that is true of an update that is no lawful move of an attempt."""
    moves = " OR ".join(
        f"OLD.state = '{old}' AND NEW.state IN ({', '.join(repr(new) for new in [old, *new_ones])})"
        for old, new_ones in MOVES.items()
    )
    # The rail may say how a payment ended that a worker believes unsent: never of one that
    # no worker has claimed.
    moves += " OR OLD.state = 'READY' AND OLD.fence > 0 AND NEW.state IN ('SUCCEEDED', 'FAILED')"
    changed = " OR ".join(f"NEW.{name} {is_distinct} OLD.{name}" for name in fixed)
    return f"""
    NOT ({moves}) OR {changed}
    OR NEW.fence < OLD.fence OR NEW.looks < OLD.looks
    OR NEW.approvals_given < OLD.approvals_given
    OR OLD.rail_id <> '' AND NEW.rail_id <> OLD.rail_id
    OR OLD.state = 'READY' AND NEW.state = 'SENDING' AND NEW.fence = OLD.fence"""


# These look into other tables, which only PostgreSQL's triggers do here. On SQLite `verify_ledger`
# finds what breaks them.
LACKS_APPROVALS = f"""
    OLD.approvals_given <> NEW.approvals_given AND NEW.approvals_given <> (
        SELECT COUNT(*) FROM {APPROVALS} WHERE attempt_id = NEW.id AND decision = 'approve')"""
DISAGREES = """
    NEW.ended_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM ledger_transaction record WHERE record.id = NEW.transaction_id
        AND record.status = CASE NEW.state WHEN 'SUCCEEDED' THEN 'SUCCESS' ELSE 'FAILED' END)"""
SENT_AGAIN = f"""
    OLD.state = 'UNKNOWN' AND NEW.state = 'READY'
    AND EXISTS (SELECT FROM {VERDICTS} WHERE attempt_id = NEW.id)"""
# The person who approved a return to a payer is named as its orderer, and it isn't their money.
IS_OWN = f"""
    EXISTS (SELECT FROM {ATTEMPTS} attempt
            JOIN ledger_transaction record ON record.id = attempt.transaction_id
            LEFT JOIN wallet_account source ON source.id = record.from_account_id
            LEFT JOIN wallet_account target ON target.id = record.to_account_id
            WHERE attempt.id = NEW.attempt_id AND COALESCE(source.id, target.id) IS NOT NULL
              AND NEW.person_id IN (record.created_by_id, source.user_id, target.user_id))"""


def changes_event(is_distinct: str) -> str:
    """Only the finding of an event, and which attempt it is about, may be filled in."""
    changed = " OR ".join(f"NEW.{name} {is_distinct} OLD.{name}" for name in EVENT_FIXED)
    return f"""
    OLD.handled_at IS NOT NULL OR NEW.handled_at IS NULL OR {changed}
    OR OLD.attempt_id IS NOT NULL AND NEW.attempt_id {is_distinct} OLD.attempt_id"""


def changes_pause(is_distinct: str) -> str:
    changed = " OR ".join(f"NEW.{name} {is_distinct} OLD.{name}" for name in PAUSE_FIXED)
    return f"OLD.lifted_at IS NOT NULL OR {changed}"


def changes_arrival(is_distinct: str) -> str:
    """What came in stays. Its rail may correct the amount when it confirms it."""
    changed = " OR ".join(f"NEW.{name} {is_distinct} OLD.{name}" for name in ARRIVAL_FIXED)
    return f"""
    OLD.transaction_id IS NOT NULL OR {changed}
    OR OLD.confirmed_at IS NOT NULL AND NEW.confirmed_at {is_distinct} OLD.confirmed_at
    OR NEW.amount_cents <> OLD.amount_cents
       AND (OLD.confirmed_at IS NOT NULL OR NEW.confirmed_at IS NULL)"""


class Rule(NamedTuple):
    """SQL that is true of a row to refuse, and what the refusal says.

    `sqlite` is empty where only PostgreSQL can tell.
    """

    postgresql: str
    sqlite: str
    words: str


def refusing(table: str, name: str, when: str, *rules: Rule, fixed: Sequence[str] = ()) -> Guards:
    """Triggers that refuse a row when it is written and a rule is true of it.

    SQLite has a trigger for each rule. PostgreSQL has a function for all of them, since a rule
    that looks into another table can't stand in the WHEN of a trigger. `fixed` are the columns
    that a rule lets no update change.
    """
    sqlite = {
        f"{name}_{number}": f"""
            BEFORE {when} ON {table} FOR EACH ROW WHEN {rule.sqlite}
            BEGIN SELECT RAISE(ABORT, '{rule.words}'); END"""
        for number, rule in enumerate(rules)
        if rule.sqlite
    }
    checks = "".join(
        f"""
    IF ({rule.postgresql}) THEN
        RAISE EXCEPTION '{rule.words}' USING ERRCODE = 'integrity_constraint_violation';
    END IF;"""
        for rule in rules
    )
    function = f"""
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN{checks}
    RETURN NEW;
END $$;
"""
    postgresql = {
        (table, name): f"""
            BEFORE {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"""
    }
    never = {table: fixed} if fixed else {}
    return Guards(sqlite=sqlite, postgresql=postgresql, functions=(REFUSE, function), fixed=never)


def kept(table: str) -> Guards:
    """Rows are never deleted. Updates are the business of the table's other guards."""
    return never_deleted(table, deleted=NO_DELETE, replaced=NO_REPLACE)


# SQLite's OR REPLACE deletes the row that has the same unique values, without a delete trigger. So
# these speak before the unique indexes could, and in their words.
NO_REPLACEMENT = Guards(
    sqlite={
        "ledger_attempt_no_replacement": f"""
            BEFORE INSERT ON {ATTEMPTS}
            WHEN EXISTS (SELECT 1 FROM {ATTEMPTS} WHERE transaction_id = NEW.transaction_id)
              OR EXISTS (SELECT 1 FROM {ATTEMPTS} WHERE reference = NEW.reference)
            BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: {NO_REPLACE}'); END""",
        "ledger_approval_no_replacement": f"""
            BEFORE INSERT ON {APPROVALS}
            WHEN EXISTS (SELECT 1 FROM {APPROVALS}
                         WHERE attempt_id = NEW.attempt_id AND person_id = NEW.person_id)
            BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: {NO_REPLACE}'); END""",
    }
)


def decided_once(table: str) -> Guards:
    """What people decided is never changed, and they decide about other people's money."""
    by_another = refusing(table, f"{table}_by_another", "INSERT", Rule(IS_OWN, "", NOT_ANOTHER))
    return by_another | append_only(
        table, changed=NO_CHANGE, deleted=NO_DELETE, replaced=NO_REPLACE
    )


def attempt_moves(fixed: Sequence[str] = FIXED) -> Guards:
    """How an attempt moves. `fixed` columns never change; a migration passes its own list."""
    distinct, is_not = (moves_wrongly(word, fixed) for word in ("IS DISTINCT FROM", "IS NOT"))
    return refusing(
        ATTEMPTS,
        "ledger_attempt_moves",
        "UPDATE",
        Rule(distinct, is_not, BAD_MOVE),
        Rule(LACKS_APPROVALS, "", NOT_APPROVED),
        Rule(DISAGREES, "", NOT_AGREED),
        Rule(SENT_AGAIN, "", JUDGED),
        fixed=fixed,
    )


PAYOUTS = (
    kept(ATTEMPTS)
    | NO_REPLACEMENT
    | refusing(
        ATTEMPTS, "ledger_attempt_begins", "INSERT", Rule(BEGINS_WRONG, BEGINS_WRONG, BAD_START)
    )
    | attempt_moves()
    | decided_once(APPROVALS)
    | decided_once(VERDICTS)
    | kept(EVENTS)
    | refusing(
        EVENTS,
        "ledger_railevent_found_once",
        "UPDATE",
        Rule(changes_event("IS DISTINCT FROM"), changes_event("IS NOT"), BAD_EVENT),
        fixed=EVENT_FIXED,
    )
    | kept(PAUSES)
    | refusing(
        PAUSES,
        "ledger_pause_lifted_once",
        "UPDATE",
        Rule(changes_pause("IS DISTINCT FROM"), changes_pause("IS NOT"), BAD_PAUSE),
        fixed=PAUSE_FIXED,
    )
)

# Apart from PAYOUTS, which an older migration installs before this table exists.
ARRIVALS_ONCE = (
    kept(ARRIVALS)
    | refusing(
        ARRIVALS,
        "ledger_arrival_booked_once",
        "UPDATE",
        Rule(changes_arrival("IS DISTINCT FROM"), changes_arrival("IS NOT"), BAD_ARRIVAL),
        fixed=ARRIVAL_FIXED,
    )
    | Guards(
        sqlite={
            "ledger_arrival_no_replacement": f"""
            BEFORE INSERT ON {ARRIVALS}
            WHEN EXISTS (SELECT 1 FROM {ARRIVALS}
                         WHERE rail = NEW.rail AND receipt = NEW.receipt
                            OR transaction_id = NEW.transaction_id)
            BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: {NO_REPLACE}'); END""",
        }
    )
)
