"""Database triggers that refuse to change or delete a staff note."""

from wallet.db.guards import append_only

NOTES = append_only(
    "adminpanel_note",
    changed="notes are never changed",
    deleted="notes are never deleted",
    replaced="notes are never replaced",
)
