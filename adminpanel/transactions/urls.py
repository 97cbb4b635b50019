"""One transaction, and what staff do with it."""

from django.urls import path

from adminpanel.access import action_on
from adminpanel.transactions import suspense, verdicts, views

on_transaction = action_on("transaction", "reference")

urlpatterns = [
    path("<reference:reference>/", views.transaction, name="transaction"),
    path("<reference:reference>/notes/", on_transaction(views.add_note), name="add_note"),
    path(
        "<reference:reference>/propose/",
        on_transaction(views.propose_reversal),
        name="propose_reversal",
    ),
    path("<reference:reference>/assign/", on_transaction(suspense.assign_item), name="assign_item"),
    path("<reference:reference>/return/", on_transaction(suspense.return_item), name="return_item"),
    path("<reference:reference>/ask/", on_transaction(views.ask_rail), name="ask_rail"),
    path(
        "<reference:reference>/paid/",
        on_transaction(verdicts.deposit_was_paid),
        name="deposit_was_paid",
    ),
    path(
        "<reference:reference>/not-paid/",
        on_transaction(verdicts.deposit_was_not_paid),
        name="deposit_was_not_paid",
    ),
]
