"""Database triggers that refuse to change or delete a staff note."""

from wallet.db.guards import written_once

NOTES = written_once(
    "adminpanel_note",
    changed="notes are never changed",
    deleted="notes are never deleted",
    replaced="notes are never replaced",
)
