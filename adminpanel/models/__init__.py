"""Models for the staff's work. None of them holds money."""

from adminpanel.models.checks import CheckResult, CheckRun
from adminpanel.models.corrections import Correction
from adminpanel.models.incidents import Incident
from adminpanel.models.notes import Note
from adminpanel.models.reversals import ReversalProposal
from adminpanel.models.saved_views import SavedView
from adminpanel.models.statements import Statement, StatementLine, StatementPart
from adminpanel.models.unfreezings import Unfreezing

__all__ = [
    "CheckResult",
    "CheckRun",
    "Correction",
    "Incident",
    "Note",
    "ReversalProposal",
    "SavedView",
    "Statement",
    "StatementLine",
    "StatementPart",
    "Unfreezing",
]
