"""Database triggers that refuse to change or delete a staff note."""

from collections.abc import Sequence

from wallet.db.guards import Guards, append_only


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
