from django.urls import path, register_converter

from adminpanel import views
from adminpanel.access import act_of
from wallet.converters import AccountIdConverter

register_converter(AccountIdConverter, "account_id")

# Acts, each with the page that it is done on.
of_ledger, of_integrity = act_of("ledger"), act_of("integrity")
of_transaction = act_of("transaction", "reference")
of_reversal = act_of("reversal", "proposal_id")
of_member = act_of("member", "user_id")
of_incident = act_of("incident", "incident_id")

app_name = "adminpanel"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("search/", views.search, name="search"),
    # Live activity
    path("activity/", views.activity, name="activity"),
    path("activity/news/", views.news, name="news"),
    # The ledger explorer
    path("ledger/", views.ledger, name="ledger"),
    path("ledger/totals/", views.ledger_totals, name="ledger_totals"),
    path("ledger/views/", of_ledger(views.save_view), name="save_view"),
    path("ledger/views/<id:view_id>/delete/", of_ledger(views.delete_view), name="delete_view"),
    path("ledger/layout/", of_ledger(views.keep_layout), name="keep_layout"),
    # One transaction, and what staff do with it
    path("transactions/<reference:reference>/", views.transaction, name="transaction"),
    path(
        "transactions/<reference:reference>/notes/", of_transaction(views.add_note), name="add_note"
    ),
    path(
        "transactions/<reference:reference>/propose/",
        of_transaction(views.propose_reversal),
        name="propose_reversal",
    ),
    path("reversals/", views.reversals, name="reversals"),
    path("reversals/<id:proposal_id>/", views.reversal, name="reversal"),
    path(
        "reversals/<id:proposal_id>/approve/",
        of_reversal(views.approve_reversal),
        name="approve_reversal",
    ),
    path(
        "reversals/<id:proposal_id>/deny/", of_reversal(views.deny_reversal), name="deny_reversal"
    ),
    path(
        "reversals/<id:proposal_id>/withdraw/",
        of_reversal(views.withdraw_reversal),
        name="withdraw_reversal",
    ),
    # Accounts
    path("accounts/", views.accounts, name="accounts"),
    path("accounts/<account_id:account_id>/", views.account, name="account"),
    # Members
    path("members/", views.members, name="members"),
    path("members/<id:user_id>/", views.member, name="member"),
    path("members/<id:user_id>/reveal/", of_member(views.reveal), name="reveal"),
    path("members/<id:user_id>/freeze/", of_member(views.freeze), name="freeze"),
    path("members/<id:user_id>/unfreeze/", of_member(views.unfreeze), name="unfreeze"),
    # Incidents
    path("incidents/", views.incidents, name="incidents"),
    path("incidents/open/", views.open_incident, name="open_incident"),
    path("incidents/<id:incident_id>/", views.incident, name="incident"),
    path(
        "incidents/<id:incident_id>/take/", of_incident(views.take_incident), name="take_incident"
    ),
    path(
        "incidents/<id:incident_id>/assign/",
        of_incident(views.assign_incident),
        name="assign_incident",
    ),
    path(
        "incidents/<id:incident_id>/change/",
        of_incident(views.change_incident),
        name="change_incident",
    ),
    path(
        "incidents/<id:incident_id>/resolve/",
        of_incident(views.resolve_incident),
        name="resolve_incident",
    ),
    path(
        "incidents/<id:incident_id>/link/",
        of_incident(views.link_transactions),
        name="link_transactions",
    ),
    path(
        "incidents/<id:incident_id>/note/", of_incident(views.note_incident), name="note_incident"
    ),
    path(
        "incidents/<id:incident_id>/unlink/<reference:reference>/",
        of_incident(views.unlink_transaction),
        name="unlink_transaction",
    ),
    # Integrity
    path("integrity/", views.integrity, name="integrity"),
    path("integrity/run/", of_integrity(views.run_checks), name="run_checks"),
    path("integrity/<slug:name>/", views.check, name="check"),
    # Audit
    path("audit/", views.audit, name="audit"),
]
