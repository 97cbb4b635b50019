"""Pages of the finance team."""

from adminpanel.views.accounts import account, accounts
from adminpanel.views.activity import activity
from adminpanel.views.audit import audit
from adminpanel.views.incidents import incident, incidents
from adminpanel.views.integrity import check, integrity, run_checks
from adminpanel.views.ledger import delete_view, ledger, ledger_totals, save_view
from adminpanel.views.members import member, members
from adminpanel.views.overview import overview
from adminpanel.views.reversals import reversals
from adminpanel.views.search import search
from adminpanel.views.transactions import transaction

__all__ = [
    "account",
    "accounts",
    "activity",
    "audit",
    "check",
    "delete_view",
    "incident",
    "incidents",
    "integrity",
    "ledger",
    "ledger_totals",
    "member",
    "members",
    "overview",
    "reversals",
    "run_checks",
    "save_view",
    "search",
    "transaction",
]
