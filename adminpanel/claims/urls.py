"""Claims on later deposits, and ending one."""

from django.urls import path

from adminpanel.access import action_on
from adminpanel.claims import views

on_claim = action_on("claim", "claim_id")
# A decision names the proposal that its reader saw: meanwhile there may be another.
ENDING = "<id:claim_id>/endings/<id:ending_id>"

urlpatterns = [
    path("", views.claims, name="claims"),
    path("<id:claim_id>/", views.claim, name="claim"),
    path("<id:claim_id>/end/", on_claim(views.propose_end_claim), name="propose_end_claim"),
    path(f"{ENDING}/approve/", on_claim(views.approve_end_claim), name="approve_end_claim"),
    path(f"{ENDING}/deny/", on_claim(views.deny_end_claim), name="deny_end_claim"),
    path(f"{ENDING}/withdraw/", on_claim(views.withdraw_end_claim), name="withdraw_end_claim"),
]
