"""What the database itself keeps of the team's work: notes are written once."""

from wallet.db.guards import append_only

NOTES = append_only(
    "adminpanel_note",
    changed="notes are never changed",
    deleted="notes are never deleted",
    replaced="notes are never replaced",
)
