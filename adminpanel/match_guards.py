"""Database triggers on reconciliation: matches never change, and a movement has one at a time."""

from ledger.attempt_guards import Rule, refusing
from wallet.db.guards import append_only, never_deleted

MATCHES, PARTS, MOVEMENTS = (
    "adminpanel_match",
    "adminpanel_matchpart",
    "adminpanel_movement",
)
CHANGED = "a match is never changed"
DELETED = "what was reconciled is never deleted"
REPLACED = "UNIQUE constraint failed: what was reconciled is never replaced"
FIXED = ("id", "account_id", "line_id", "entry_id", "transaction_id", "at", "amount_cents")


def changes_wrongly(is_distinct: str) -> str:
    """SQL: a fixed column changed, or the movement went straight from one match to another."""
    changed = " OR ".join(f"NEW.{name} {is_distinct} OLD.{name}" for name in FIXED)
    moved = "OLD.match_id IS NOT NULL AND NEW.match_id IS NOT NULL"
    return f"{changed} OR {moved} AND NEW.match_id <> OLD.match_id"


MATCHING = (
    append_only(MATCHES, changed=CHANGED, deleted=DELETED, replaced=REPLACED, unique=["undoes_id"])
    | append_only(
        PARTS,
        changed=CHANGED,
        deleted=DELETED,
        replaced=REPLACED,
        unique=[("match_id", "movement_id")],
    )
    | refusing(
        MOVEMENTS,
        f"{MOVEMENTS}_changes",
        "UPDATE",
        Rule(
            changes_wrongly("IS DISTINCT FROM"),
            changes_wrongly("IS NOT"),
            "a movement leaves its match before it joins another",
        ),
        fixed=FIXED,
    )
    | never_deleted(
        MOVEMENTS,
        deleted=DELETED,
        replaced=REPLACED,
        same=f"""
                SELECT 1 FROM {MOVEMENTS} WHERE id = NEW.id
                UNION ALL SELECT 1 FROM {MOVEMENTS} WHERE line_id = NEW.line_id
                UNION ALL SELECT 1 FROM {MOVEMENTS} WHERE entry_id = NEW.entry_id""",
    )
)
