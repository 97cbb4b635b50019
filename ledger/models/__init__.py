"""The rows of the ledger. Only `ledger.operations` and the verticals write them."""

from ledger.models.alerts import AlertMark
from ledger.models.arrivals import Arrival
from ledger.models.asks import Ask
from ledger.models.attempts import Approval, Attempt, Verdict
from ledger.models.auto_savings import AutoSaved, AutoSaving, AutoSavingMark
from ledger.models.claims import Claim, ClaimTaking
from ledger.models.closes import Books, Close
from ledger.models.documents import IssuedReceipt, IssuedStatement
from ledger.models.entries import Entry
from ledger.models.favourites import Favourite
from ledger.models.goal_locks import GoalLock
from ledger.models.goals import Goal, Picture
from ledger.models.interest import InterestMark, InterestPaid, InterestRate, RateApproval
from ledger.models.rail_events import Pause, RailEvent
from ledger.models.reports import Report
from ledger.models.rollups import AccountDay, DailyTotal, HouseBalance, RollupMark
from ledger.models.schedules import Schedule, ScheduledRun
from ledger.models.seals import Seal
from ledger.models.tariffs import Band, Tariff
from ledger.models.transactions import Transaction

__all__ = [
    "AccountDay",
    "AlertMark",
    "Approval",
    "Arrival",
    "Ask",
    "Attempt",
    "AutoSaved",
    "AutoSaving",
    "AutoSavingMark",
    "Band",
    "Books",
    "Claim",
    "ClaimTaking",
    "Close",
    "DailyTotal",
    "Entry",
    "Favourite",
    "Goal",
    "GoalLock",
    "HouseBalance",
    "InterestMark",
    "InterestPaid",
    "InterestRate",
    "IssuedReceipt",
    "IssuedStatement",
    "Pause",
    "Picture",
    "RailEvent",
    "RateApproval",
    "Report",
    "RollupMark",
    "Schedule",
    "ScheduledRun",
    "Seal",
    "Tariff",
    "Transaction",
    "Verdict",
]
