"""Pages of the finance team."""

from adminpanel.views.accounts import account, accounts
from adminpanel.views.activity import activity, news
from adminpanel.views.audit import audit
from adminpanel.views.incidents import (
    assign_incident,
    change_incident,
    incident,
    incidents,
    link_transactions,
    note_incident,
    open_incident,
    resolve_incident,
    take_incident,
    unlink_transaction,
)
from adminpanel.views.integrity import check, integrity, run_checks
from adminpanel.views.ledger import (
    delete_view,
    keep_layout,
    ledger,
    ledger_totals,
    save_view,
)
from adminpanel.views.members import freeze, member, members, reveal, unfreeze
from adminpanel.views.overview import overview
from adminpanel.views.reversals import (
    approve_reversal,
    deny_reversal,
    reversal,
    reversals,
    withdraw_reversal,
)
from adminpanel.views.search import search
from adminpanel.views.transactions import (
    add_note,
    propose_reversal,
    transaction,
)

__all__ = [
    "account",
    "accounts",
    "activity",
    "add_note",
    "approve_reversal",
    "assign_incident",
    "audit",
    "change_incident",
    "check",
    "delete_view",
    "deny_reversal",
    "freeze",
    "incident",
    "incidents",
    "integrity",
    "keep_layout",
    "ledger",
    "ledger_totals",
    "link_transactions",
    "member",
    "members",
    "news",
    "note_incident",
    "open_incident",
    "overview",
    "propose_reversal",
    "resolve_incident",
    "reveal",
    "reversal",
    "reversals",
    "run_checks",
    "save_view",
    "search",
    "take_incident",
    "transaction",
    "unfreeze",
    "unlink_transaction",
    "withdraw_reversal",
]
