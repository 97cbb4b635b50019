"""Pages of the finance team."""

from adminpanel.views.accounts import account, accounts
from adminpanel.views.activity import activity
from adminpanel.views.audit import audit
from adminpanel.views.incidents import incident, incidents
from adminpanel.views.integrity import integrity
from adminpanel.views.ledger import ledger
from adminpanel.views.members import freeze, member, members, reveal, unfreeze
from adminpanel.views.overview import overview
from adminpanel.views.reversals import reversals
from adminpanel.views.search import search
from adminpanel.views.transactions import transaction

__all__ = [
    "account",
    "accounts",
    "activity",
    "audit",
    "freeze",
    "incident",
    "incidents",
    "integrity",
    "ledger",
    "member",
    "members",
    "overview",
    "reveal",
    "reversals",
    "search",
    "transaction",
    "unfreeze",
]
