"""Database triggers that keep staff notes and imported statements as they were written."""

from collections.abc import Sequence

from ledger.attempt_guards import Rule, refusing
from wallet.db.guards import Guards, append_only, never_deleted


def note_guards(unique: Sequence[str] = ("request",)) -> Guards:
    """The triggers on staff notes. A migration passes the unique columns of its time."""
    return append_only(
        "adminpanel_note",
        changed="notes are never changed",
        deleted="notes are never deleted",
        # SQLite's own words for a repeated key, so that a lost race is retried.
        replaced="UNIQUE constraint failed: notes are never replaced",
        unique=unique,
    )


NOTES = note_guards()

LINES, PARTS, FILES = (
    "adminpanel_statementline",
    "adminpanel_statementpart",
    "adminpanel_statement",
)
NEVER_CHANGED = "what a statement says is never changed"
NEVER_DELETED = "what a statement says is never deleted"
NEVER_REPLACED = "UNIQUE constraint failed: what a statement says is never replaced"

# These columns stay as they were at the upload; the others, once the statement is imported.
SET_ONCE = ("id", "account_id", "sha256", "file_name", "size", "uploaded_by_id", "created_at")
SET_BY_IMPORT = (
    *("format", "options", "first_at", "last_at", "opening_cents", "closing_cents"),
    *("lines_count", "state", "findings", "imported_at"),
)


def changes_file(is_distinct: str) -> str:
    def changes(names: Sequence[str]) -> str:
        return " OR ".join(f"NEW.{name} {is_distinct} OLD.{name}" for name in names)

    imported = "OLD.state = 'IMPORTED'"
    return f"{changes(SET_ONCE)} OR {imported} AND ({changes(SET_BY_IMPORT)})"


STATEMENTS = (
    append_only(
        LINES,
        changed=NEVER_CHANGED,
        deleted=NEVER_DELETED,
        replaced=NEVER_REPLACED,
        unique=["fingerprint"],
    )
    | append_only(
        PARTS,
        changed=NEVER_CHANGED,
        deleted=NEVER_DELETED,
        replaced=NEVER_REPLACED,
        unique=[("statement_id", "number")],
    )
    | refusing(
        FILES,
        f"{FILES}_changes",
        "UPDATE",
        Rule(changes_file("IS DISTINCT FROM"), changes_file("IS NOT"), NEVER_CHANGED),
        fixed=SET_ONCE,
    )
    | never_deleted(
        FILES,
        deleted=NEVER_DELETED,
        replaced=NEVER_REPLACED,
        same=f"""
                SELECT 1 FROM {FILES} WHERE id = NEW.id
                OR account_id = NEW.account_id AND sha256 = NEW.sha256
                   AND state NOT IN ('FAILED', 'DROPPED')""",
    )
)
