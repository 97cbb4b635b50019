from django.urls import path, register_converter

from adminpanel.access import act_of
from adminpanel.accounts import views as accounts
from adminpanel.activity import views as activity
from adminpanel.audit import views as audit
from adminpanel.incidents import views as incidents
from adminpanel.integrity import views as integrity
from adminpanel.ledger import views as ledger
from adminpanel.members import views as members
from adminpanel.overview import views as overview
from adminpanel.reversals import views as reversals
from adminpanel.search import views as search
from adminpanel.transactions import views as transactions
from wallet.web.converters import AccountIdConverter

register_converter(AccountIdConverter, "account_id")

# Acts, each with the page that it is done on.
of_ledger, of_integrity = act_of("ledger"), act_of("integrity")
of_transaction = act_of("transaction", "reference")
of_reversal = act_of("reversal", "proposal_id")
of_member = act_of("member", "user_id")
of_incident = act_of("incident", "incident_id")

app_name = "adminpanel"
urlpatterns = [
    path("", overview.overview, name="overview"),
    path("search/", search.search, name="search"),
    # Live activity
    path("activity/", activity.activity, name="activity"),
    path("activity/news/", activity.news, name="news"),
    # The ledger explorer
    path("ledger/", ledger.ledger, name="ledger"),
    path("ledger/totals/", ledger.ledger_totals, name="ledger_totals"),
    path("ledger/views/", of_ledger(ledger.save_view), name="save_view"),
    path("ledger/views/<id:view_id>/delete/", of_ledger(ledger.delete_view), name="delete_view"),
    path("ledger/layout/", of_ledger(ledger.keep_layout), name="keep_layout"),
    # One transaction, and what staff do with it
    path("transactions/<reference:reference>/", transactions.transaction, name="transaction"),
    path(
        "transactions/<reference:reference>/notes/",
        of_transaction(transactions.add_note),
        name="add_note",
    ),
    path(
        "transactions/<reference:reference>/propose/",
        of_transaction(transactions.propose_reversal),
        name="propose_reversal",
    ),
    path("reversals/", reversals.reversals, name="reversals"),
    path("reversals/<id:proposal_id>/", reversals.reversal, name="reversal"),
    path(
        "reversals/<id:proposal_id>/approve/",
        of_reversal(reversals.approve_reversal),
        name="approve_reversal",
    ),
    path(
        "reversals/<id:proposal_id>/deny/",
        of_reversal(reversals.deny_reversal),
        name="deny_reversal",
    ),
    path(
        "reversals/<id:proposal_id>/withdraw/",
        of_reversal(reversals.withdraw_reversal),
        name="withdraw_reversal",
    ),
    # Accounts
    path("accounts/", accounts.accounts, name="accounts"),
    path("accounts/<account_id:account_id>/", accounts.account, name="account"),
    # Members
    path("members/", members.members, name="members"),
    path("members/<id:user_id>/", members.member, name="member"),
    path("members/<id:user_id>/reveal/", of_member(members.reveal), name="reveal"),
    path("members/<id:user_id>/freeze/", of_member(members.freeze), name="freeze"),
    path("members/<id:user_id>/unfreeze/", of_member(members.unfreeze), name="unfreeze"),
    # Incidents
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/open/", incidents.open_incident, name="open_incident"),
    path("incidents/<id:incident_id>/", incidents.incident, name="incident"),
    path(
        "incidents/<id:incident_id>/take/",
        of_incident(incidents.take_incident),
        name="take_incident",
    ),
    path(
        "incidents/<id:incident_id>/assign/",
        of_incident(incidents.assign_incident),
        name="assign_incident",
    ),
    path(
        "incidents/<id:incident_id>/change/",
        of_incident(incidents.change_incident),
        name="change_incident",
    ),
    path(
        "incidents/<id:incident_id>/resolve/",
        of_incident(incidents.resolve_incident),
        name="resolve_incident",
    ),
    path(
        "incidents/<id:incident_id>/link/",
        of_incident(incidents.link_transactions),
        name="link_transactions",
    ),
    path(
        "incidents/<id:incident_id>/note/",
        of_incident(incidents.note_incident),
        name="note_incident",
    ),
    path(
        "incidents/<id:incident_id>/unlink/<reference:reference>/",
        of_incident(incidents.unlink_transaction),
        name="unlink_transaction",
    ),
    # Integrity
    path("integrity/", integrity.integrity, name="integrity"),
    path("integrity/run/", of_integrity(integrity.run_checks), name="run_checks"),
    path("integrity/<slug:name>/", integrity.check, name="check"),
    # Audit
    path("audit/", audit.audit, name="audit"),
]
