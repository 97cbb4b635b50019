"""Members, and what staff do with one."""

from django.urls import path

from adminpanel.access import action_on
from adminpanel.members import several, views

on_member = action_on("member", "user_id")

urlpatterns = [
    path("", views.members, name="members"),
    path("freeze/", several.freeze_several, name="freeze_several"),
    path("<id:user_id>/", views.member, name="member"),
    path("<id:user_id>/reveal/", on_member(views.reveal), name="reveal"),
    path("<id:user_id>/freeze/", on_member(views.freeze), name="freeze"),
    path("<id:user_id>/unfreeze/", on_member(views.unfreeze), name="unfreeze"),
    path("<id:user_id>/keep-frozen/", on_member(views.keep_frozen), name="keep_frozen"),
]
