"""Claims on later deposits, and ending one."""

from django.urls import path

from adminpanel.access import action_on
from adminpanel.claims import views

on_claim = action_on("claim", "claim_id")

urlpatterns = [
    path("", views.claims, name="claims"),
    path("<id:claim_id>/", views.claim, name="claim"),
    path("<id:claim_id>/end/", on_claim(views.propose_end_claim), name="propose_end_claim"),
    path("<id:claim_id>/approve/", on_claim(views.approve_end_claim), name="approve_end_claim"),
    path("<id:claim_id>/deny/", on_claim(views.deny_end_claim), name="deny_end_claim"),
    path("<id:claim_id>/withdraw/", on_claim(views.withdraw_end_claim), name="withdraw_end_claim"),
]
