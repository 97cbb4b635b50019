"""Models for the staff's work. None of them holds money."""

from adminpanel.models.alerts import Alert
from adminpanel.models.balances import BalanceCheck, Cutoff, ReconciledAccount
from adminpanel.models.checks import CheckResult, CheckRun
from adminpanel.models.closings import ClosingProposal
from adminpanel.models.corrections import Correction
from adminpanel.models.exports import ExportJob, ExportPart
from adminpanel.models.incidents import Incident
from adminpanel.models.matches import Match, MatchPart, Movement
from adminpanel.models.notes import Note
from adminpanel.models.report_mails import ReportMail
from adminpanel.models.reversals import ClaimEnding, ReversalProposal
from adminpanel.models.saved_views import SavedView
from adminpanel.models.statements import Statement, StatementLine, StatementPart
from adminpanel.models.unfreezings import Unfreezing
from adminpanel.models.workers import WorkerJob

__all__ = [
    "Alert",
    "BalanceCheck",
    "CheckResult",
    "CheckRun",
    "ClaimEnding",
    "ClosingProposal",
    "Correction",
    "Cutoff",
    "ExportJob",
    "ExportPart",
    "Incident",
    "Match",
    "MatchPart",
    "Movement",
    "Note",
    "ReconciledAccount",
    "ReportMail",
    "ReversalProposal",
    "SavedView",
    "Statement",
    "StatementLine",
    "StatementPart",
    "Unfreezing",
    "WorkerJob",
]
