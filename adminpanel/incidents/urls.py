"""Incidents."""

from django.urls import path

from adminpanel.access import action_on
from adminpanel.incidents import several, views

on_incident = action_on("incident", "incident_id")

urlpatterns = [
    path("", views.incidents, name="incidents"),
    path("open/", views.open_incident, name="open_incident"),
    path("assign/", several.assign_several, name="assign_several"),
    path("<id:incident_id>/", views.incident, name="incident"),
    path("<id:incident_id>/take/", on_incident(views.take_incident), name="take_incident"),
    path("<id:incident_id>/assign/", on_incident(views.assign_incident), name="assign_incident"),
    path("<id:incident_id>/change/", on_incident(views.change_incident), name="change_incident"),
    path("<id:incident_id>/resolve/", on_incident(views.resolve_incident), name="resolve_incident"),
    path("<id:incident_id>/link/", on_incident(views.link_transactions), name="link_transactions"),
    path("<id:incident_id>/note/", on_incident(views.note_incident), name="note_incident"),
    path(
        "<id:incident_id>/unlink/<reference:reference>/",
        on_incident(views.unlink_transaction),
        name="unlink_transaction",
    ),
]
