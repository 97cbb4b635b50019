from django.urls import path, register_converter

from adminpanel import views
from wallet.converters import AccountIdConverter

register_converter(AccountIdConverter, "account_id")

app_name = "adminpanel"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("search/", views.search, name="search"),
    # Live activity
    path("activity/", views.activity, name="activity"),
    # The ledger explorer
    path("ledger/", views.ledger, name="ledger"),
    # One transaction, and what staff do with it
    path("transactions/<reference:reference>/", views.transaction, name="transaction"),
    path("reversals/", views.reversals, name="reversals"),
    # Accounts
    path("accounts/", views.accounts, name="accounts"),
    path("accounts/<account_id:account_id>/", views.account, name="account"),
    # Members
    path("members/", views.members, name="members"),
    path("members/<id:user_id>/", views.member, name="member"),
    path("members/<id:user_id>/reveal/", views.reveal, name="reveal"),
    path("members/<id:user_id>/freeze/", views.freeze, name="freeze"),
    path("members/<id:user_id>/unfreeze/", views.unfreeze, name="unfreeze"),
    # Incidents
    path("incidents/", views.incidents, name="incidents"),
    path("incidents/<id:incident_id>/", views.incident, name="incident"),
    # Integrity
    path("integrity/", views.integrity, name="integrity"),
    # Audit
    path("audit/", views.audit, name="audit"),
]
