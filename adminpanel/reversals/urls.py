"""Reversals that staff propose and decide."""

from django.urls import path

from adminpanel.access import action_on
from adminpanel.reversals import bulk, views

on_reversal = action_on("reversal", "proposal_id")

urlpatterns = [
    path("", views.reversals, name="reversals"),
    path("approve/", bulk.reverse_several, name="reverse_several"),
    path("<id:proposal_id>/", views.reversal, name="reversal"),
    path("<id:proposal_id>/approve/", on_reversal(views.approve_reversal), name="approve_reversal"),
    path("<id:proposal_id>/deny/", on_reversal(views.deny_reversal), name="deny_reversal"),
    path(
        "<id:proposal_id>/withdraw/", on_reversal(views.withdraw_reversal), name="withdraw_reversal"
    ),
]
