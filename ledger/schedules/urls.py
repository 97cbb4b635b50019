from django.urls import path

from ledger.schedules import ordering, pages

urlpatterns = [
    path("", pages.schedules, name="schedules"),
    path("new/", ordering.new_schedule, name="new_schedule"),
    path("<id:schedule_id>/", pages.schedule, name="schedule"),
    path("<id:schedule_id>/edit/", ordering.edit_schedule, name="edit_schedule"),
    path("<id:schedule_id>/pause/", pages.pause, name="pause_schedule"),
    path("<id:schedule_id>/resume/", pages.resume, name="resume_schedule"),
    path("<id:schedule_id>/cancel/", pages.cancel, name="cancel_schedule"),
]
