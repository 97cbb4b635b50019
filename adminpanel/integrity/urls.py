"""The checks of the books."""

from django.urls import path

from adminpanel.access import action_on
from adminpanel.integrity import views

on_checks = action_on("integrity")

urlpatterns = [
    path("", views.integrity, name="integrity"),
    path("run/", on_checks(views.run_checks), name="run_checks"),
    path("<slug:name>/", views.check, name="check"),
]
