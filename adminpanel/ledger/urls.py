"""The ledger explorer, its totals and saved views."""

from django.urls import path

from adminpanel.access import action_on
from adminpanel.ledger import views

on_ledger = action_on("ledger")

urlpatterns = [
    path("", views.ledger, name="ledger"),
    path("totals/", views.ledger_totals, name="ledger_totals"),
    path("views/", on_ledger(views.save_view), name="save_view"),
    path("views/<id:view_id>/delete/", on_ledger(views.delete_view), name="delete_view"),
    path("views/<id:view_id>/share/", on_ledger(views.share_view), name="share_view"),
    path("layout/", on_ledger(views.keep_layout), name="keep_layout"),
]
