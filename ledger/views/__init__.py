"""Member pages that show or move money."""

from ledger.views.about import answers, privacy, terms
from ledger.views.activity import activity, activity_filter
from ledger.views.fees import fees
from ledger.views.home import home
from ledger.views.moves import page_of
from ledger.views.receipt import cancel, receipt, receipt_pdf
from ledger.views.reporting import report

__all__ = [
    "activity",
    "activity_filter",
    "answers",
    "cancel",
    "fees",
    "home",
    "page_of",
    "privacy",
    "receipt",
    "receipt_pdf",
    "report",
    "terms",
]
