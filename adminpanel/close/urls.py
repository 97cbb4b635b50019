"""Closed days and months."""

from django.urls import path

from adminpanel.access import action_on
from adminpanel.close import views

on_closing = action_on("closing", "closing_id")
on_period = action_on("close_period", "period")

urlpatterns = [
    path("", views.close, name="close"),
    path("signatures/<id:closing_id>/", views.closing, name="closing"),
    path(
        "signatures/<id:closing_id>/approve/", on_closing(views.approve_close), name="approve_close"
    ),
    path("signatures/<id:closing_id>/deny/", on_closing(views.deny_close), name="deny_close"),
    path(
        "signatures/<id:closing_id>/withdraw/",
        on_closing(views.withdraw_close),
        name="withdraw_close",
    ),
    path("<slug:period>/", views.close_period, name="close_period"),
    path("<slug:period>/sign/", on_period(views.sign_close), name="sign_close"),
    path("<slug:period>/reopen/", on_period(views.ask_reopening), name="ask_reopening"),
]
