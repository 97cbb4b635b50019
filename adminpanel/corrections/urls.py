"""Adjustments, and what else two people correct."""

from django.urls import path

from adminpanel.access import action_on
from adminpanel.corrections import views

on_adjustment = action_on("adjustment", "correction_id")

urlpatterns = [
    path("", views.adjustments, name="adjustments"),
    path("propose/", views.propose_adjustment, name="propose_adjustment"),
    path("<id:correction_id>/", views.adjustment, name="adjustment"),
    path(
        "<id:correction_id>/approve/",
        on_adjustment(views.approve_adjustment),
        name="approve_adjustment",
    ),
    path("<id:correction_id>/deny/", on_adjustment(views.deny_adjustment), name="deny_adjustment"),
    path(
        "<id:correction_id>/withdraw/",
        on_adjustment(views.withdraw_adjustment),
        name="withdraw_adjustment",
    ),
]
