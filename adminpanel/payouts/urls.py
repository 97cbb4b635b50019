"""Payouts: the list and its switch, and one payout, by the reference of its transaction."""

from django.urls import path

from adminpanel.access import action_on
from adminpanel.payouts import bulk, pausing, views

on_list = action_on("payouts")
on_payout = action_on("payout", "reference")

urlpatterns = [
    path("", views.payouts, name="payouts"),
    path("approve/", bulk.approve_several, name="approve_several"),
    path("pause/", on_list(pausing.pause_payouts), name="pause_payouts"),
    path("pauses/<id:pause_id>/propose/", on_list(pausing.propose_lift), name="propose_lift"),
    path("pauses/<id:pause_id>/lift/", on_list(pausing.lift_pause), name="lift_pause"),
    path("<reference:reference>/", views.payout, name="payout"),
    path("<reference:reference>/approve/", on_payout(views.approve_payout), name="approve_payout"),
    path("<reference:reference>/refuse/", on_payout(views.refuse_payout), name="refuse_payout"),
    path("<reference:reference>/paid/", on_payout(views.payout_was_paid), name="payout_was_paid"),
    path(
        "<reference:reference>/not-paid/",
        on_payout(views.payout_was_not_paid),
        name="payout_was_not_paid",
    ),
]
