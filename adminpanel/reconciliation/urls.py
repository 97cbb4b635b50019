"""Statements of rails and banks, and their lines."""

from django.urls import path

from adminpanel.access import action_on
from adminpanel.reconciliation import views, workspace

on_statement = action_on("statement", "statement_id")
on_workspace = action_on("workspace", "statement_id")
on_movement = action_on("movement", "movement_id")

urlpatterns = [
    path("", views.reconciliation, name="reconciliation"),
    path("import/", views.import_statement, name="import_statement"),
    path("<id:statement_id>/", views.statement, name="statement"),
    path("<id:statement_id>/columns/", on_statement(views.set_columns), name="set_columns"),
    path(
        "<id:statement_id>/confirm/",
        on_statement(views.confirm_statement),
        name="confirm_statement",
    ),
    path("<id:statement_id>/drop/", on_statement(views.drop_statement), name="drop_statement"),
    path("<id:statement_id>/lines/", workspace.workspace, name="workspace"),
    path(
        "<id:statement_id>/match/", on_workspace(workspace.match_movements), name="match_movements"
    ),
    path("lines/<id:movement_id>/", workspace.movement, name="movement"),
    path("lines/<id:movement_id>/owner/", on_movement(workspace.own_movement), name="own_movement"),
    path(
        "lines/<id:movement_id>/note/", on_movement(workspace.note_movement), name="note_movement"
    ),
    path("lines/<id:movement_id>/undo/", on_movement(workspace.undo_match), name="undo_match"),
    path("lines/<id:movement_id>/ask/", on_movement(workspace.ask_receipt), name="ask_receipt"),
]
